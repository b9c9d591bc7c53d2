import { type QueryExecutorProvider, sql } from 'kysely';
import { isUuid } from './grants.js';
import { type StandingRow, standingColumns, standingTables } from './standing.js';

/** Grant, app, partner and person, and the head of the feed, in one snapshot. */
export type OpeningRow = { feed: number } & (StandingRow | { [column in keyof StandingRow]: null });

export async function readOpening(db: QueryExecutorProvider, grant: string): Promise<OpeningRow> {
  const id = isUuid(grant) ? grant : null;
  const { rows } = await sql<OpeningRow>`
    select c.number as feed, ${standingColumns}
    from consent_feed_counter c left join ${standingTables} on g.id = ${id}::uuid`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('The consent feed has no counter.');
  return row;
}
