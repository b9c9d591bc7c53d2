import { randomUUID } from 'node:crypto';
import type { Outbox, OutboxEvent } from './outbox.js';

/** Every bound of telling (I9). */
export const DISPATCH_LIMITS = {
  /** Keys that something is told of at once; those whose answer takes longer than `slowMs` do not count, up to so many together. */
  atOnce: 16,
  slowMs: 250,
  slowAtOnce: 64,
  /** Events read at once. */
  window: 500,
  /** Told events that are removed by one statement. */
  removedTogether: 500,
  /** How often it is looked whether there is something, where nobody says so. */
  pollMs: 500,
  /** After a process that was killed another one goes on so much later. */
  leaseMs: 5_000,
  renewMs: 1_000,
  /** Nothing is begun so shortly before the lease is over. */
  reserveMs: 1_000,
  /** The pauses before a key is tried again; the last one from there on. */
  pausesMs: [1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000],
  /** After so many failures in a row, of any key, the receiver is down: one event at a time asks whether it still is. */
  downAfter: 5,
  longestProbePauseMs: 30_000,
  /** An event that could not be told for so long is parked. */
  parkAfterMs: 3 * 86_400_000,
  /** Keys that wait for their next attempt and are passed over; with more the receiver counts as down. */
  failingKeys: 10_000,
  cleanEveryMs: 3_600_000,
} as const;

/** What came of an attempt. */
export type Attempt =
  | { readonly told: true }
  | { readonly told: false; readonly error: string; readonly retryAfterMs?: number };

export interface DispatcherOptions {
  readonly outbox: Outbox;
  /** Tells of one event, in bounded time; never rejects for what the receiver does. */
  tell(event: OutboxEvent): Promise<Attempt>;
  onProblem(problem: string, error: unknown): void;
  onDown?(error: string): void;
  onUp?(): void;
  onParked?(event: OutboxEvent, error: string): void;
  readonly parkAfterMs?: number;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/**
 * Tells of events, one key's in their order, at least once. Of several processes one tells. A key that fails is tried again
 * after a pause and holds up nobody else's; a receiver that is down is asked now and then, and when it is back everything
 * goes on at once.
 *
 * The lease keeps two processes from telling the same twice all the time, and order does not hang on it: whoever tells of an event
 * has had the answer to the one before it of the same key, or has not found it any more because somebody else had. So one
 * that stood still, and still tells while the next one leads already, repeats what was told and overtakes nothing.
 */
export class Dispatcher {
  private readonly instance = randomUUID();
  private running: Promise<void> | undefined;
  private stopped = false;
  private woken = false;
  private wake: (() => void) | undefined;
  private leadsUntilMs = 0;
  private renewAtMs = 0;
  private cleanAtMs = 0;
  private telling = 0;
  /** Of those, how many have waited for an answer for long. */
  private slow = 0;
  private readonly removals: Removals;
  /** Groups of one key each, read and not yet begun. */
  private ready: OutboxEvent[][] = [];
  private readonly active = new Map<string, Promise<void>>();
  /** When each key that failed is due. */
  private readonly dueAtMs = new Map<string, number>();
  private failuresInARow = 0;
  /** Since this process began to tell. */
  private hasAnswered = false;
  private probes = 0;
  private probeAtMs = 0;
  private readonly nowMs: () => number;

  constructor(private readonly o: DispatcherOptions) {
    this.nowMs = o.nowMs ?? (() => performance.now());
    this.removals = new Removals((events) => o.outbox.told(events));
  }

  start(): void {
    this.stopped = false;
    this.running = this.run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.nudge();
    await this.running;
    await Promise.all(this.active.values());
    if (this.leads) await this.o.outbox.resign(this.instance).catch(() => {});
  }

  /** There may be something to tell. */
  nudge(): void {
    this.woken = true;
    this.wake?.();
  }

  get isDown(): boolean {
    return this.failuresInARow >= DISPATCH_LIMITS.downAfter;
  }

  private get leads(): boolean {
    return this.nowMs() < this.leadsUntilMs - DISPATCH_LIMITS.reserveMs;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      let began = false;
      try {
        await this.lead();
        if (this.leads) began = await this.begin();
      } catch (error) {
        this.o.onProblem('The events that wait could not be read', error);
      }
      if (!began) await this.pause();
    }
  }

  private async lead(): Promise<void> {
    const now = this.nowMs();
    if (now < this.renewAtMs) return;
    const led = this.leads;
    const leads = await this.o.outbox.lead(this.instance, DISPATCH_LIMITS.leaseMs);
    this.renewAtMs = now + DISPATCH_LIMITS.renewMs;
    this.leadsUntilMs = leads ? now + DISPATCH_LIMITS.leaseMs : 0;
    if (!leads) this.ready = [];
    // What failed for another process is tried at once.
    if (leads && !led) this.dueAtMs.clear();
    if (!leads || now < this.cleanAtMs) return;
    this.cleanAtMs = now + DISPATCH_LIMITS.cleanEveryMs;
    await this.o.outbox.removeOldParked();
  }

  /** Whether something new was begun. */
  private async begin(): Promise<boolean> {
    if (this.isDown) return this.probe();
    if (!this.hasRoom() || this.active.size >= DISPATCH_LIMITS.window) return false;
    if (this.ready.length === 0)
      this.ready = byKey(await this.o.outbox.waiting(DISPATCH_LIMITS.window, this.passedOver()));
    const next = this.ready.shift();
    if (!next) return false;
    this.tellOf(next);
    return true;
  }

