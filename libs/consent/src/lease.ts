import { randomUUID } from 'node:crypto';
import type { Bus } from '@drawbridge/bus';
import type { Database } from '@drawbridge/database';
import { Acknowledger } from './acknowledger.js';
import { ACKNOWLEDGED_CHANNEL, EMPTY, FEED_CHANNEL } from './channels.js';
import { type Clock, LeaseClock, systemClock } from './clock.js';
import { ConnectionLimit } from './connection-limit.js';
import { type FeedPosition, FeedRewound, type FeedRow, readFeed } from './feed.js';
import {
  extendLease,
  type GatewayState,
  leaseInstances,
  registerLease,
  removeLease,
  windowBeginsAnew,
} from './lease-store.js';
import { admit, type Refusal, type Registration } from './opening.js';
import { ConsentSession, type OpenRequest } from './session.js';
import { SessionIndex } from './session-index.js';
import { WindowCloser } from './window-closer.js';

export type LostReason = 'lease_row_gone' | 'feed_rewound' | 'database_replaced';

export interface ConsentLeaseOptions {
  database: Database;
  bus: Bus;
  /** A UUID of this process's boot; registering anew draws another. */
  instance: string;
  /** GATEWAY_ID: only a name. */
  gateway: string;
  leaseMs: number;
  marginMs: number;
  /** Drop every connection, at once: none of their sessions allows anything any more. */
  onLost(reason: LostReason): void;
  /** Consent is not proven at present: nothing is allowed until `onRestored`. */
  onLapsed(): void;
  onRestored(): void;
  /** For operators to see. */
  state?(): GatewayState;
  /** An operator asked that this gateway be drained; told at each renewal. */
  onDrainRequested?(by: string): void;
  onProblem?(problem: string, error: unknown): void;
  clock?: Clock;
}

const RENEW_EVERY_MS = 500;

/** The gateway's side of consent: one lease for the process, whatever the number of its sessions. */
export class ConsentLease {
  private readonly clock: LeaseClock;
  private readonly index = new SessionIndex();
  private readonly acknowledger: Acknowledger;
  private readonly closer: WindowCloser;
  private readonly limit: ConnectionLimit;
  private registration: Registration | undefined;
  private nextInstance: string;
  /** Counts renewals begun; one that was given up finds another number here and does nothing more. */
  private renewal = 0;
  private renewing: Promise<void> | undefined;
  private wanted = false;
  private state: 'new' | 'fresh' | 'lapsed' | 'stopped' = 'new';
  private renewTimer: NodeJS.Timeout | undefined;
  private lapseTimer: NodeJS.Timeout | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(private readonly o: ConsentLeaseOptions) {
    this.clock = new LeaseClock(o.clock ?? systemClock);
    this.nextInstance = o.instance;
    const onProblem = (problem: string, error: unknown) => this.o.onProblem?.(problem, error);
    this.closer = new WindowCloser(() => o.database.tables<object>(), onProblem);
    this.limit = new ConnectionLimit({
      database: o.database,
      bus: o.bus,
      index: this.index,
      instance: () => this.instance,
      onProblem,
    });
    this.acknowledger = new Acknowledger({
      control: () => o.database.control<object>(),
      clock: this.clock,
      boundMs: o.leaseMs + o.marginMs,
      onAcknowledged: () => o.bus.publish(ACKNOWLEDGED_CHANNEL, EMPTY),
      onRefused: () => this.poke(),
      onProblem,
    });
  }

  /** Of the lease row held now. */
  get instance(): string {
    return this.registration?.instance ?? this.nextInstance;
  }

  /** On the clock of performance.now(). */
  get deadlineMs(): number {
    return this.clock.deadlineMs;
  }

  isFresh(): boolean {
    return this.clock.lastsFor(0);
  }

  lastsFor(ms: number): boolean {
    return this.clock.lastsFor(ms);
  }

  /** The database's time, carried forward on the monotonic clock; at most a round trip ahead. */
  databaseNowMs(): number {
    return this.clock.databaseNowMs();
  }

  /** The lease rows of every gateway that may be alive. */
  gateways(): Promise<string[]> {
    return leaseInstances(this.o.database.control<object>());
  }

  /** Registered, and consent proven, before it resolves. */
  async start(): Promise<void> {
    this.unsubscribe = await this.o.bus.subscribe(FEED_CHANNEL, () => this.poke());
    await this.limit.start();
    await this.renew(++this.renewal);
    this.scheduleRenewal();
  }

