import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '@drawbridge/bus';
import { type Database, isConnectionLoss, isDeadlock, isStatementTimeout } from '@drawbridge/database';
import type { EndReason, Scope } from '@drawbridge/protocol';
import { type RawBuilder, sql } from 'kysely';
import { ACKNOWLEDGED_CHANNEL, EMPTY, FEED_CHANNEL } from './channels.js';
import { type Clock, systemClock } from './clock.js';
import { isUuid } from './grants.js';
import {
  finishReceipt,
  type ReadHeads,
  type Receipt,
  type ReceiptOverAll,
  type ReceiptRow,
  receiptOf,
  receiptOverAllOf,
  receiptsByNumber,
  receiptsOfEnds,
  type TakenEffect,
} from './receipts.js';
import { Sweep } from './sweep.js';
import { EndUnconfirmed, LeaseWatch } from './watch.js';

interface Request {
  /** Who asked, for the record: `person`, `app`, an operator's name, `bridge`. */
  by: string;
}

export interface EndRequest extends Request {
  grants: readonly string[];
  reason: EndReason;
  /** Why, in an operator's words. */
  note?: string;
}

export interface NarrowRequest extends Request {
  grant: string;
  /** What is left of it; what it has not got, it does not get. */
  scopes: readonly Scope[];
}

export interface EndPartnerRequest extends Request {
  partner: string;
  status: 'suspended' | 'ended';
  note?: string;
}

export interface EndAppRequest extends Request {
  app: string;
  note?: string;
}

export interface CeilingRequest extends Request {
  scopes: readonly Scope[];
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
  /** Told once of each receipt, by the authority that finished it. */
  onEffective?(effect: TakenEffect): void;
  onProblem?(problem: string, error: unknown): void;
  clock?: Clock;
}

/** Grants ended in one transaction at most: it holds the feed's counter, which everybody's end needs. */
const MAX_ENDS_PER_TRANSACTION = 200;
const MAX_ATTEMPTS = 5;
const REPEAT_AFTER_MS = 100;

