import type { Database } from '@drawbridge/database';
import { type EndReason, type Scope, scopeSet, scopesOf } from '@drawbridge/protocol';
import { type QueryExecutorProvider, sql } from 'kysely';
import type { FeedRow } from './feed.js';
import { WINDOWS_PER_STATEMENT } from './lease-store.js';
import type { Decision } from './watch.js';

/** What a receipt is of: a row of the feed that took consent away. */
export type ReceiptKind = Exclude<FeedRow['kind'], 'origin'>;

/** How it went when consent was taken away, to be measured and logged: from the request until it was effective. */
export interface TakenEffect {
  readonly kind: ReceiptKind;
  /** The grant; or the app or partner, where all their grants were concerned at once. */
  readonly of: { readonly grant?: string; readonly app?: string; readonly partner?: string };
  readonly reason: EndReason | 'narrowed';
  readonly by: string;
  readonly connectionsClosed: number;
  readonly gateways: readonly GatewayConfirmation[];
  readonly seconds: number;
  /** `lease_expired` where at least one gateway did not acknowledge and its lease had to be waited for. */
  readonly confirmed: GatewayConfirmation['confirmed'];
}

interface Evidence {
  requestedAt: string;
  effectiveAt: string;
  connectionsClosed: number;
  gateways: GatewayConfirmation[];
  /** What is left, where scopes were taken away and not the whole. */
  scopes?: Scope[];
}

/** When an end or a narrowing took effect, and who confirmed it (protocol, section 6). Times are RFC 3339, in ms, rounded up. */
export interface Receipt extends Evidence {
  grant: string;
}

/** The same over all grants of an app or a partner, and how many of them stood; MAX_COUNTED_GRANTS is so many or more. */
export interface ReceiptOverAll extends Evidence {
  app?: string;
  partner?: string;
  grants: number;
}

export interface GatewayConfirmation {
  id: string;
  confirmed: 'ack' | 'lease_expired';
  at: string;
  /** The last `seq` written on the grant; with `lease_expired` an upper bound. */
  lastSeq?: number;
}

export interface ReceiptRow {
  number: number;
  kind: ReceiptKind;
  grant: string | null;
  app: string | null;
  partner: string | null;
  grants: number | null;
  scopes: string[] | null;
  requestedAt: Date;
  effectiveAt: Date | null;
  connectionsClosed: number | null;
  gateways: GatewayConfirmation[] | null;
}

/** How long a receipt is kept. */
export const RECEIPT_DAYS = 366;

/** The head of each person's mailbox: nothing above it can have been delivered yet. */
export type ReadHeads = (owners: number[]) => Promise<Map<number, { head: number }>>;

const columns = sql`r.number, r.kind, r.client_id as app, r.partner, r.grants, r.scopes, r.requested_at as "requestedAt",
  r.effective_at as "effectiveAt", r.connections_closed as "connectionsClosed", r.gateways`;

/** Of the grants' ends: their own, or that of the app or partner that they ended with. */
export async function receiptsOfEnds(db: QueryExecutorProvider, grants: readonly string[]): Promise<ReceiptRow[]> {
  const { rows } = await sql<ReceiptRow>`
    select ${columns}, g.id as "grant" from consent_grant g
    join consent_receipt r on r.number = g.ended_with or (r.grant_id = g.id and r.kind = 'grant_ended')
    where g.id = any (${grants}::uuid[])`.execute(db);
  return rows;
}

export async function receiptsByNumber(db: QueryExecutorProvider, numbers: readonly number[]): Promise<ReceiptRow[]> {
  const { rows } = await sql<ReceiptRow>`
    select ${columns}, r.grant_id as "grant" from consent_receipt r
    where r.number = any (${numbers}::bigint[]) order by r.number`.execute(db);
  return rows;
}

export async function pendingReceipts(db: QueryExecutorProvider, limit: number): Promise<number[]> {
  const { rows } = await sql<{ number: number }>`
    select number from consent_receipt where effective_at is null order by number limit ${limit}::integer`.execute(db);
  return rows.map((row) => row.number);
}

/** Undefined while it is not finished. */
function evidenceOf(row: ReceiptRow): Evidence | undefined {
  if (row.effectiveAt === null) return undefined;
  return {
    requestedAt: row.requestedAt.toISOString(),
    effectiveAt: row.effectiveAt.toISOString(),
    connectionsClosed: row.connectionsClosed ?? 0,
    gateways: row.gateways ?? [],
    ...(row.scopes ? { scopes: scopesOf(scopeSet(row.scopes)) } : {}),
  };
}

export function receiptOf(row: ReceiptRow): Receipt | undefined {
  const evidence = evidenceOf(row);
  return evidence && row.grant !== null ? { grant: row.grant, ...evidence } : undefined;
}

export function receiptOverAllOf(row: ReceiptRow): ReceiptOverAll | undefined {
  const evidence = evidenceOf(row);
  const { app, partner, grants } = row;
  return evidence && { ...(app ? { app } : {}), ...(partner ? { partner } : {}), grants: grants ?? 0, ...evidence };
}

/**
 * Writes what was decided, once: of several authorities that finish a receipt the first one does, and the others find
 * it done and get undefined. Called after the deciding read, so the time it takes from the database lies after it (I2).
 */
