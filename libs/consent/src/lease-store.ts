import { type QueryExecutorProvider, sql } from 'kysely';
import type { FeedPosition } from './feed.js';

/** Windows closed by one statement, which has to fit into its timeout. */
export const WINDOWS_PER_STATEMENT = 1_000;
/** Of one grant, that are looked at: more than it may have on any number of gateways but for a moment. */
const MAX_OPEN_WINDOWS = 200;

export interface WindowToClose {
  window: number;
  /** 0: no durable event was delivered. */
  lastSeq: number;
  /** The feed row that ended it; absent where the connection just went. */
  endedBy?: number;
}

/**
 * The first position is the head of the feed, taken before the first connection is accepted. `instance` must be new at
 * every attempt: an attempt that was given up and arrives later must not write a position for the one that followed.
 */
export async function registerLease(
  db: QueryExecutorProvider,
  lease: { instance: string; gateway: string; leaseMs: number },
): Promise<FeedPosition> {
  const { rows } = await sql<FeedPosition>`
    with head as (
      select f.number, f.id from consent_feed_counter c join consent_feed f on f.number = c.number
    ), lease as (
      insert into gateway_lease (instance, gateway, lease_ms, position)
      select ${lease.instance}::uuid, ${lease.gateway}::text, ${lease.leaseMs}::integer, number from head
      returning position
    )
    select number, id from head where exists (select from lease)`.execute(db);
  const head = rows[0];
  if (!head) throw new Error('The consent feed has no head.');
  return head;
}

export async function leaseInstances(db: QueryExecutorProvider): Promise<string[]> {
  const { rows } = await sql<{ instance: string }>`select instance from gateway_lease`.execute(db);
  return rows.map((row) => row.instance);
}

/** Of the database at this moment: its time in ms, and the timeline that it writes; a standby that took over has another. */
export interface Extended {
  now: number;
  timeline: string;
  /** The operator who asked that the gateway be drained. */
  drainRequestedBy: string | null;
}

/** What a gateway says of itself with each renewal, for operators to see. */
export interface GatewayState {
  connections: number;
  draining: boolean;
}

/** Undefined when the row is gone. Must have committed before the feed is read. */
export async function extendLease(
  db: QueryExecutorProvider,
  instance: string,
  { connections, draining }: GatewayState,
): Promise<Extended | undefined> {
  const { rows } = await sql<Extended>`
    update gateway_lease set renewals = renewals + 1, renewed_at = clock_timestamp(),
      connections = ${connections}::integer, draining = ${draining}::boolean
    where instance = ${instance}::uuid
    returning drain_requested_by as "drainRequestedBy", (extract(epoch from clock_timestamp()) * 1000)::double precision as now,
      left(pg_walfile_name(pg_current_wal_lsn()), 8) as timeline`.execute(db);
  return rows[0];
}

/**
 * Writes the position, with the windows that ends up to it have closed. False when the lease row is gone or `position`
 * is not in this feed: a write that was meant for a database that was lost must not count in another. Of a partner that
 * is suspended the windows may be tens of thousands: most are closed in statements of their own before the last one,
 * each short enough for its timeout, and one that fails loses nothing of those before it.
 */
export async function acknowledge(
  db: QueryExecutorProvider,
  instance: string,
  position: FeedPosition,
  windows: readonly WindowToClose[],
): Promise<boolean> {
  const last = Math.max(0, windows.length - WINDOWS_PER_STATEMENT);
  for (let start = 0; start < last; start += WINDOWS_PER_STATEMENT) {
    const some = windows.slice(start, Math.min(start + WINDOWS_PER_STATEMENT, last));
    if (!(await closeEnded(db, { instance, position, windows: some, acknowledges: false }))) return false;
  }
  return closeEnded(db, { instance, position, windows: windows.slice(last), acknowledges: true });
}

async function closeEnded(
  db: QueryExecutorProvider,
  of: { instance: string; position: FeedPosition; windows: readonly WindowToClose[]; acknowledges: boolean },
): Promise<boolean> {
  const { instance, position, windows, acknowledges } = of;
  const { rows } = await sql`
    with same_feed as (
      select 1 from consent_feed where number = ${position.number}::bigint and id = ${position.id}::uuid
    ), closed as (
      update access_window w
      set closed_at = ms_up(clock_timestamp()), closed_by = 'end', last_seq = nullif(c.last_seq, 0), ended_by = c.ended_by
      from ${windowRows(windows)}
      where w.id = c.id and w.closed_at is null and exists (select from same_feed)
    )
    update gateway_lease
    set position = case when ${acknowledges}::boolean then greatest(position, ${position.number}::bigint) else position end,
      acknowledged_at = ms_up(clock_timestamp())
    where instance = ${instance}::uuid and exists (select from same_feed)
    returning 1 as acknowledged`.execute(db);
  return rows.length > 0;
}

