import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

export const adminMigrations: Record<string, Migration> = {
  '061_operators': {
    async up(db) {
      // A name stands on the record, so it is never given to somebody else, also when its token is taken back.
      await sql`
        create table operator (
          name text primary key,
          token_hash bytea not null unique,
          created_at timestamptz not null default clock_timestamp(),
          created_by text not null,
          last_used_at timestamptz,
          removed_at timestamptz
        )`.execute(db);
      // What operators did, among all that people, apps and the bridge itself do.
      await sql`
        create index ledger_entry_by_operator on ledger_entry (actor, id)
        where actor not in ('person', 'bridge') and actor not like 'app%'`.execute(db);
    },
  },
  // The names of operators may begin with app.
  '062_record_by_operator': {
    async up(db) {
      await sql`drop index ledger_entry_by_operator`.execute(db);
      await sql`
        create index ledger_entry_by_operator on ledger_entry (actor, id)
        where actor not in ('person', 'bridge', 'app') and actor not like 'app:%'`.execute(db);
    },
  },
};
