import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

export const demoMigrations: Record<string, Migration> = {
  '060_demo': {
    async up(db) {
      await sql`
        create table demo_seed (
          single boolean primary key default true check (single),
          started_at timestamptz not null default clock_timestamp(),
          completed_at timestamptz
        )`.execute(db);
    },
  },
};