/** Of an exiting process, whose connections are closed: a window still open had no delivery. */
export async function removeLease(db: QueryExecutorProvider, instance: string): Promise<void> {
  await sql`
    with closed as (
      update access_window set closed_at = ms_up(clock_timestamp()), closed_by = 'connection'
      where instance = ${instance}::uuid and closed_at is null
    )
    delete from gateway_lease where instance = ${instance}::uuid`.execute(db);
}

export interface OpenedWindow {
  id: number;
  /** What it begins after in the person's mailbox; null where the connection cannot read. */
  fromSeq: number | null;
}

/**
 * I8: the window is on the record before the first delivery. Undefined when the grant has ended meanwhile: the update
 * waits for an end under way and then finds it. One that reads begins where the client goes on, or else at the head of
 * the mailbox as this very statement finds it.
 */
export async function openWindow(
  db: QueryExecutorProvider,
  window: {
    grant: string;
    instance: string;
    gateway: string;
    reads: boolean;
    fromSeq: number | undefined;
    /** Undefined leaves what it was called before. */
    clientName: string | undefined;
  },
): Promise<OpenedWindow | undefined> {
  const { rows } = await sql<OpenedWindow>`
    with used as (
      update consent_grant
      set last_connected_at = clock_timestamp(), client_name = coalesce(${window.clientName ?? null}::text, client_name)
      where id = ${window.grant}::uuid and ended_at is null returning id, person
    )
    insert into access_window (grant_id, person, instance, gateway, from_seq)
    select id, person, ${window.instance}::uuid, ${window.gateway}::text,
      case when ${window.reads}::boolean
           then coalesce(${window.fromSeq ?? null}::bigint, (select head from mailbox where owner = used.person), 0) end
    from used
    returning id, from_seq as "fromSeq"`.execute(db);
  return rows[0];
}

/** The client asked to go on from a place that is none: what it is delivered begins after `fromSeq`. */
export async function windowBeginsAnew(db: QueryExecutorProvider, window: number, fromSeq: number): Promise<void> {
  await sql`update access_window set from_seq = ${fromSeq}::bigint
    where id = ${window}::bigint and closed_at is null`.execute(db);
}

/**
 * The open windows of a grant, newest first. Those of other gateways that are drained go anyway: a client opens its
 * next connection before it loses that one, which must not cost the grant a third.
 */
export async function openWindows(
  db: QueryExecutorProvider,
  grant: string,
  own: string,
): Promise<{ id: number; instance: string }[]> {
  const { rows } = await sql<{ id: number; instance: string }>`
    select id, instance from access_window w where grant_id = ${grant}::uuid and closed_at is null
      and not exists (
        select from gateway_lease l where l.instance = w.instance and l.draining and l.instance <> ${own}::uuid
      )
    order by id desc limit ${MAX_OPEN_WINDOWS}::integer`.execute(db);
  return rows;
}

/** Connections that went by themselves; the grant was in use until now. */
export async function closeWindows(db: QueryExecutorProvider, windows: readonly WindowToClose[]): Promise<void> {
  for (let start = 0; start < windows.length; start += WINDOWS_PER_STATEMENT) {
    await sql`
      with closed as (
        update access_window w
        set closed_at = ms_up(clock_timestamp()), closed_by = 'connection', last_seq = nullif(c.last_seq, 0)
        from ${windowRows(windows.slice(start, start + WINDOWS_PER_STATEMENT))}
        where w.id = c.id and w.closed_at is null
        returning grant_id
      ), used as (
        select id from consent_grant where id in (select grant_id from closed) and ended_at is null
        order by id for update
      )
      update consent_grant set last_connected_at = clock_timestamp() where id in (select id from used)`.execute(db);
  }
}

function windowRows(windows: readonly WindowToClose[]) {
  const rows = windows.map(({ window, lastSeq, endedBy }) => ({
    id: window,
    last_seq: lastSeq,
    ended_by: endedBy ?? null,
  }));
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as c(id bigint, last_seq bigint, ended_by bigint)`;
}
