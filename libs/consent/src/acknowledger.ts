import type { Kysely } from 'kysely';
import type { LeaseClock } from './clock.js';
import type { FeedPosition } from './feed.js';
import { acknowledge, type WindowToClose } from './lease-store.js';
import type { ConsentSession } from './session.js';

export interface AcknowledgerOptions {
  control(): Kysely<object>;
  clock: LeaseClock;
  /** Lease + margin. */
  boundMs: number;
  /** The position was written: whoever waits for it may look. */
  onAcknowledged(): void;
  /** The lease row is gone or the feed is another: the renewal finds out which. */
  onRefused(): void;
  onProblem(problem: string, error: unknown): void;
}

interface Unsettled {
  number: number;
  session: ConsentSession;
  since: number;
}

/**
 * Step 6 of a renewal: tells the authorities how far the feed is applied. A row is acknowledged once no statement of
 * this process is in flight on a grant that it concerned, so that nothing is stored after `effectiveAt` (I2).
 */
export class Acknowledger {
  private instance = '';
  private rows: FeedPosition[] = [];
  private unsettled: Unsettled[] = [];
  private ended: ConsentSession[] = [];
  private running = false;
  private again = false;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly o: AcknowledgerOptions) {}

  /** Registered: positions are written to this row from now on. */
  restart(instance: string): void {
    this.instance = instance;
  }

  /** The lease row is lost, so there is nothing to acknowledge. Gives the windows that would have been closed with it. */
  abandon(): WindowToClose[] {
    this.instance = '';
    this.rows = [];
    this.unsettled = [];
    this.tellIdle();
    return this.ended.splice(0).map(({ window, lastSeq }) => ({ window: window ?? 0, lastSeq }));
  }

  /** A row has been applied, and has changed `sessions`. */
  applied(row: FeedPosition, sessions: readonly ConsentSession[]): void {
    this.rows.push(row);
    for (const session of sessions) {
      if (session.inFlight > 0) this.unsettled.push({ number: row.number, session, since: this.o.clock.monotonic() });
      if (session.endedBy === row.number && session.window !== undefined) this.ended.push(session);
    }
  }

  /** Acknowledges what can be. Called after each renewal and whenever a session's statements have all been answered. */
  run(): void {
    this.again = true;
    if (!this.running) void this.loop();
  }

  /** Resolves when all that was applied is acknowledged. */
  idle(): Promise<void> {
    if (this.rows.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private async loop(): Promise<void> {
    this.running = true;
    try {
      while (this.again) {
        this.again = false;
        if (this.instance !== '') await this.once();
      }
    } catch (error) {
      // The next renewal tries again; meanwhile the authority's own bound holds.
      this.o.onProblem('the consent position could not be acknowledged', error);
    } finally {
      this.running = false;
    }
  }

  private async once(): Promise<void> {
    const target = this.target();
    if (!target) return;
    const { instance } = this;
    const ended = this.ended.filter((session) => session.endedBy <= target.number);
    const accepted = await acknowledge(this.o.control(), instance, target, ended.map(windowOf));
    if (instance !== this.instance) return;
    if (!accepted) return this.o.onRefused();
    this.rows = this.rows.filter((row) => row.number > target.number);
    this.ended = this.ended.filter((session) => session.endedBy > target.number);
    this.o.onAcknowledged();
    if (this.rows.length === 0) this.tellIdle();
  }

  /**
   * The last row before the first one that still waits for statements. A statement that is not answered is waited for
   * no longer than lease + margin from applying the row: by then the authority has gone by its own clock anyway.
   */
  private target(): FeedPosition | undefined {
    const now = this.o.clock.monotonic();
    this.unsettled = this.unsettled.filter(
      ({ session, since }) => session.inFlight > 0 && now - since < this.o.boundMs,
    );
    const blocked = Math.min(...this.unsettled.map(({ number }) => number));
    return this.rows.findLast((row) => row.number < blocked);
  }

  private tellIdle(): void {
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}

function windowOf(session: ConsentSession): WindowToClose {
  return { window: session.window ?? 0, lastSeq: session.lastSeq, endedBy: session.endedBy };
}