  /** Renews at once, or once more when a renewal is under way: it may have read the feed already. */
  poke(): void {
    if (this.state === 'new' || this.state === 'stopped') return;
    this.wanted = true;
    this.renewing ??= this.renewWhileWanted().finally(() => {
      this.renewing = undefined;
      this.scheduleRenewal();
    });
  }

  /** Resolves when its row says what `state` says now, or when that renewal has failed. */
  async tell(): Promise<void> {
    this.poke();
    await this.renewing;
  }

  /**
   * Opens a session on a grant, with its access window on the record (I8). `unknown` where there is no such grant of
   * this app and person; `unverifiable` where it cannot be told at present.
   */
  async open(request: OpenRequest): Promise<ConsentSession | { refused: Refusal }> {
    if (!this.isFresh() || this.state === 'stopped') return { refused: 'unverifiable' };
    const session = new ConsentSession(request, this.clock, {
      settled: (settled) => this.settled(settled),
      closed: (closed) => this.closed(closed),
      beganAnew: async ({ window }, fromSeq) => {
        if (window !== undefined) await windowBeginsAnew(this.o.database.tables<object>(), window, fromSeq);
      },
    });
    // Indexed first: a feed row that is applied from here on finds the session, or its opening reads again.
    this.index.add(session);
    let refused: Refusal = 'unverifiable';
    try {
      refused = (await this.admit(session, request)) ?? refused;
      if (session.window !== undefined) await this.limit.opened(session);
      if (session.window !== undefined && session.live && session.ended === undefined) return session;
      if (session.live) refused = session.ended ?? refused;
    } catch (error) {
      this.o.onProblem?.('a session could not be opened', error);
    }
    this.index.remove(session);
    void this.closed(session);
    if (session.window !== undefined) void this.closer.close({ window: session.window, lastSeq: 0 });
    return { refused };
  }

