import { INPUTS, type Input, STATES, type StateName, TRANSITIONS } from '../src/state.js';

/** Every cell: what is left out is told nothing and does nothing. */
const cells = STATES.flatMap((state) => INPUTS.map((input) => ({ state, input, step: TRANSITIONS[state][input] })));
const isNothing = ({ state, step }: (typeof cells)[number]) => step[0] === state && step[1] === undefined;

describe('The table of states', () => {
  test('is complete: each state knows each input, and leads to a state', () => {
    expect(Object.keys(TRANSITIONS)).toEqual([...STATES]);
    for (const state of STATES) expect(Object.keys(TRANSITIONS[state])).toEqual([...INPUTS]);
    for (const { step } of cells) expect(STATES).toContain(step[0]);
  });

  test.each(cells.filter((cell) => !isNothing(cell)))('$state, $input → $step', ({ state, input, step }) => {
    const [next, action] = step;
    // What the names promise of each step.
    if (input === 'lost') expect([next, action]).toEqual(['reconnecting', 'wait']);
    if (input === 'stopped' || input === 'close') expect(next).toBe('ended');
    if (input === 'no-token') expect(step).toEqual(['signed-out', 'hang-up']);
    if (input === 'rejected' || input === 'retry') expect(action).toBe('dial');
    if (input === 'leaving') expect(step).toEqual([state, 'replace']);
    if (action === 'hang-up') expect(['ended', 'signed-out']).toContain(next);
    if (action === 'wait') expect(next).toBe('reconnecting');
    if (next === 'live') expect(['opened-bare', 'caught-up', 'leaving']).toContain(input);
  });

  test('leaves `ended` and `signed-out` only when the app says so: nothing reconnects by itself after a 44xx', () => {
    for (const state of ['ended', 'signed-out'] as const)
      expect(
        INPUTS.filter((input) => TRANSITIONS[state][input][0] !== state && TRANSITIONS[state][input][0] !== 'ended'),
      ).toEqual(['open']);
    expect(INPUTS.filter((input) => TRANSITIONS.ended[input][1] !== undefined)).toEqual(['open']);
  });

  test('hangs up on every way out, and dials on every way in', () => {
    for (const { state, step } of cells) {
      const [next, action] = step;
      const isOut = (name: StateName) => name === 'ended' || name === 'signed-out';
      if (!isOut(state) && isOut(next)) expect(action).toBe('hang-up');
      if (isOut(state) && !isOut(next)) expect(action).toBe('dial');
    }
  });

  test('reaches every state from the first, and from each of them the end', () => {
    const reach = (from: StateName, inputs: readonly Input[] = INPUTS): Set<StateName> => {
      const found = new Set<StateName>([from]);
      for (const state of found) for (const input of inputs) found.add(TRANSITIONS[state][input][0]);
      return found;
    };
    expect(reach('signed-out')).toEqual(new Set(STATES));
    for (const state of STATES) expect(TRANSITIONS[state].close[0]).toBe('ended');
  });
});
