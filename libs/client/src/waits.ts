/** A timer with more than this would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A wait as somebody else says it, the bridge or the app: within bounds, and the least where it is no number. */
export function boundedMs(said: unknown, leastMs = 0, mostMs = MAX_TIMER_MS): number {
  const ms = Number(said);
  return ms > leastMs ? Math.min(ms, mostMs) : leastMs;
}
