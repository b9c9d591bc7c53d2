import { stateOf, type WireMessage } from '../src/chaos/held.js';
import { CHAOS_HELP, readChaosOptions } from '../src/chaos/options.js';
import { chaosReport } from '../src/chaos/report.js';
import { runChaos } from '../src/chaos/run.js';
import { type Outcome, verify } from '../src/chaos/verify.js';
import { OptionsError } from '../src/command-line.js';

const PATIENT_MS = 400_000;
const SHORT = { messages: 2_000, people: 20, gateways: 3, kills: 3, rate: 300, seed: 1 } as const;

test(
  'Two thousand messages of twenty people are all where they belong, once and in one order, though a gateway, Redis and PostgreSQL are killed (I3, I4, I5, I7)',
  async () => {
    const result = await runChaos(SHORT, () => {});
    const report = chaosReport(result);
    expect(report.split('\n').at(-1)).toBe(
      `PASSED: ${result.acknowledged} acknowledged, 3 kills, nothing lost, nothing doubled, one order everywhere`,
    );
    expect(result.problems).toEqual([]);
    expect(result.kills.map(({ victim }) => victim)).toEqual(['gateway', 'Redis', 'PostgreSQL']);
    expect(result.acknowledged).toBeGreaterThan(SHORT.messages);
    expect(result.delivered).toBeGreaterThan(2 * SHORT.messages);
    expect(result.connections).toBeGreaterThan(result.devices);
  },
  PATIENT_MS,
);

describe('What the clients of a run hold, compared with the store', () => {
  const message = (position: number, text = `text ${position}`): WireMessage => ({
    id: `m${position}`,
    conversation: 'c',
    position,
    from: { id: 'ann' },
    text,
  });
  const entriesOf = (messages: readonly WireMessage[]) =>
    new Map(messages.map((each) => [each.position, { id: each.id, state: stateOf(each) }]));
  const outcome = ({ stored = [1, 2, 3], held = [1, 2, 3].map((n) => message(n)), acknowledged = [1, 2, 3] } = {}) =>
    ({
      conversations: [
        {
          id: 'c',
          members: new Set(['ann', 'ben']),
          stored: stored.map((position) => ({ position, id: `m${position}`, sender: 'ann' })),
          history: stored.map((position) => message(position)),
        },
      ],
      holders: [{ name: 'Ben', person: 'ben', conversations: new Map([['c', entriesOf(held)]]) }],
      acknowledged: acknowledged.map((n) => ({ sender: 'ann', message: message(n), text: `text ${n}` })),
    }) satisfies Outcome;

  test('nothing is found where all is well', () => {
    expect(verify({ ...outcome(), holders: [] })).toEqual([]);
    expect(verify(outcome())).toEqual([]);
  });

  test.each([
    [
      'a message that was acknowledged is not stored',
      { stored: [1, 2], held: [message(1), message(2)] },
      'LOST: "text 3"',
    ],
    ['a message is stored that nobody got an ok for', { acknowledged: [1, 2] }, 'DOUBLED: m3'],
    ['two replies name one message', { acknowledged: [1, 2, 3, 3] }, 'm3 is the reply to both'],
    ['positions have a hole', { stored: [1, 3], held: [message(1), message(3)] }, 'c has 3 stored where 2 should be'],
    ['a client never got a message', { held: [message(1), message(3)] }, 'LOST: Ben never got message 2'],
    ['a client has more than is stored', { held: [1, 2, 3, 4].map((n) => message(n)) }, 'Ben holds 4 messages'],
    [
      'a client missed an edit',
      { held: [message(1), message(2, 'as it was'), message(3)] },
      'Ben has message 2 of c as',
    ],
    [
      'a client has another order',
      { held: [message(1), { ...message(3), position: 2 }, { ...message(2), position: 3 }] },
      'Ben has m3 as message 2 of c, not m2',
    ],
  ])('it is told when %s', (_, wrong, told) => {
    expect(verify(outcome(wrong)).join('\n')).toContain(told);
  });
});

test('An option of the chaos that is unknown or wrong is an error that names it', () => {
  const messageOf = (...args: string[]) => {
    try {
      readChaosOptions(args);
      return undefined;
    } catch (error) {
      return error instanceof OptionsError ? error.message : error;
    }
  };
  expect(messageOf('--poeple', '5')).toContain('--poeple');
  expect(messageOf('--people', '3')).toBe("--people: '3' is no whole number from 4 to 250");
  expect(messageOf('--seed', 'x')).toBe("--seed: 'x' is no whole number from 0 to 4294967295");
  expect(messageOf()).toBeUndefined();
  expect(readChaosOptions(['--help'])).toBeUndefined();
  for (const name of ['--messages', '--people', '--gateways', '--kills', '--rate', '--seed'])
    expect(CHAOS_HELP).toContain(name);
});
