import type { StateName } from '@drawbridge/client';
import { INPUTS, type Input, STATES, TRANSITIONS } from '@drawbridge/client/states';

/** In the units of the drawing. */
export const MAP = { width: 340, height: 186 } as const;
export const BOX = { width: 92, height: 30 } as const;
/** How far the arcs go out that pass over or under the box between their ends. */
const ARC = 44;

/** The middle of each state's box: what goes well above, what goes wrong below, the app's own choices on the left. */
export const PLACES: Readonly<Record<StateName, { readonly x: number; readonly y: number }>> = {
  'signed-out': { x: 50, y: 43 },
  opening: { x: 170, y: 43 },
  'catching-up': { x: 290, y: 43 },
  ended: { x: 50, y: 143 },
  reconnecting: { x: 170, y: 143 },
  live: { x: 290, y: 143 },
};

/** A step between two states, with every input of the SDK's table that makes it. */
export interface Edge {
  readonly from: StateName;
  readonly to: StateName;
  readonly inputs: readonly Input[];
}

/** Every step that leads somewhere else: what the arrows are. */
export const EDGES: readonly Edge[] = STATES.flatMap((from) =>
  STATES.filter((to) => to !== from).flatMap((to) => {
    const inputs = INPUTS.filter((input) => TRANSITIONS[from][input][0] === to);
    return inputs.length === 0 ? [] : [{ from, to, inputs }];
  }),
);

/** Half of what lies between two arrows that go to and fro. */
const APART = 4;

/** An SVG path from the border of one box to that of the other; where another one comes back, beside it. */
export function pathOf({ from, to }: Pick<Edge, 'from' | 'to'>): string {
  const a = PLACES[from];
  const b = PLACES[to];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  if (dy === 0 && Math.abs(dx) > BOX.width * 2) {
    // On the outer side, leaning a little towards where it goes.
    const side = a.y < MAP.height / 2 ? -1 : 1;
    const lean = Math.sign(dx) * (BOX.width / 4);
    const y = a.y + (side * BOX.height) / 2;
    return `M${a.x + lean} ${y} Q${(a.x + b.x) / 2} ${y + side * ARC} ${b.x - lean} ${y}`;
  }
  const comesBack = EDGES.some((edge) => edge.from === to && edge.to === from);
  const length = Math.hypot(dx, dy);
  const [sx, sy] = comesBack ? [(-dy / length) * APART, (dx / length) * APART] : [0, 0];
  const start = borderFrom(a, dx, dy, sx, sy);
  const end = borderFrom(b, -dx, -dy, sx, sy);
  return `M${round(start.x)} ${round(start.y)} L${round(end.x)} ${round(end.y)}`;
}

/** Where a line in this direction, shifted by that much, leaves a box around the point. */
function borderFrom({ x, y }: { x: number; y: number }, dx: number, dy: number, sx: number, sy: number) {
  const reach = (size: number, shift: number, step: number) =>
    step === 0 ? Number.POSITIVE_INFINITY : (size / 2 - shift * Math.sign(step)) / Math.abs(step);
  const part = Math.min(reach(BOX.width, sx, dx), reach(BOX.height, sy, dy));
  return { x: x + sx + dx * part, y: y + sy + dy * part };
}

const round = (value: number) => Math.round(value * 10) / 10;

/** What each state means to a person, as docs/sdk/states.md has it. */
export const STATE_MEANS: Readonly<Record<StateName, string>> = {
  'signed-out': 'nobody is signed in',
  opening: 'connecting for the first time',
  'catching-up': 'connected; what was missed is on its way',
  live: 'connected',
  reconnecting: 'not connected; it goes on by itself, and what is sent is queued',
  ended: 'over; nothing goes on by itself',
};
