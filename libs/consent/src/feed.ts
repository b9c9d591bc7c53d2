import type { EndReason, Scope } from '@drawbridge/protocol';
import { type QueryExecutorProvider, sql } from 'kysely';

/** What may be appended: everything that takes consent away. Each names whom it concerns. */
export type FeedEntry =
  | { kind: 'grant_ended'; grant: string; reason: EndReason }
  | { kind: 'grant_narrowed'; grant: string; scopes: readonly Scope[] }
  | { kind: 'app_ended'; clientId: string; reason: EndReason }
  | { kind: 'app_narrowed'; clientId: string; scopes: readonly Scope[] }
  | { kind: 'partner_suspended' | 'partner_ended'; partner: string; reason: EndReason }
  | { kind: 'partner_narrowed'; partner: string; scopes: readonly Scope[] };

export interface FeedRow {
  number: number;
  id: string;
  kind: FeedEntry['kind'] | 'origin';
  grant: string | null;
  clientId: string | null;
  partner: string | null;
  scopes: string[] | null;
  reason: EndReason | null;
}

/** Where somebody stands in the feed. The random id tells a row from another that got the same number after a restore. */
export interface FeedPosition {
  number: number;
  id: string;
}

/** Rows of one read; a renewal reads on until a page is not full. */
const FEED_PAGE = 1_000;

/** The row last applied is gone, or rows are missing behind it: this is not the feed that was followed so far. */
export class FeedRewound extends Error {
  override readonly name = 'FeedRewound';
}

/**
 * Appends entries, and a pending receipt for each that ends something and was asked for by somebody. Must be the last
 * statement of its transaction: from here to the commit it holds the counter row, which makes commit order number order.
 * Gives the numbers in the order of `entries`.
 */
export async function appendToFeed(
  tx: QueryExecutorProvider,
  entries: readonly FeedEntry[],
  receipts?: { by: string; requestedAt: Date },
): Promise<number[]> {
  const rows = entries.map((entry, index) => ({
    ord: index + 1,
    kind: entry.kind,
    grant_id: 'grant' in entry ? entry.grant : null,
    client_id: 'clientId' in entry ? entry.clientId : null,
    partner: 'partner' in entry ? entry.partner : null,
    scopes: 'scopes' in entry ? entry.scopes : null,
    reason: 'reason' in entry ? entry.reason : null,
  }));
  const { rows: appended } = await sql<{ number: number }>`
    with entry as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as e(ord integer, kind text, grant_id uuid, client_id text, partner uuid, scopes text[], reason text)
    ), counter as (
      update consent_feed_counter set number = number + ${rows.length}::integer returning number - ${rows.length}::integer as base
    ), receipt as (
      insert into consent_receipt (number, grant_id, client_id, partner, reason, requested_by, requested_at)
      select c.base + e.ord, e.grant_id, e.client_id, e.partner, e.reason, ${receipts?.by ?? ''}::text,
             ms_up(${receipts?.requestedAt.toISOString() ?? null}::timestamptz)
      from entry e, counter c
      where e.reason is not null and ${receipts !== undefined}::boolean
    ), appended as (
      insert into consent_feed (number, kind, grant_id, client_id, partner, scopes, reason)
      select c.base + e.ord, e.kind, e.grant_id, e.client_id, e.partner, e.scopes, e.reason from entry e, counter c
      returning number
    )
    select number from appended order by number`.execute(tx);
  return appended.map((row) => row.number);
}

/** Everything past `position`, to the head as it was after this was called. FeedRewound when `position` is not in the feed. */
export async function readFeed(db: QueryExecutorProvider, position: FeedPosition): Promise<FeedRow[]> {
  const all: FeedRow[] = [];
  let last = position;
  for (;;) {
    const { rows } = await sql<FeedRow>`
      select number, id, kind, grant_id as "grant", client_id as "clientId", partner, scopes, reason
      from consent_feed where number >= ${last.number}::bigint order by number limit ${FEED_PAGE + 1}::integer`.execute(
      db,
    );
    const [first, ...newer] = rows;
    if (first?.number !== last.number || first.id !== last.id) throw new FeedRewound();
    for (const row of newer) {
      if (row.number !== last.number + 1) throw new FeedRewound();
      last = row;
      all.push(row);
    }
    if (newer.length < FEED_PAGE) return all;
  }
}
