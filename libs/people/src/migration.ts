import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';
import { PRESENCE } from './sql/presence.js';

export const peopleMigrations: Record<string, Migration> = {
  '010_people': {
    async up(db) {
      await sql`
        create table person (
          key bigint generated always as identity primary key,
          id text not null unique check (id ~ '^[A-Za-z0-9._-]{1,64}$'),
          handle text unique,
          name text not null,
          erased_at timestamptz
        )`.execute(db);
      await sql`
        create table login (
          login text primary key,
          person bigint not null unique references person,
          password_hash text not null
        )`.execute(db);
      // Hot in messaging's commit statement: keys only, no foreign keys.
      await sql`create table contact (person bigint not null, contact bigint not null, primary key (person, contact))`.execute(
        db,
      );
      await sql`create table block (person bigint not null, blocked bigint not null, primary key (person, blocked))`.execute(
        db,
      );
      await sql`create table sign_in_failure (id bigint generated always as identity primary key,
        subject text not null, at timestamptz not null default clock_timestamp())`.execute(db);
      await sql`create index sign_in_failure_by_subject on sign_in_failure (subject, at)`.execute(db);
      await sql`create index sign_in_failure_by_time on sign_in_failure (at)`.execute(db);
      await sql`
        create table person_session (
          token_hash text primary key,
          person bigint not null references person,
          created_at timestamptz not null default clock_timestamp(),
          last_seen_at timestamptz not null default clock_timestamp()
        )`.execute(db);
      await sql`create index person_session_by_person on person_session (person)`.execute(db);
    },
  },
  '011_erased_ids': {
    async up(db) {
      await sql`create table erased_id (hash text primary key)`.execute(db);
      // Who has the person in their list, for the one who is erased.
      await sql`create index contact_by_contact on contact (contact)`.execute(db);
      await sql`create index block_by_blocked on block (blocked)`.execute(db);
    },
  },
  '052_activities': {
    async up(db) {
      await sql`
        create table activity (
          id uuid primary key,
          person bigint not null,
          verb text collate "C" not null,
          object_kind text collate "C" not null,
          object_id text collate "C" not null,
          object_name text not null,
          url text,
          at timestamptz(3) not null,
          audience text not null
        )`.execute(db);
      await sql`create unique index activity_once on activity (person, verb, object_kind, object_id, at)`.execute(db);
      await sql`create index activity_by_person on activity (person, at desc, id desc)`.execute(db);
      await sql`
        create index activity_by_object on activity (person, object_kind, object_id, at desc, id desc)
         where audience = 'public'`.execute(db);
    },
  },
  '060_presence': {
    async up(db) {
      for (const statement of PRESENCE) await sql.raw(statement).execute(db);
    },
  },
};
