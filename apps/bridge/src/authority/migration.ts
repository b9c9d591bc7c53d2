import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

export const authorityMigrations: Record<string, Migration> = {
  '050_authority': {
    async up(db) {
      // `id` is a hash: whoever reads this table holds no token. `payload` is text, since jsonb refuses U+0000, which
      // a client may send in `state`.
      await sql`
        create table oidc_artifact (
          model text not null,
          id text not null,
          payload text not null,
          grant_id text,
          uid text,
          user_code text,
          expires_at timestamptz,
          consumed_at timestamptz,
          primary key (model, id)
        )`.execute(db);
      await sql`create index oidc_artifact_by_grant on oidc_artifact (grant_id) where grant_id is not null`.execute(db);
      await sql`create index oidc_artifact_by_uid on oidc_artifact (uid) where uid is not null`.execute(db);
      await sql`create index oidc_artifact_by_user_code on oidc_artifact (user_code) where user_code is not null`.execute(
        db,
      );
      await sql`create index oidc_artifact_by_expiry on oidc_artifact (expires_at)`.execute(db);
      await sql`
        create table secret (
          name text primary key,
          value text not null,
          created_at timestamptz not null default clock_timestamp()
        )`.execute(db);
    },
  },
  '051_device_sign_in': {
    async up(db) {
      // What oidc-provider's DeviceCode has no place for; it goes with the code. `decided_by` and `browser` are hashes
      // of a cookie.
      await sql`
        create table device_sign_in (
          model text not null default 'DeviceCode' check (model = 'DeviceCode'),
          code text primary key,
          user_code text not null unique,
          interval_s integer not null,
          polled_at timestamptz,
          polled_early boolean not null default false,
          wrong_tries integer not null default 0,
          outcome text check (outcome in ('allowed', 'denied', 'spoilt')),
          decided_by text,
          foreign key (model, code) references oidc_artifact (model, id) on delete cascade
        )`.execute(db);
      await sql`
        create table device_visit (
          browser text primary key,
          code text not null references device_sign_in on delete cascade,
          person text not null,
          signed_in_at timestamptz not null default clock_timestamp(),
          grant_id uuid not null
        )`.execute(db);
      await sql`create index device_visit_by_code on device_visit (code)`.execute(db);
    },
  },
  '052_issuer_sign_in': {
    async up(db) {
      // Who is at the platform's provider. `state` and `browser` are hashes: whoever reads this table holds nothing.
      await sql`
        create table issuer_sign_in (
          state text primary key,
          browser text not null,
          purpose text not null check (purpose in ('app', 'device', 'connected-apps')),
          target text not null,
          started_at timestamptz not null default clock_timestamp()
        )`.execute(db);
      await sql`create index issuer_sign_in_by_browser on issuer_sign_in (browser, started_at)`.execute(db);
      await sql`create index issuer_sign_in_by_start on issuer_sign_in (started_at)`.execute(db);
    },
  },
};
