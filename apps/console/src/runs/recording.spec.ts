import { parseRecording, RECORDING_LIMITS } from './recording.js';

const person = { id: 'alice', name: 'Alice' };
const whole = {
  format: 'drawbridge-recording',
  version: 1,
  name: 'A run',
  people: { left: person, right: person },
  conversations: [{ symbol: 'conversation1', kind: 'direct', members: [{ $: 'left' }] }],
  steps: [{ kind: 'send', side: 'left', number: 1, command: 'ping', data: {} }],
};
const with_ = (more: object) => JSON.stringify({ ...whole, ...more });

describe('A file that is loaded as a run', () => {
  test('is one, or it is said what is wrong with it', () => {
    expect(parseRecording(JSON.stringify(whole))).toEqual(whole);
    const wrong: readonly [string, string][] = [
      ['x', 'not JSON'],
      ['null', 'not a recording'],
      [with_({ version: 2 }), 'version 2'],
      [with_({ people: { left: person } }), 'Parts of it'],
      [with_({ people: { left: person, right: { id: 'bob', name: {} } } }), 'Parts of it'],
      [with_({ conversations: [null] }), 'Parts of it'],
      [with_({ conversations: [{ symbol: 'x', members: [], title: { $: 'x' } }] }), 'Parts of it'],
      [with_({ conversations: [{ symbol: 'x;alert(1)', members: [] }] }), '“x;alert(1)” cannot be the name'],
      [with_({ conversations: [{ symbol: 'class', members: [] }] }), '“class” cannot be the name'],
      [with_({ steps: [{ ...whole.steps[0], data: { a: [{ $: '' }] } }] }), '“” cannot be the name'],
      [with_({ steps: [{ kind: 'constructor', side: 'left' }] }), 'Parts of it'],
      [with_({ steps: [{ kind: 'open', side: '__proto__', resume: true }] }), 'Parts of it'],
    ];
    for (const [text, says] of wrong) expect(() => parseRecording(text)).toThrow(says);
  });

  test('is bounded, and no deeper than a page can walk', () => {
    const step = { kind: 'drop', side: 'left', why: 'away' };
    const many = Array.from({ length: RECORDING_LIMITS.steps + 1 }, () => step);
    expect(() => parseRecording(with_({ steps: many }))).toThrow('more than 2000 steps');
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(() => parseRecording(JSON.stringify(whole).replace('"data":{}', `"data":${deep}`))).toThrow('nested');
    expect(() => parseRecording(`"${' '.repeat(RECORDING_LIMITS.bytes)}"`)).toThrow('larger');
  });
});
