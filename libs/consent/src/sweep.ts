import type { Database } from '@drawbridge/database';
import { RECORD_DAYS, removeOldPages } from '@drawbridge/ledger';
import { type Kysely, sql } from 'kysely';
import { closeExpired, pendingReceipts, RECEIPT_DAYS, type ReadHeads, withBounds } from './receipts.js';
import type { LeaseWatch } from './watch.js';

export interface SweepOptions {
  database: Database;
  watch: LeaseWatch;
  idleDays: number;
  everyMs: number;
  end(grants: string[]): Promise<unknown>;
  finish(number: number): Promise<void>;
  heads?: ReadHeads;
  onProblem(problem: string, error: unknown): void;
}

/** Grants are looked through less often than leases. */
const GRANTS_EVERY_MS = 60_000;
const GRANTS_PER_ROUND = 200;
const RECEIPTS_PER_ROUND = 200;
const WINDOWS_PER_ROUND = 500;
const VOIDED_PER_ROUND = 1_000;
const OLD_WINDOWS_PER_STATEMENT = 2_000;
/** Of what is too old to be kept, in one round. */
const REMOVALS_PER_ROUND = 20;

/** What nobody asks for but time: runs in every authority, and any number of them may do the same at once. */
export class Sweep {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;
  private grantsAt = Number.NEGATIVE_INFINITY;
  private readonly finishing = new Set<number>();

  constructor(private readonly o: SweepOptions) {}

  start(): void {
    this.stopped = false;
    this.round();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private round(): void {
    this.running = this.once().then(() => {
      this.running = undefined;
      if (!this.stopped) this.timer = setTimeout(() => this.round(), this.o.everyMs);
    });
  }

  private async once(): Promise<void> {
    await this.trying('dead leases', () => this.removeDead());
    await this.trying('windows of dead gateways', () => this.closeOrphans());
    await this.trying('unfinished receipts', () => this.finishReceipts());
    const now = performance.now();
    if (now - this.grantsAt < GRANTS_EVERY_MS) return;
    this.grantsAt = now;
    await this.trying('expired grants', () => this.endExpired());
    await this.trying('grants that ended with their partner', () => this.settleVoided());
    await this.trying('old receipts', () => this.removeOldReceipts());
    await this.trying('old pages', () => this.removing(() => removeOldPages(this.db)));
    await this.trying('old access windows', () => this.removing(() => this.removeOldWindows()));
  }

  private async trying(what: string, work: () => Promise<void>): Promise<void> {
    try {
      if (!this.stopped) await work();
    } catch (error) {
      this.o.onProblem(`the sweep of ${what} failed`, error);
    }
  }

  /** While there is more, but so often at most: the next round goes on. */
  private async removing(some: () => Promise<boolean>): Promise<void> {
    for (let done = 0; done < REMOVALS_PER_ROUND && !this.stopped; done++) if (!(await some())) return;
  }

  /** Whether there may be more. */
  private async removeOldWindows(): Promise<boolean> {
    const { rows } = await sql<{ removed: number }>`
      with removed as (
        delete from access_window where id in (
          select id from access_window
          where closed_at < clock_timestamp() - ${RECORD_DAYS}::integer * interval '1 day'
          order by closed_at limit ${OLD_WINDOWS_PER_STATEMENT}::integer)
        returning 1
      )
      select count(*) as removed from removed`.execute(this.db);
    return rows[0]?.removed === OLD_WINDOWS_PER_STATEMENT;
  }

  private async removeOldReceipts(): Promise<void> {
    await sql`
      delete from consent_receipt where number in (
        select number from consent_receipt
        where effective_at < clock_timestamp() - ${RECEIPT_DAYS}::integer * interval '1 day'
        order by effective_at limit ${RECEIPTS_PER_ROUND}::integer)`.execute(this.db);
  }

  /** Only as it was observed: a renewal that came meanwhile keeps the row. Its process, should it live, drops everything. */
  private async removeDead(): Promise<void> {
    for (const row of await this.o.watch.observeDead()) {
      await sql`delete from gateway_lease
        where instance = ${row.instance}::uuid and renewals = ${row.renewals}::bigint`.execute(this.db);
    }
  }

  /** A window without a lease behind it delivers nothing more: what its mailbox holds now is the upper bound. */
  private async closeOrphans(): Promise<void> {
    const { rows } = await sql<{ id: number; person: number }>`
      select w.id, w.person from access_window w
      where w.closed_at is null and not exists (select from gateway_lease l where l.instance = w.instance)
      order by w.id limit ${WINDOWS_PER_ROUND}::integer`.execute(this.db);
    await closeExpired(this.db, null, await withBounds(rows, this.o.heads));
  }

  /** In the background: one may take lease + margin, and the dead rows that it waits for are removed meanwhile. */
  private async finishReceipts(): Promise<void> {
    for (const number of await pendingReceipts(this.db, RECEIPTS_PER_ROUND)) {
      if (this.finishing.has(number)) continue;
      this.finishing.add(number);
      this.o
        .finish(number)
        .catch((error: unknown) => this.stopped || this.o.onProblem('a receipt could not be finished', error))
        .finally(() => this.finishing.delete(number));
    }
  }

  private async endExpired(): Promise<void> {
    const { rows } = await sql<{ id: string }>`
      select g.id from consent_grant g
      where g.ended_at is null and (
        g.expires_at <= clock_timestamp()
        or coalesce(g.last_connected_at, g.created_at) <= clock_timestamp() - ${this.o.idleDays}::double precision * interval '1 day'
           and not exists (select from access_window w where w.grant_id = g.id and w.closed_at is null))
      order by g.id limit ${GRANTS_PER_ROUND}::integer`.execute(this.db);
    if (rows.length === 0) return;
    await this.o.end(rows.map((row) => row.id));
    if (rows.length === GRANTS_PER_ROUND) this.grantsAt = Number.NEGATIVE_INFINITY;
  }

  private async settleVoided(): Promise<void> {
    const { rows } = await sql<{ settled: number }>`
      select settle_some_voided(${VOIDED_PER_ROUND}::integer) as settled`.execute(this.db);
    if (rows[0]?.settled === VOIDED_PER_ROUND) this.grantsAt = Number.NEGATIVE_INFINITY;
  }

  private get db(): Kysely<object> {
    return this.o.database.tables<object>();
  }
}
