export interface Backoff {
  /** The longest first wait. */
  readonly baseMs: number;
  /** The longest wait of all. */
  readonly maxMs: number;
}

export const BACKOFF: Backoff = { baseMs: 500, maxMs: 30_000 };

/** Of what `going_away` allows, the part in which the first try begins: the bridge spreads its clients already. */
const FIRST_PART = 0.1;

/** Full jitter: anything from 0 to a bound that doubles with every attempt (the first is 0). */
export function fullJitter({ baseMs, maxMs }: Backoff, attempt: number, random = Math.random): number {
  return random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
}

/** At random within the first part of what `going_away` said. */
export function withinDeparture(reconnectWithinMs: number, random = Math.random): number {
  return random() * reconnectWithinMs * FIRST_PART;
}
