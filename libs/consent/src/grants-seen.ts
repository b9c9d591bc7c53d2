import type { Database } from '@drawbridge/database';
import type { Scope } from '@drawbridge/protocol';
import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import { type Grant, grantOf, isUuid, select } from './grants.js';

export interface GrantsAskedFor {
  /** The host platform's id. */
  person?: string | undefined;
  partner?: string | undefined;
  /** `next` of the page before. */
  after?: string | undefined;
  limit: number;
  /** The operator who looks. */
  by: string;
}

export interface GrantPage {
  grants: Grant[];
  /** Where the next page begins; absent on the last. */
  next?: string;
}

/** How many something concerns that takes consent away from all grants of an app or a partner. */
export interface Concerned {
  grants: number;
  apps: number;
  people: number;
}

const CURSOR = /^(\d{4}-[-0-9:.+ ]{10,40}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** What operators see of people's grants. */
export class GrantsSeen {
  constructor(private readonly database: Database) {}

  /**
   * The grants of a person, of a partner, of both together, or all, newest first; ended ones too. Looking is on the
   * record, for each person looked at, before anything is seen. Undefined for an `after` that no page gave.
   */
  async look({ person, partner, after, limit, by }: GrantsAskedFor): Promise<GrantPage | undefined> {
    const [, at, id] =
      after === undefined ? [] : (CURSOR.exec(Buffer.from(after, 'base64url').toString('latin1')) ?? []);
    if (after !== undefined && id === undefined) return undefined;
    if (partner !== undefined && !isUuid(partner)) return { grants: [] };
    return await this.database
      .tables<object>()
      .transaction()
      .execute(async (tx) => {
        const key = person === undefined ? undefined : await keyOf(tx, person);
        if (person !== undefined && key === undefined) return { grants: [] };
        const conditions = [
          sql`true`,
          ...(key === undefined ? [] : [sql`g.person = ${key}::bigint`]),
          ...(partner === undefined ? [] : [sql`g.partner = ${partner}::uuid`]),
          ...(id === undefined ? [] : [sql`(g.created_at, g.id) < (${at}::timestamptz, ${id}::uuid)`]),
        ];
        const { rows } = await select(sql.join(conditions, sql` and `), limit + 1).execute(tx);
        const grants = rows.slice(0, limit).map(grantOf);
        const seen = new Set([...(key === undefined ? [] : [key]), ...grants.map((grant) => grant.person)]);
        await recordView(tx, [...seen], partner, by);
        const last = grants.at(-1);
        if (rows.length <= limit || last === undefined) return { grants };
        return { grants, next: await cursorAt(tx, last.id) };
      });
  }

  /** The grants of a partner, an app or everybody that stand; with `losing`, those of them that have one of these scopes. */
  async concerned(
    whose: { partner: string } | { app: string } | 'everybody',
    losing?: readonly Scope[],
  ): Promise<Concerned> {
    const those: RawBuilder<unknown> =
      whose === 'everybody'
        ? sql`true`
        : 'app' in whose
          ? sql`g.client_id = ${whose.app}::text`
          : sql`g.partner = ${whose.partner}::uuid`;
    const { rows } = await sql<Concerned>`
      select count(*)::integer as grants, count(distinct g.client_id)::integer as apps,
        count(distinct g.person)::integer as people
      from consent_grant g join app a on a.client_id = g.client_id join partner p on p.id = g.partner
      where ${those} and g.ended_at is null and g.expires_at > clock_timestamp() and a.removed_at is null
        and p.status = 'approved' and p.voided_before <= g.created_feed
        and ${losing === undefined ? sql`true` : sql`g.scopes && ${[...losing]}::text[]`}`.execute(
      this.database.tables(),
    );
    return rows[0]!;
  }
}

async function keyOf(tx: QueryExecutorProvider, id: string): Promise<number | undefined> {
  const { rows } = await sql<{ key: number }>`
    select key from person where id = ${id}::text and erased_at is null`.execute(tx);
  return rows[0]?.key;
}

async function recordView(
  tx: QueryExecutorProvider,
  people: readonly number[],
  partner: string | undefined,
  by: string,
): Promise<void> {
  await sql`
    select ledger_append('grants_viewed', ${by}::text, person, null, null, ${partner ?? null}::uuid, '{}'::jsonb)
    from unnest(${[...people].sort((a, b) => a - b)}::bigint[]) as seen(person)`.execute(tx);
}

/** With microseconds, which a Date has not. */
async function cursorAt(tx: QueryExecutorProvider, grant: string): Promise<string> {
  const { rows } = await sql<{ at: string }>`
    select created_at::text as at from consent_grant where id = ${grant}::uuid`.execute(tx);
  return Buffer.from(`${rows[0]!.at} ${grant}`, 'latin1').toString('base64url');
}
