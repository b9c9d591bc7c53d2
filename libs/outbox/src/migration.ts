import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

const statements = [
  // `wanted`: whether there is somebody to tell. Otherwise nothing is kept for them.
  'create table outbox_setting (single boolean primary key default true check (single), wanted boolean not null)',
  'insert into outbox_setting (wanted) values (false)',
  // The process that tells, so that what has one key is told in its order.
  'create table outbox_leader (single boolean primary key default true check (single), instance uuid not null, until timestamptz not null)',

  // A reference, not words: what is told is what is there when it is told, and a deleted text is in no row of this.
  `create table outbox_event (
     id bigint generated always as identity primary key,
     public_id uuid not null default gen_random_uuid(),
     key text collate "C" not null,
     type text collate "C" not null,
     subject text collate "C" not null,
     at timestamptz not null default clock_timestamp(),
     attempts integer not null default 0,
     first_tried_at timestamptz,
     next_try_at timestamptz,
     last_error text,
     parked_at timestamptz
   )`,
  'create unique index outbox_event_public_id on outbox_event (public_id)',
  'create index outbox_event_waiting on outbox_event (id) where parked_at is null',
  'create index outbox_event_failing on outbox_event (id) where parked_at is null and attempts > 0',
  'create index outbox_event_parked on outbox_event (parked_at, id) where parked_at is not null',

  // For statements that change something and have it told. Ids of one key are in the order of the changes, because
  // whoever changes what has that key holds its lock.
  `create function outbox_wanted() returns boolean stable language sql as 'select wanted from outbox_setting'`,
];

export const outboxMigrations: Record<string, Migration> = {
  // Before the libraries whose statements put events into it.
  '008_outbox': {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
};
