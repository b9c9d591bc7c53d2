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
};
