import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@drawbridge/bus';
import { type Database, isConnectionLoss, isDeadlock, isStatementTimeout } from '@drawbridge/database';
import type { EndReason } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { ACKNOWLEDGED_CHANNEL, EMPTY, FEED_CHANNEL } from './channels.js';
import { type Clock, systemClock } from './clock.js';
import { isUuid } from './grants.js';
import { type EffectiveEnd, finishReceipt, type ReadHeads, type Receipt, receiptOf, receiptsOf } from './receipts.js';
import { Sweep } from './sweep.js';
import { LeaseWatch } from './watch.js';

export interface EndRequest {
  grants: readonly string[];
  reason: EndReason;
  /** Who asked, for the record: `person`, `app`, an operator's name, `bridge`. */
  by: string;
}

export interface EndingsOptions {
  database: Database;
  bus: Bus;
  leaseMs: number;
  marginMs: number;
  /** A grant that no connection used for so long ends. */
  idleDays: number;
  /** For the upper bound of what a gateway that cannot answer may have delivered. */
  heads?: ReadHeads;
  /** Told once of each end, by the authority that finished its receipt. */
  onEffective?(end: EffectiveEnd): void;
  onProblem?(problem: string, error: unknown): void;
  clock?: Clock;
}

/** Grants ended in one transaction at most: it holds the feed's counter, which everybody's end needs. */
const MAX_ENDS_PER_TRANSACTION = 200;
const MAX_ATTEMPTS = 5;
const REPEAT_AFTER_MS = 100;

/** The authority's side: ends grants, and says when that has taken effect. */
export class Endings {
  private readonly clock: Clock;
  private readonly watch: LeaseWatch;
  private readonly sweep: Sweep;
  private unsubscribe: Promise<() => void> | undefined;

  constructor(private readonly o: EndingsOptions) {
    this.clock = o.clock ?? systemClock;
    const onProblem = (problem: string, error: unknown) => this.o.onProblem?.(problem, error);
    const { database, leaseMs, marginMs } = o;
    this.watch = new LeaseWatch({
      db: () => database.control<object>(),
      clock: this.clock,
      leaseMs,
      marginMs,
      onProblem,
    });
    this.sweep = new Sweep({
      database,
      watch: this.watch,
      idleDays: o.idleDays,
      everyMs: (leaseMs + marginMs) / 2,
      end: (grants) => this.end({ grants, reason: 'expired', by: 'bridge' }),
      finish: (number) => this.finish([number], this.clock.monotonic()),
      ...(o.heads ? { heads: o.heads } : {}),
      onProblem,
    });
  }

  /**
   * Ends grants and waits until that has taken effect everywhere: one round trip, or lease + margin where a gateway
   * does not answer. Gives a receipt for each, in the order asked for; a grant that has ended before gives the receipt
   * of then, and an id that is no grant gives none. EndUnconfirmed when the database is lost after the commit: the end
   * stands, and the receipt is finished later, by whichever authority is there.
   */
  async end(request: EndRequest): Promise<Receipt[]> {
    const askedAt = this.clock.monotonic();
    const grants = [...new Set(request.grants.filter(isUuid).map((id) => id.toLowerCase()))];
    const receipts = new Map<string, Receipt>();
    for (let start = 0; start < grants.length; start += MAX_ENDS_PER_TRANSACTION) {
      const batch = grants.slice(start, start + MAX_ENDS_PER_TRANSACTION);
      await this.commit({ ...request, grants: batch }, askedAt);
    }
    const since = this.clock.monotonic();
    const rows = await receiptsOf(this.o.database.ends(), grants);
    const pending = rows.filter((row) => row.effectiveAt === null).map((row) => row.number);
    await this.finish(pending, since);
    const finished = pending.length === 0 ? rows : await receiptsOf(this.o.database.ends(), grants);
    for (const row of finished) {
      const receipt = receiptOf(row);
      if (receipt) receipts.set(receipt.grant, receipt);
    }
    return grants.flatMap((id) => receipts.get(id) ?? []);
  }

  /** Receipts that are finished; to look at, not to wait for. */
  async receipts(grants: readonly string[]): Promise<Receipt[]> {
    const rows = await receiptsOf(this.o.database.tables(), grants.filter(isUuid));
    return rows.flatMap((row) => receiptOf(row) ?? []);
  }

  /** Idle and expired grants, receipts that another authority left unfinished, lease rows of the dead. */
  startSweep(): void {
    this.sweep.start();
  }

  /** Whoever still waits gets EndUnconfirmed; another authority, or the next start, finishes the receipt. */
  async stop(): Promise<void> {
    const swept = this.sweep.stop();
    this.watch.stop();
    await swept;
    (await this.unsubscribe)?.();
  }

  /**
   * One statement. It may be repeated whatever became of it: what has ended before ends no second time. `askedAt`: when
   * it was asked for, on this process's monotonic clock; the receipt counts from there.
   */
  private async commit({ grants, reason, by }: EndRequest, askedAt: number): Promise<void> {
    const { database, bus } = this.o;
    for (let attempt = 1; ; attempt++) {
      try {
        const waitedMs = this.clock.monotonic() - askedAt;
        const { rows } = await sql<{ ended: number }>`
          select end_grants(${grants}::uuid[], ${reason}::text, ${by}::text, ${waitedMs}::double precision) as ended`.execute(
          database.ends<object>(),
        );
        // One that was repeated may have ended them the first time.
        if (attempt > 1 || rows[0]!.ended > 0) bus.publish(FEED_CHANNEL, EMPTY);
        return;
      } catch (error) {
        if (!isPassing(error) || attempt === MAX_ATTEMPTS) throw error;
        this.o.onProblem?.('a consent could not be ended at once, and it is tried again', error);
        await sleep(attempt * REPEAT_AFTER_MS);
      }
    }
  }

  /** All that were committed before `since` take effect together with the last of them. */
  private async finish(numbers: readonly number[], since: number): Promise<void> {
    if (numbers.length === 0) return;
    this.unsubscribe ??= this.o.bus.subscribe(ACKNOWLEDGED_CHANNEL, () => this.watch.look());
    await this.unsubscribe;
    const decision = await this.watch.wait(Math.max(...numbers), since);
    for (const number of numbers) {
      const end = await finishReceipt(this.o.database, number, decision, this.o.heads);
      if (end) this.o.onEffective?.(end);
    }
  }
}

/** Another transaction was in the way, or the connection was lost: it may be tried again. */
function isPassing(error: unknown): boolean {
  return isDeadlock(error) || isStatementTimeout(error) || isConnectionLoss(error);
}
