import { type QueryExecutorProvider, sql } from 'kysely';

/** How long access windows, once closed, and pages are kept. Entries of the record are kept for good. */
export const RECORD_DAYS = 366;

const PAGES_PER_STATEMENT = 5_000;

/** Removes some of the pages that are too old; whether there may be more. The oldest are the first by their number. */
export async function removeOldPages(db: QueryExecutorProvider): Promise<boolean> {
  const { rows } = await sql<{ removed: number }>`
    with oldest as (
      select id, at from access_page order by id limit ${PAGES_PER_STATEMENT}::integer
    ), removed as (
      delete from access_page where id in (
        select id from oldest where at < clock_timestamp() - ${RECORD_DAYS}::integer * interval '1 day')
      returning 1
    )
    select count(*) as removed from removed`.execute(db);
  return rows[0]?.removed === PAGES_PER_STATEMENT;
}