  /** Closes what is open, waits for statements in flight and acknowledgements (lease + margin at most), removes its row. */
  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.unsubscribe?.();
    this.limit.stop();
    clearTimeout(this.renewTimer);
    await this.renewing;
    clearTimeout(this.lapseTimer);
    this.renewal++;
    this.clock.void();
    const sessions = this.index.all();
    const closed = Promise.all(sessions.map((session) => this.closed(session)));
    this.acknowledger.run();
    await within(this.o.leaseMs + this.o.marginMs, Promise.all([closed, this.quiet(), this.acknowledger.idle()]));
    if (this.registration) await this.removeRow(this.registration.instance);
    this.registration = undefined;
  }

  private async renewWhileWanted(): Promise<void> {
    while (this.wanted && this.state !== 'stopped') {
      this.wanted = false;
      const renewal = ++this.renewal;
      try {
        const inTime = await within(this.o.leaseMs, this.renew(renewal));
        if (!inTime) throw new Error(`no answer within ${this.o.leaseMs} ms`);
      } catch (error) {
        this.o.onProblem?.('the consent lease could not be renewed', error);
      }
    }
  }

  /** The six steps of a renewal, in the order that the design's model has checked. */
  private async renew(renewal: number): Promise<void> {
    const started = this.clock.reading(); // 1
    if (!this.registration) await this.register(renewal);
    const { registration } = this;
    if (renewal !== this.renewal || !registration) return;
    const sentAt = this.clock.monotonic();
    const extended = await extendLease(this.o.database.control<object>(), registration.instance, this.told()); // 2
    if (renewal !== this.renewal) return;
    if (extended === undefined) return this.lose('lease_row_gone');
    registration.timeline ??= extended.timeline;
    // It may have lost what clients were told of, though no row of the feed: they must ask where they stand (I4).
    if (registration.timeline !== extended.timeline) return this.lose('database_replaced');
    const rows = await this.read(registration.position); // 3, sent after 2 has committed
    if (renewal !== this.renewal) return;
    if (rows === undefined) return this.lose('feed_rewound');
    for (const row of rows) this.apply(row, registration); // 4
    this.clock.databaseTold(sentAt, extended.now);
    this.extendDeadline(started); // 5
    this.acknowledger.run(); // 6
    void this.closer.flush();
    if (extended.drainRequestedBy !== null) this.o.onDrainRequested?.(extended.drainRequestedBy);
  }

  private told(): GatewayState {
    return this.o.state?.() ?? { connections: 0, draining: false };
  }

  private async register(renewal: number): Promise<void> {
    const instance = this.nextInstance;
    this.nextInstance = randomUUID();
    const { gateway, leaseMs } = this.o;
    const position = await registerLease(this.o.database.control<object>(), { instance, gateway, leaseMs });
    if (renewal !== this.renewal) return;
    this.acknowledger.restart(instance);
    this.registration = { instance, position };
  }

  private async read(position: FeedPosition): Promise<FeedRow[] | undefined> {
    try {
      return await readFeed(this.o.database.control<object>(), position);
    } catch (error) {
      if (error instanceof FeedRewound) return undefined;
      throw error;
    }
  }

  /** Synchronous: between the first and the last session that a row ends, no frame is written. */
  private apply(row: FeedRow, registration: { position: FeedPosition }): void {
    const changed = this.index.concernedBy(row).filter((session) => {
      try {
        return session.apply(row);
      } catch (error) {
        this.o.onProblem?.('a listener failed when its session ended', error);
        return true;
      }
    });
    registration.position = row;
    this.acknowledger.applied(row, changed);
  }

  private extendDeadline(started: { monotonic: number; wall: number }): void {
    const wasFresh = this.isFresh();
    this.clock.renewed(started, this.o.leaseMs);
    this.scheduleLapse();
    const before = this.state;
    if (before === 'stopped') return;
    this.state = 'fresh';
    if (before === 'fresh' && !wasFresh) this.o.onLapsed();
    if (before === 'lapsed' || (before === 'fresh' && !wasFresh)) this.o.onRestored();
  }

  private scheduleLapse(): void {
    clearTimeout(this.lapseTimer);
    const left = this.clock.deadlineMs - this.clock.monotonic();
    this.lapseTimer = setTimeout(() => this.checkLapse(), Math.max(0, left) + 1);
  }

  private checkLapse(): void {
    if (this.state !== 'fresh') return;
    if (this.isFresh()) {
      // A timer counts from the turn that set it, and may come a little early.
      this.scheduleLapse();
      return;
    }
    this.state = 'lapsed';
    this.o.onLapsed();
  }

  /** Every session stops here, whatever becomes of the connections; then the process registers as if it had just begun. */
  private lose(reason: LostReason): void {
    const old = this.registration;
    this.registration = undefined;
    this.clock.void();
    for (const window of this.acknowledger.abandon()) void this.closer.close(window);
    for (const session of this.index.all()) void this.closed(session);
    if (this.state === 'fresh') this.state = 'lapsed';
    this.o.onLost(reason);
    if (old && reason !== 'lease_row_gone') {
      // Its position may belong to another feed.
      void this.closer.flush().then(() => this.removeRow(old.instance));
    }
    this.wanted = true;
  }

  private admit(session: ConsentSession, request: OpenRequest): Promise<Refusal | undefined> {
    const db = this.o.database.tables<object>();
    return admit(session, request, { db, gateway: this.o.gateway, registration: () => this.registration });
  }

  private closed(session: ConsentSession): Promise<void> {
    if (!session.live) return Promise.resolve();
    session.live = false;
    if (session.inFlight === 0) this.index.remove(session);
    const { window } = session;
    // Of one that has ended, the acknowledgement closes the window.
    if (window === undefined || session.ended !== undefined) return Promise.resolve();
    session.window = undefined;
    return this.closer.close({ window, lastSeq: session.lastSeq });
  }

  private settled(session: ConsentSession): void {
    if (!session.live) this.index.remove(session);
    this.acknowledger.run();
    if (this.state === 'stopped') this.tellQuiet?.();
  }

  private tellQuiet: (() => void) | undefined;
  /** Resolves when no session has a statement in flight. */
  private quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.tellQuiet = () => {
        if (this.index.all().every((session) => session.inFlight === 0)) resolve();
      };
      this.tellQuiet();
    });
  }

  /** When it fails, an authority removes the row. */
  private async removeRow(instance: string): Promise<void> {
    try {
      await removeLease(this.o.database.control<object>(), instance);
    } catch (error) {
      this.o.onProblem?.('the lease row could not be removed', error);
    }
  }

  private scheduleRenewal(): void {
    if (this.state === 'stopped') return;
    clearTimeout(this.renewTimer);
    this.renewTimer = setTimeout(() => this.poke(), Math.min(RENEW_EVERY_MS, this.o.leaseMs / 6));
  }
}

/** Whether `work` ended within `ms`. Its error is thrown; one that comes later is nobody's. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
