import type { PassingEvent } from './hints.js';
import { PASSING_HOLD_LIMITS, PassingHold } from './passing-hold.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };
const PEOPLE = 250;
const event = (n: number): PassingEvent => ({
  name: 'typing',
  data: Buffer.from(`${n}`),
  people: Array.from({ length: PEOPLE }, (_, person) => person),
});

describe('Passing events for a crowd', () => {
  beforeEach(() => void clock.useFakeTimers());
  afterEach(() => void clock.useRealTimers());

  test('reach each of those who are here once, in order and together, some people in each tick, within half a second (I9)', () => {
    const told: [number, string[]][] = [];
    const hold = new PassingHold((person, events) => told.push([person, events.map(({ data }) => String(data))]));
    for (const n of [1, 2, 3]) hold.add(event(n), (person) => person % 2 === 0);
    expect(told).toEqual([]);
    clock.advanceTimersByTime(PASSING_HOLD_LIMITS.tickMs);
    expect(told.length).toBe(PASSING_HOLD_LIMITS.atLeast);
    clock.advanceTimersByTime(PASSING_HOLD_LIMITS.tickMs * (PASSING_HOLD_LIMITS.ticks - 1));
    expect(told).toEqual(Array.from({ length: PEOPLE / 2 }, (_, n) => [2 * n, ['1', '2', '3']]));
    expect(clock.getTimerCount()).toBe(0);
  });

  test('are dropped beyond a bound for each person, and with the process (I9)', () => {
    const told: number[] = [];
    const hold = new PassingHold((_, events) => told.push(events.length));
    for (let n = 0; n < PASSING_HOLD_LIMITS.maxEach + 10; n++) hold.add({ ...event(n), people: [1] }, () => true);
    clock.advanceTimersByTime(PASSING_HOLD_LIMITS.tickMs);
    expect(told).toEqual([PASSING_HOLD_LIMITS.maxEach]);
    hold.add(event(0), () => true);
    hold.stop();
    expect(clock.getTimerCount()).toBe(0);
  });
});
