/** The two clocks of a machine, in milliseconds. */
export interface Clock {
  /** Only grows; stands still while the machine is suspended. */
  monotonic(): number;
  /** May be set; goes on while the machine is suspended. */
  wall(): number;
}

export const systemClock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/**
 * How far the wall clock may run apart from the monotonic one between two renewals. More means that the machine was
 * suspended, or its clock was set: nothing is proven until the next renewal.
 */
const WALL_TOLERANCE_MS = 250;

/** Until when consent is proven (I6), by this process's own clock, and what time it is in the database. */
export class LeaseClock {
  private deadline = Number.NEGATIVE_INFINITY;
  private monotonicBase = 0;
  private wallBase = 0;
  private databaseOffset = Number.NaN;

  constructor(private readonly clock: Clock) {}

  get deadlineMs(): number {
    return this.deadline;
  }

  /** Both clocks, read before the first statement of a renewal. */
  reading(): { monotonic: number; wall: number } {
    return { monotonic: this.clock.monotonic(), wall: this.clock.wall() };
  }

  monotonic(): number {
    return this.clock.monotonic();
  }

  /**
   * The database told `nowMs` in a statement sent after `sentAt`. It is carried forward from `sentAt`, so the time here
   * is at most a round trip ahead and never behind: what expires, expires no later than it should.
   */
  databaseTold(sentAt: number, nowMs: number): void {
    this.databaseOffset = nowMs - sentAt;
  }

  renewed(started: { monotonic: number; wall: number }, leaseMs: number): void {
    this.deadline = Math.max(this.deadline, started.monotonic + leaseMs);
    this.monotonicBase = started.monotonic;
    this.wallBase = started.wall;
  }

  /** Nothing is proven until the next renewal. */
  void(): void {
    this.deadline = Number.NEGATIVE_INFINITY;
  }

  databaseNowMs(): number {
    return this.clock.monotonic() + this.databaseOffset;
  }

  /** Whether consent is proven for `ms` from now. Compares numbers only: it runs at every write (I1). */
  lastsFor(ms: number): boolean {
    const now = this.clock.monotonic();
    return now + ms < this.deadline && this.wallAgrees(now);
  }

  /** Proven now, and `expiresAtMs` (database time) not reached. Before the first renewal the comparisons are with NaN: no. */
  allowsUntil(expiresAtMs: number): boolean {
    const now = this.clock.monotonic();
    return now < this.deadline && now + this.databaseOffset < expiresAtMs && this.wallAgrees(now);
  }

  private wallAgrees(now: number): boolean {
    const apart = this.clock.wall() - this.wallBase - (now - this.monotonicBase);
    return apart <= WALL_TOLERANCE_MS && apart >= -WALL_TOLERANCE_MS;
  }
}
