/** How fast a bucket fills, and how much it holds. */
export interface Rate {
  /** Between one token and the next. */
  readonly msEach: number;
  /** In which an empty bucket is full again. */
  readonly burstMs: number;
}

/** How far ahead refused callers are given times of their own, one after the other; what comes on top is told the last one. */
const MAX_AHEAD_MS = 10_000;
/** Clients' timers, and Node's, ring so much early. */
const EARLY_MS = 1;

/** `burstS`: as many at once as come in so many seconds, and one at least. */
export function rateOf(perSecond: number, burstS: number): Rate {
  const msEach = 1_000 / perSecond;
  return { msEach, burstMs: Math.max(msEach, burstS * 1_000) };
}

/**
 * A token bucket in two numbers: a bucket is known by when it will be full. Synchronous, and nothing is allocated, because
 * one is asked for each frame. Times are of performance.now().
 */
export class Bucket {
  private fullAtMs = Number.NEGATIVE_INFINITY;
  /** The latest time that a refused caller was told to come back at. */
  private toldMs = Number.NEGATIVE_INFINITY;

  /** 0 where so many tokens are there; otherwise in how many milliseconds. Takes none. */
  waitMs({ msEach, burstMs }: Rate, nowMs: number, tokens = 1): number {
    const waitMs = this.fullAtMs + tokens * msEach - burstMs - nowMs;
    return waitMs > EARLY_MS ? waitMs : 0;
  }

  take({ msEach }: Rate, nowMs: number, tokens = 1): void {
    this.fullAtMs = Math.max(this.fullAtMs, nowMs) + tokens * msEach;
  }

  /**
   * For a caller who was refused after `waitMs`: when to come back, in whole milliseconds. Of many who were refused, each is given
   * the time of a token of their own; given the same one, all but one of them would be refused again.
   */
  refuse({ msEach }: Rate, nowMs: number, waitMs: number): number {
    const soonest = nowMs + waitMs;
    this.toldMs = Math.min(Math.max(this.toldMs + msEach, soonest), soonest + MAX_AHEAD_MS);
    return Math.ceil(this.toldMs - nowMs);
  }

  isFull(nowMs: number): boolean {
    return this.fullAtMs <= nowMs;
  }

  /** Somebody else knows that it will not be full before; never makes it fuller. */
  notFullFor(ms: number, nowMs: number): void {
    this.fullAtMs = Math.max(this.fullAtMs, nowMs + ms);
  }
}
