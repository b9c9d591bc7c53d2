import { INPUTS, STATES, TRANSITIONS } from '@drawbridge/client/states';
import { BOX, EDGES, MAP, PLACES, pathOf, STATE_MEANS } from './state-map.js';

describe('The map of the SDK’s states', () => {
  test('has a place and words for each state of the SDK, and for no other', () => {
    expect(Object.keys(PLACES).sort()).toEqual([...STATES].sort());
    expect(Object.keys(STATE_MEANS).sort()).toEqual([...STATES].sort());
  });

  test('draws every step of the SDK’s table that leads to another state, once, and no other', () => {
    const drawn = EDGES.flatMap(({ from, to, inputs }) => inputs.map((input) => `${from} ${input} ${to}`));
    const table = STATES.flatMap((from) =>
      INPUTS.map((input) => ({ input, to: TRANSITIONS[from][input][0] }))
        .filter(({ to }) => to !== from)
        .map(({ input, to }) => `${from} ${input} ${to}`),
    );
    expect(drawn.sort()).toEqual(table.sort());
    expect(new Set(EDGES.map(({ from, to }) => `${from} ${to}`)).size).toBe(EDGES.length);
  });

  test('keeps boxes and arrows within its edges, and no straight arrow runs through a box that it does not belong to', () => {
    for (const { x, y } of Object.values(PLACES)) {
      expect(x - BOX.width / 2).toBeGreaterThanOrEqual(0);
      expect(x + BOX.width / 2).toBeLessThanOrEqual(MAP.width);
      expect(y + BOX.height / 2).toBeLessThanOrEqual(MAP.height);
    }
    for (const edge of EDGES) {
      const path = pathOf(edge);
      const numbers = path.match(/-?[\d.]+/g)!.map(Number);
      // An arc goes half as far as the point that pulls it.
      if (path.includes('Q')) numbers[3] = (numbers[1]! + numbers[3]!) / 2;
      for (const [index, value] of numbers.entries()) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(index % 2 === 0 ? MAP.width : MAP.height);
      }
      if (path.includes('Q')) continue;
      const [x1, y1, x2, y2] = numbers as [number, number, number, number];
      for (const [name, { x, y }] of Object.entries(PLACES)) {
        if (name === edge.from || name === edge.to) continue;
        for (let part = 0; part <= 1; part += 0.02) {
          const isIn =
            Math.abs(x1 + (x2 - x1) * part - x) < BOX.width / 2 && Math.abs(y1 + (y2 - y1) * part - y) < BOX.height / 2;
          expect({ edge: `${edge.from} ${edge.to}`, name, isIn }).toMatchObject({ isIn: false });
        }
      }
    }
  });
});