/**
 * The authority's side: takes consent away, and says when that has taken effect. Every call waits until it has
 * everywhere: one round trip, or lease + margin where a gateway does not answer. EndUnconfirmed when the database is
 * lost after the commit: the change stands, and the receipt is finished later, by whichever authority is there.
 */
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
   * Ends grants. Gives a receipt for each, in the order asked for; a grant that has ended before gives the receipt of
   * then, and an id that is no grant gives none.
   */
  async end({ grants: asked, reason, by, note }: EndRequest): Promise<Receipt[]> {
    const askedAt = this.clock.monotonic();
    const grants = [...new Set(asked.filter(isUuid).map((id) => id.toLowerCase()))];
    for (let start = 0; start < grants.length; start += MAX_ENDS_PER_TRANSACTION) {
      const batch = grants.slice(start, start + MAX_ENDS_PER_TRANSACTION);
      await this.commit(
        askedAt,
        (waited) => sql`end_grants(${batch}::uuid[], ${reason}::text, ${by}::text, ${waited}, ${note ?? null}::text)`,
      );
    }
    const since = this.clock.monotonic();
    const rows = await receiptsOfEnds(this.o.database.ends(), grants);
    const pending = rows.filter((row) => row.effectiveAt === null).map((row) => row.number);
    await this.finish(pending, since);
    const finished = pending.length === 0 ? rows : await receiptsOfEnds(this.o.database.ends(), grants);
    const receipts = new Map(finished.map((row) => [row.grant, receiptOf(row)]));
    return grants.flatMap((id) => receipts.get(id) ?? []);
  }

  /** Takes scopes of a grant away, for good: more again needs a new consent. Undefined where there was nothing to take. */
  async narrow({ grant, scopes, by }: NarrowRequest): Promise<Receipt | undefined> {
    if (!isUuid(grant)) return undefined;
    const row = await this.take(
      (waited) => sql`narrow_grant(${grant}::uuid, ${[...scopes]}::text[], ${by}::text, ${waited})`,
    );
    return row && receiptOf(row);
  }

  /**
   * Suspends a partner that is approved, or ends one; with all its grants, whatever their number, and for good: resuming
   * the partner revives none. Undefined where there is no such partner, or it is not in that state.
   */
  async endPartner({ partner, status, by, note }: EndPartnerRequest): Promise<ReceiptOverAll | undefined> {
    if (!isUuid(partner)) return undefined;
    return this.takeFromAll(
      (waited) => sql`end_partner(${partner}::uuid, ${status}::text, ${by}::text, ${waited}, ${note ?? null}::text)`,
    );
  }

  /**
   * Ends every grant there is, partner by partner, for good; the partners stay as they are. A receipt for each partner
   * that had some. May be repeated: then it ends what was made since.
   */
  async endAll({ by, note }: Request & { note?: string }): Promise<ReceiptOverAll[]> {
    const askedAt = this.clock.monotonic();
    const { rows: partners } = await sql<{ id: string }>`select id from partner order by id`.execute(
      this.o.database.ends<object>(),
    );
    const all: number[] = [];
    for (const { id } of partners) {
      const call: Call = (waited) => sql`void_partner(${id}::uuid, ${by}::text, ${waited}, ${note ?? null}::text)`;
      all.push(...(await this.commit(askedAt, call)).numbers);
    }
    await this.finish(all, this.clock.monotonic());
    const receipts = await receiptsByNumber(this.o.database.ends(), all);
    return receipts.flatMap((row) => receiptOverAllOf(row) ?? []);
  }

  /** Removes an app, with all its grants. Undefined where there is no such app. */
  endApp({ app, by, note }: EndAppRequest): Promise<ReceiptOverAll | undefined> {
    return this.takeFromAll((waited) => sql`end_app(${app}::text, ${by}::text, ${waited}, ${note ?? null}::text)`);
  }

  /** Sets what grants of the app can ever do. A receipt where that takes something away; what it adds is for new grants. */
  setAppCeiling({ app, scopes, by }: CeilingRequest & { app: string }): Promise<ReceiptOverAll | undefined> {
    return this.takeFromAll(
      (waited) => sql`set_app_ceiling(${app}::text, ${[...scopes]}::text[], ${by}::text, ${waited})`,
    );
  }

  /** The same for all apps of a partner. */
  async setPartnerCeiling(request: CeilingRequest & { partner: string }): Promise<ReceiptOverAll | undefined> {
    const { partner, scopes, by } = request;
    if (!isUuid(partner)) return undefined;
    return this.takeFromAll(
      (waited) => sql`set_partner_ceiling(${partner}::uuid, ${[...scopes]}::text[], ${by}::text, ${waited})`,
    );
  }

  /** Receipts of ends that are finished; to look at, not to wait for. */
  async receipts(grants: readonly string[]): Promise<Receipt[]> {
    const rows = await receiptsOfEnds(this.o.database.tables(), grants.filter(isUuid));
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

  private async takeFromAll(call: Call): Promise<ReceiptOverAll | undefined> {
    const row = await this.take(call);
    return row && receiptOverAllOf(row);
  }

  private async take(call: Call): Promise<ReceiptRow | undefined> {
    const { numbers, repeated } = await this.commit(this.clock.monotonic(), call);
    const [number] = numbers;
    if (number === undefined) {
      // Perhaps the first attempt did it, and its answer was lost.
      if (repeated) throw new EndUnconfirmed();
      return undefined;
    }
    await this.finish([number], this.clock.monotonic());
    const [row] = await receiptsByNumber(this.o.database.ends(), [number]);
    return row;
  }

  /**
   * One statement, which gives the numbers of its rows of the feed. It may be repeated whatever became of it: what was
   * taken before is taken no second time. `askedAt`: when it was asked for, on this process's monotonic clock; the
   * receipt counts from there.
   */
  private async commit(askedAt: number, call: Call): Promise<{ numbers: number[]; repeated: boolean }> {
    const { database, bus } = this.o;
    for (let attempt = 1; ; attempt++) {
      try {
        const waited = sql`${this.clock.monotonic() - askedAt}::double precision`;
        const { rows } = await sql<{ numbers: number[] }>`select to_jsonb(${call(waited)}) as numbers`.execute(
          database.ends<object>(),
        );
        const { numbers } = rows[0]!;
        // One that was repeated may have done it the first time.
        if (attempt > 1 || numbers.length > 0) bus.publish(FEED_CHANNEL, EMPTY);
        return { numbers, repeated: attempt > 1 };
      } catch (error) {
        if (!isPassing(error) || attempt === MAX_ATTEMPTS) throw error;
        this.o.onProblem?.('consent could not be taken away at once, and it is tried again', error);
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
      const effect = await finishReceipt(this.o.database, number, decision, this.o.heads);
      if (effect) this.o.onEffective?.(effect);
    }
  }
}

/** A function that takes consent away, called with how many ms the request has waited. */
type Call = (waited: RawBuilder<unknown>) => RawBuilder<unknown>;

/** Another transaction was in the way, or the connection was lost: it may be tried again. */
function isPassing(error: unknown): boolean {
  return isDeadlock(error) || isStatementTimeout(error) || isConnectionLoss(error);
}
