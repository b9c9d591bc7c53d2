export interface RateLimits {
  /** In a minute, and as many at once after a minute of none. */
  readonly perMinute: number;
  /** Remembered at most; whoever was not seen for longest is forgotten first. */
  readonly remembered: number;
}

const MINUTE_MS = 60_000;

/** So many a minute for each key, counted in this process alone (I9). */
export class Rates {
  private readonly spent = new Map<string, { used: number; atMs: number }>();

  constructor(
    private readonly limits: RateLimits,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Counts one. Not 0: it was one too many, and there is room again after so many milliseconds. */
  take(key: string): number {
    const { perMinute, remembered } = this.limits;
    const now = this.nowMs();
    const before = this.spent.get(key) ?? { used: 0, atMs: now };
    const msEach = MINUTE_MS / perMinute;
    const used = Math.max(0, before.used - (now - before.atMs) / msEach);
    // Put back at the end: the first is the one not seen for longest.
    this.spent.delete(key);
    const over = used + 1 > perMinute;
    this.spent.set(key, { used: over ? used : used + 1, atMs: now });
    if (this.spent.size > remembered) this.spent.delete(this.spent.keys().next().value!);
    return over ? Math.ceil((used + 1 - perMinute) * msEach) : 0;
  }
}
