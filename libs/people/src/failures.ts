import { createHash } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { type Kysely, sql } from 'kysely';
import type { PeopleTables } from './tables.js';

/** For how long a failure is counted. */
export const FAILURES_WINDOW_MS = 15 * 60_000;

/** Who, or what, may fail so often within the window. */
export interface FailureLimit {
  /** Made by `failureSubject`. */
  subject: string;
  limit: number;
}

/** Hashed, because people type passwords into the wrong field, and addresses are nobody's business. */
export function failureSubject(
  kind: 'login' | 'address' | 'browser' | 'device browser' | 'device address',
  value: string,
): string {
  return `${kind}:${createHash('sha256').update(value).digest('base64url')}`;
}

/** Failed attempts, kept in the database: the limits hold whatever number of processes answers (I9). */
export class Failures {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PeopleTables> {
    return this.db.tables<PeopleTables>();
  }

  /**
   * Counts an attempt as a failure before it is looked at, so that many at once are no way around a limit; `takeBack`
   * where it was none. Nothing is counted where one of the limits is reached, and `retryAfterMs` says how long it is.
   */
  count(subjects: readonly FailureLimit[]): Promise<{ attempts: number[] } | { retryAfterMs: number }> {
    return this.tables.transaction().execute(async (tx) => {
      // One at a time per subject, in one order for everybody: the count and the insert are one step.
      for (const { subject } of subjects.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))) {
        await sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`.execute(tx);
      }
      let retryAfterMs = 0;
      for (const { subject, limit } of subjects) {
        // The oldest of the last `limit` failures says when there is room again.
        const oldest = await sql<{ wait: number }>`
          select ceil(extract(epoch from at + ${FAILURES_WINDOW_MS} * interval '1 ms' - clock_timestamp()) * 1000)::int8 as wait
          from sign_in_failure where subject = ${subject} order by at desc offset ${limit - 1} limit 1`.execute(tx);
        retryAfterMs = Math.max(retryAfterMs, Number(oldest.rows[0]?.wait ?? 0));
      }
      if (retryAfterMs > 0) return { retryAfterMs };
      await sql`delete from sign_in_failure where id in (select id from sign_in_failure
        where at < clock_timestamp() - ${FAILURES_WINDOW_MS} * interval '1 ms' limit 100 for update skip locked)`.execute(
        tx,
      );
      const rows = await tx
        .insertInto('sign_in_failure')
        .values(subjects.map(({ subject }) => ({ subject })))
        .returning('id')
        .execute();
      return { attempts: rows.map((row) => row.id) };
    });
  }

  async takeBack(attempts: readonly number[]): Promise<void> {
    await this.tables.deleteFrom('sign_in_failure').where('id', 'in', attempts).execute();
  }
}