  private hasRoom(): boolean {
    const { atOnce, slowAtOnce } = DISPATCH_LIMITS;
    return this.telling - this.slow < atOnce && this.telling < slowAtOnce;
  }

  /**
   * The oldest event of a key that has not failed yet asks whether the receiver is back, or where all have the oldest there is: one
   * that is refused for what is in it would ask in vain for days, and everybody's would wait for it.
   */
  private async probe(): Promise<boolean> {
    this.ready = [];
    if (this.active.size > 0 || this.nowMs() < this.probeAtMs) return false;
    const { outbox } = this.o;
    const [fresh] = await outbox.waiting(1, [...this.dueAtMs.keys()]);
    const [first] = fresh ? [fresh] : await outbox.waiting(1, []);
    if (!first) this.failuresInARow = 0;
    else {
      this.probes += 1;
      this.tellOf([first]);
    }
    return first !== undefined;
  }

  private passedOver(): string[] {
    const now = this.nowMs();
    for (const [key, dueAtMs] of this.dueAtMs) if (dueAtMs <= now) this.dueAtMs.delete(key);
    return [...this.active.keys(), ...this.dueAtMs.keys()];
  }

  private tellOf(events: OutboxEvent[]): void {
    const { key } = events[0]!;
    const telling = this.inOrder(events)
      .catch((error: unknown) => {
        this.dueAtMs.set(key, this.nowMs() + DISPATCH_LIMITS.pausesMs[0]);
        this.o.onProblem('What was told could not be written down; it is told again', error);
      })
      .finally(() => {
        this.active.delete(key);
        this.nudge();
      });
    this.active.set(key, telling);
  }

  private async inOrder(events: readonly OutboxEvent[]): Promise<void> {
    const removing: Promise<void>[] = [];
    this.telling += 1;
    try {
      for (const event of events) {
        if (this.stopped || !this.leads) break;
        const attempt = await this.attempt(event);
        if (!attempt.told) {
          await this.failed(event, attempt);
          break;
        }
        this.succeeded();
        removing.push(this.removals.remove(event));
      }
    } finally {
      this.telling -= 1;
      this.nudge();
    }
    // Until then they would be read again.
    await Promise.all(removing);
  }

  private async attempt(event: OutboxEvent): Promise<Attempt> {
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.slow += 1;
      this.nudge();
    }, DISPATCH_LIMITS.slowMs);
    try {
      return await this.o.tell(event);
    } finally {
      clearTimeout(timer);
      if (isSlow) this.slow -= 1;
    }
  }

  private succeeded(): void {
    // Those that failed while nobody answered are told at once.
    if (this.isDown) {
      this.dueAtMs.clear();
      this.o.onUp?.();
    }
    this.hasAnswered = true;
    this.failuresInARow = 0;
    this.probes = 0;
  }

  private async failed(
    event: OutboxEvent,
    { error, retryAfterMs = 0 }: Extract<Attempt, { told: false }>,
  ): Promise<void> {
    const { pausesMs, longestProbePauseMs, downAfter, failingKeys } = DISPATCH_LIMITS;
    // One that is refused again and again says nothing of the receiver, if it takes others.
    if (event.attempts === 0 || this.isDown || !this.hasAnswered) this.failuresInARow += 1;
    if (this.dueAtMs.size >= failingKeys) this.failuresInARow = Math.max(this.failuresInARow, downAfter);
    if (this.failuresInARow === downAfter) this.o.onDown?.(error);
    this.probeAtMs = this.nowMs() + Math.min(longestProbePauseMs, 1_000 * 2 ** Math.min(this.probes, 10));
    if (event.triedForMs >= (this.o.parkAfterMs ?? DISPATCH_LIMITS.parkAfterMs)) {
      await this.o.outbox.park(event, error);
      this.o.onParked?.(event, error);
      return;
    }
    const pauseMs = Math.max(
      pausesMs[Math.min(event.attempts, pausesMs.length - 1)]!,
      Math.min(retryAfterMs, pausesMs.at(-1)!),
    );
    // Not all at the same moment.
    const dueInMs = pauseMs * (0.8 + 0.4 * Math.random());
    this.dueAtMs.set(event.key, this.nowMs() + dueInMs);
    await this.o.outbox.failed(event, error, this.isDown ? Math.min(dueInMs, this.probeAtMs - this.nowMs()) : dueInMs);
  }

  private async pause(): Promise<void> {
    if (!this.woken)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, DISPATCH_LIMITS.pollMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.wake = undefined;
    this.woken = false;
  }
}

/** Removes what was told, all that has come together while the last statement was under way. */
class Removals {
  private waiting: { event: OutboxEvent; done: () => void; failed: (error: unknown) => void }[] = [];
  private running = false;

  constructor(private readonly removeAll: (events: OutboxEvent[]) => Promise<void>) {}

  remove(event: OutboxEvent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ event, done: resolve, failed: reject });
    if (!this.running) void this.run();
    return promise;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, DISPATCH_LIMITS.removedTogether);
      try {
        await this.removeAll(batch.map(({ event }) => event));
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.running = false;
  }
}

/** In the order in which the first of each stands. */
function byKey(events: readonly OutboxEvent[]): OutboxEvent[][] {
  const groups = new Map<string, OutboxEvent[]>();
  for (const event of events) {
    const group = groups.get(event.key);
    if (group) group.push(event);
    else groups.set(event.key, [event]);
  }
  return [...groups.values()];
}
