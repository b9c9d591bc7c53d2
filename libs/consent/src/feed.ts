import type { EndReason } from '@drawbridge/protocol';
import { type QueryExecutorProvider, sql } from 'kysely';

export interface FeedRow {
  number: number;
  id: string;
  /** Everything that takes consent away, of a grant, or of all grants of an app or a partner. */
  kind:
    | 'origin'
    | 'grant_ended'
    | 'grant_narrowed'
    | 'app_ended'
    | 'app_narrowed'
    | 'partner_suspended'
    | 'partner_ended'
    | 'partner_narrowed'
    | 'partner_voided';
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
