import type { PassingEvent } from './hints.js';

export const PASSING_HOLD_LIMITS = {
  /** Events for so many people or more are held. */
  crowd: 32,
  tickMs: 20,
  /** Somebody's events are held for so many ticks at most. */
  ticks: 25,
  /** People who are told in one tick, at least. */
  atLeast: 10,
  /** Events that are held for one person; more are dropped, as what is passing may be (I9). */
  maxEach: 128,
} as const;

/**
 * Passing events for many people, such as who types in a group of 250. Each of them told at once would be a write for each of
 * the people: where all of them type it is tens of thousands of writes a second, which everybody else waits for. So they
 * gather for half a second, and each person gets theirs in one write, some people in each tick.
 */
export class PassingHold {
  /** By person, who has waited longest first. */
  private readonly held = new Map<number, PassingEvent[]>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly tell: (person: number, events: readonly PassingEvent[]) => void) {}

  add(event: PassingEvent, isHere: (person: number) => boolean): void {
    for (const person of event.people) {
      const known = this.held.get(person);
      if (known) {
        if (known.length < PASSING_HOLD_LIMITS.maxEach) known.push(event);
      } else if (isHere(person)) this.held.set(person, [event]);
    }
    if (this.held.size > 0) this.timer ??= setInterval(() => this.tick(), PASSING_HOLD_LIMITS.tickMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.held.clear();
  }

  private tick(): void {
    const { atLeast, ticks } = PASSING_HOLD_LIMITS;
    let left = Math.max(atLeast, Math.ceil(this.held.size / ticks));
    for (const [person, events] of this.held) {
      if (left-- === 0) return;
      this.held.delete(person);
      this.tell(person, events);
    }
    if (this.held.size === 0) this.stop();
  }
}
