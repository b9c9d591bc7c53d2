import { ProtocolFrames } from '@drawbridge/testing';
import { OptionsError } from '../src/command-line.js';
import { Judge } from '../src/hostile/judge.js';
import { HOSTILE_HELP, readHostileOptions } from '../src/hostile/options.js';
import { hostileReport } from '../src/hostile/report.js';
import { runHostile } from '../src/hostile/run.js';

const PATIENT_MS = 600_000;
const FRAMES = 20_000;
/** The row of attacks is the same each time; another seed is another row. */
const SEED = 1;

test(
  `${FRAMES} hostile frames are each answered or closed as the protocol says, and leave the bridge as it was (I9)`,
  async () => {
    const result = await runHostile({ seed: SEED, frames: FRAMES }, () => {});
    expect(result.problems).toEqual([]);
    const frames = [...result.attacks.values()].reduce((sum, count) => sum + count, 0);
    expect(frames).toBeGreaterThanOrEqual(FRAMES);
    expect(hostileReport(result).split('\n').at(-1)).toBe(
      `PASSED: ${frames} frames, each answered or closed as the protocol says`,
    );
    for (const what of ['spoilt data', 'what is none of their business', 'one id twice', 'no mask', 'too many pieces'])
      expect([what, result.attacks.get(what)]).toEqual([what, expect.any(Number)]);
    for (const outcome of ['ok', 'not_found', 'conflict', 'bad_frame', 'close 4400', 'close 1009', 'close 1007'])
      expect([outcome, result.outcomes.get(outcome)]).toEqual([outcome, expect.any(Number)]);
  },
  PATIENT_MS,
);

describe('The judge of the frames', () => {
  const judge = new Judge(new ProtocolFrames());
  const nested = (levels: number) => `{"event":"ping","id":"1","data":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const bad = { kind: 'bad' };
  test.each<[what: string, text: string, verdict: object]>([
    ['no JSON', '{', bad],
    ['no id', '{"event":"ping"}', bad],
    ['16 deep', nested(15), { kind: 'reply', codes: new Set(['invalid_data']) }],
    ['17 deep', nested(16), bad],
    ['an id of 64 emoji', `{"event":"nothing","id":"${'🎧'.repeat(64)}"}`, { codes: new Set(['unknown_event']) }],
    ['an id of 65', `{"event":"nothing","id":"${'x'.repeat(65)}"}`, bad],
    [
      'the last of two events',
      '{"event":"nothing","id":"1","event":"session.open"}',
      { codes: new Set(['already_open']) },
    ],
    ['the name of every object', '{"event":"__proto__","id":"1"}', { codes: new Set(['unknown_event']) }],
    [
      'an unknown key of the frame',
      '{"event":"ping","id":"1","data":{"x":1},"y":1}',
      { codes: new Set(['invalid_data']) },
    ],
    ['65,537 bytes', 'é'.repeat(32_769), { kind: 'close', code: 1009 }],
  ])('knows what comes of %s', (_, text, verdict) => {
    expect(judge.text('open', text)).toMatchObject(verdict);
  });
});

test('An option of the hostile frames that is unknown or wrong is an error that names it', () => {
  const messageOf = (...args: string[]) => {
    try {
      readHostileOptions(args);
      return undefined;
    } catch (error) {
      return error instanceof OptionsError ? error.message : error;
    }
  };
  expect(messageOf('--farmes', '5')).toContain('--farmes');
  expect(messageOf('--frames', '0')).toBe("--frames: '0' is no whole number from 1 to 100000000");
  expect(readHostileOptions(['--help'])).toBeUndefined();
  for (const name of ['--frames', '--seed']) expect(HOSTILE_HELP).toContain(name);
});
