import { cursorOf } from '@drawbridge/database';
import { sql } from 'kysely';
import { positionOf, unknownCursor } from '../api/cursor.js';
import { type Route, route } from '../api/route.js';
import { pageSize } from '../api/shapes.js';
import type { AdminParts } from './admin-parts.js';
import { RecordAsked } from './requests.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Entry {
  id: number;
  at: Date;
  kind: string;
  actor: string;
  grant: string | null;
  app: string | null;
  partner: string | null;
  data: object;
}

/** What was changed, by whom, newest first. Whom a grant belongs to is not told here: looking at that is on the record. */
export function recordRoutes({ database }: AdminParts): Route[] {
  return [
    route('GET', '/record', { query: RecordAsked }, async ({ query }) => {
      const { partner, app, grant, operator, cursor } = query;
      const limit = pageSize(query);
      const before = cursor === undefined ? undefined : positionOf(cursor, 'number')[0];
      if (before !== undefined && !Number.isSafeInteger(before)) throw unknownCursor();
      if ([partner, grant].some((id) => id !== undefined && !UUID.test(id))) return { body: { entries: [] } };
      const conditions = [
        sql`true`,
        ...(before === undefined ? [] : [sql`e.id < ${before}::bigint`]),
        ...(partner === undefined ? [] : [sql`e.partner = ${partner}::uuid`]),
        ...(grant === undefined ? [] : [sql`e.grant_id = ${grant}::uuid`]),
        ...(app === undefined
          ? []
          : [sql`e.client_id = ${app}::text and e.partner = (select partner from app where client_id = ${app}::text)`]),
        ...(operator === undefined
          ? []
          : [
              sql`e.actor = ${operator}::text and e.actor not in ('person', 'bridge', 'app') and e.actor not like 'app:%'`,
            ]),
      ];
      const { rows } = await sql<Entry>`
        select e.id, e.at, e.kind, e.actor, e.grant_id as "grant", e.client_id as app, e.partner, e.data
        from ledger_entry e where ${sql.join(conditions, sql` and `)}
        order by e.id desc limit ${limit + 1}::integer`.execute(database.tables());
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const next = last ? { next: cursorOf([last.id]) } : {};
      return { body: { entries: page.map(({ at, ...rest }) => ({ at: at.toISOString(), ...rest })), ...next } };
    }),
  ];
}