export async function finishReceipt(
  database: Database,
  number: number,
  decision: Decision,
  heads: ReadHeads | undefined,
): Promise<TakenEffect | undefined> {
  const expired = decision.gateways.filter((gateway) => gateway.acknowledgedAt === undefined);
  const bounds = expired.length === 0 ? [] : await upperBounds(database.ends(), number, expired, heads);
  return database
    .ends<object>()
    .transaction()
    .execute(async (tx) => {
      const pending = await lockPending(tx, number);
      if (!pending) return undefined;
      const { requestedAt, effectiveAt, kind, of, reason, by } = pending;
      await closeExpired(tx, number, bounds);
      const { closed, lastSeqs } = await closedBy(tx, number);
      const gateways = decision.gateways.map((gateway): GatewayConfirmation => {
        const lastSeq = lastSeqs.get(gateway.instance);
        return {
          id: gateway.gateway,
          confirmed: gateway.acknowledgedAt ? 'ack' : 'lease_expired',
          at: (gateway.acknowledgedAt ?? effectiveAt).toISOString(),
          // Of several mailboxes no number says anything.
          ...(lastSeq === undefined || of.grant === undefined ? {} : { lastSeq }),
        };
      });
      await sql`update consent_receipt set effective_at = ${effectiveAt.toISOString()}::timestamptz,
          connections_closed = ${closed}::integer, gateways = ${JSON.stringify(gateways)}::jsonb
        where number = ${number}::bigint`.execute(tx);
      const seconds = (effectiveAt.getTime() - requestedAt.getTime()) / 1_000;
      const confirmed = expired.length === 0 ? 'ack' : 'lease_expired';
      return { kind, of, reason, by, seconds, confirmed, connectionsClosed: closed, gateways };
    });
}

interface Pending {
  requestedAt: Date;
  effectiveAt: Date;
  kind: ReceiptKind;
  of: TakenEffect['of'];
  reason: TakenEffect['reason'];
  by: string;
}

async function lockPending(tx: QueryExecutorProvider, number: number): Promise<Pending | undefined> {
  const { rows } = await sql<Pending>`
    select requested_at as "requestedAt", ms_up(clock_timestamp()) as "effectiveAt", kind, reason, requested_by as "by",
      jsonb_strip_nulls(jsonb_build_object('grant', grant_id, 'app', client_id, 'partner', partner)) as "of"
    from consent_receipt
    where number = ${number}::bigint and effective_at is null for update`.execute(tx);
  return rows[0];
}

interface Bound {
  id: number;
  last_seq: number | null;
}

/** The kinds of receipts that end grants, and close their windows; from a narrowing a gateway that was late may go on. */
const ENDS = sql`('grant_ended', 'app_ended', 'partner_suspended', 'partner_ended', 'partner_voided')`;
/** Whose windows a receipt is about: of a grant that was made after it, nothing. */
const CONCERNS = sql`r.kind in ${ENDS} and (r.grant_id = g.id
  or ((r.client_id = g.client_id or r.partner = g.partner) and g.created_feed < r.number))`;

/** The windows that an expired lease leaves open, and the highest seq that can have been delivered in each. */
async function upperBounds(
  db: QueryExecutorProvider,
  number: number,
  expired: Decision['gateways'],
  heads: ReadHeads | undefined,
): Promise<Bound[]> {
  const instances = expired.map((gateway) => gateway.instance);
  const { rows } = await sql<{ id: number; person: number }>`
    select w.id, w.person
    from consent_receipt r
    join consent_grant g on ${CONCERNS}
    join access_window w on w.grant_id = g.id
    where r.number = ${number}::bigint and w.closed_at is null and w.instance = any (${instances}::uuid[])`.execute(db);
  return withBounds(rows, heads);
}

export async function withBounds(
  windows: readonly { id: number; person: number }[],
  heads: ReadHeads | undefined,
): Promise<Bound[]> {
  if (windows.length === 0) return [];
  const known = await heads?.([...new Set(windows.map((window) => window.person))]);
  return windows.map(({ id, person }) => ({ id, last_seq: known?.get(person)?.head ?? null }));
}

/**
 * Closes windows "up to at most", because their gateway could not say. An end under way counts them among its own,
 * whoever closes them.
 */
export async function closeExpired(
  tx: QueryExecutorProvider,
  endedBy: number | null,
  bounds: readonly Bound[],
): Promise<void> {
  for (let start = 0; start < bounds.length; start += WINDOWS_PER_STATEMENT) {
    const some = JSON.stringify(bounds.slice(start, start + WINDOWS_PER_STATEMENT));
    await sql`
      update access_window w
      set closed_at = ms_up(clock_timestamp()), closed_by = 'lease_expired', last_seq = b.last_seq, at_most = true,
          ended_by = coalesce(${endedBy}::bigint, (
            select min(r.number) from consent_receipt r join consent_grant g on g.id = w.grant_id
            where r.effective_at is null and ${CONCERNS}))
      from jsonb_to_recordset(${some}::jsonb) as b(id bigint, last_seq bigint)
      where w.id = b.id and w.closed_at is null`.execute(tx);
  }
}

/**
 * What the end closed, and the last seq of each gateway. A connection of the grant that went while the end was waited
 * for was not closed by it, but what had been written to it counts.
 */
async function closedBy(tx: QueryExecutorProvider, number: number) {
  const { rows } = await sql<{ instance: string; closed: number; lastSeq: number | null }>`
    with receipt as (
      select grant_id, requested_at from consent_receipt where number = ${number}::bigint and kind = 'grant_ended'
    ),
    concerned as (
      select id from access_window where ended_by = ${number}::bigint
      union
      select w.id from receipt r join access_window w on w.grant_id = r.grant_id and w.closed_at >= r.requested_at
    )
    select w.instance, count(*) filter (where w.ended_by = ${number}::bigint) as closed, max(w.last_seq) as "lastSeq"
    from concerned join access_window w using (id) group by w.instance`.execute(tx);
  const lastSeqs = new Map<string, number>();
  for (const row of rows) if (row.lastSeq !== null) lastSeqs.set(row.instance, row.lastSeq);
  return { closed: rows.reduce((sum, row) => sum + row.closed, 0), lastSeqs };
}
