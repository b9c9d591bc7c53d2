import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

/** Consents that come and go are told to the platform, each in the transaction of what it tells of. */
const statements = [
  `create function grant_told() returns trigger language plpgsql as $$
   begin
     if outbox_wanted() then
       insert into outbox_event (key, type, subject)
       values ('grant ' || new.id, case when tg_op = 'INSERT' then 'grant.created' else 'grant.ended' end, new.id::text);
     end if;
     return null;
   end $$`,
  'create trigger grant_created_told after insert on consent_grant for each row execute function grant_told()',
  `create trigger grant_ended_told after update of ended_at on consent_grant for each row
     when (old.ended_at is null and new.ended_at is not null) execute function grant_told()`,
];

export const platformMigrations: Record<string, Migration> = {
  '080_platform': {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
};
