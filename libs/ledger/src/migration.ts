import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

const statements = [
  // No names and no texts: whom an entry is about is a key, and keys identify nobody once the person is erased.
  // No foreign keys: the record stays when a partner ends or a person is erased.
  `create table ledger_entry (
     id bigint generated always as identity primary key,
     at timestamptz not null default clock_timestamp(),
     kind text not null,
     actor text not null,
     person bigint,
     grant_id uuid,
     client_id text,
     partner uuid,
     data jsonb not null default '{}'
   )`,
  'create index ledger_entry_by_person on ledger_entry (person, id) where person is not null',
  'create index ledger_entry_by_grant on ledger_entry (grant_id, id) where grant_id is not null',
  'create index ledger_entry_by_partner on ledger_entry (partner, id) where partner is not null',

  // For statements that change something and put it on the record at once.
  `create function ledger_append(_kind text, _actor text, _person bigint, _grant uuid, _client_id text, _partner uuid,
                                 _data jsonb) returns bigint language sql as $$
     insert into ledger_entry (kind, actor, person, grant_id, client_id, partner, data)
     values (_kind, _actor, _person, _grant, _client_id, _partner, coalesce(_data, '{}')) returning id
   $$`,
];

/** A reply that showed messages is one row, however many conversations it was of; the three arrays go side by side. */
const accessPages = [
  `create table access_page (
     id bigint generated always as identity primary key,
     at timestamptz not null default clock_timestamp(),
     grant_id uuid not null,
     person bigint not null,
     command text not null,
     conversations uuid[] not null,
     from_positions bigint[] not null,
     to_positions bigint[] not null
   )`,
  'create index access_page_by_person on access_page (person, at, id)',
  // A person's record is read in the order of time.
  'create index ledger_entry_by_person_and_time on ledger_entry (person, at, id) where person is not null',
  'drop index ledger_entry_by_person',
];

/** What concerns everybody is read into each person's record; among all that concerns one person it is rare. */
const ofEverybody = ['create index ledger_entry_of_everybody on ledger_entry (partner, at, id) where person is null'];

const run = (all: readonly string[]): Migration => ({
  async up(db) {
    for (const statement of all) await sql.raw(statement).execute(db);
  },
});

export const ledgerMigrations: Record<string, Migration> = {
  // Before the libraries whose statements append to it.
  '005_ledger': run(statements),
  '006_access_pages': run(accessPages),
  '007_of_everybody': run(ofEverybody),
};
