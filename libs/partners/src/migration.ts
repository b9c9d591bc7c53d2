import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';

export const partnersMigrations: Record<string, Migration> = {
  '020_partners': {
    async up(db) {
      // voided_before: grants created at a lower feed number died in a suspension and never come back.
      await sql`
        create table partner (
          id uuid primary key,
          name text not null,
          homepage text not null,
          privacy_url text not null,
          contact text not null,
          scopes text[] not null,
          status text not null default 'pending' check (status in ('pending', 'approved', 'suspended', 'ended')),
          voided_before bigint not null default 0,
          review_due_at timestamptz,
          created_at timestamptz not null default clock_timestamp()
        )`.execute(db);
      await sql`
        create table app (
          client_id text primary key check (client_id ~ '^[A-Za-z0-9._-]{1,64}$'),
          partner uuid not null references partner,
          name text not null,
          kind text not null check (kind in ('native', 'device', 'web')),
          redirect_uris text[] not null,
          scopes text[] not null,
          requires_dpop boolean not null default false,
          removed_at timestamptz,
          created_at timestamptz not null default clock_timestamp()
        )`.execute(db);
      await sql`create index app_by_partner on app (partner)`.execute(db);
    },
  },
  '022_partner_life': {
    async up(db) {
      await sql`alter table partner add column ends_at timestamptz`.execute(db);
      await sql`create index partner_by_name on partner (name, id)`.execute(db);
      // Who did it last and why is asked for with every partner, and most entries of a partner are its grants'.
      await sql`
        create index ledger_entry_of_partner_life on ledger_entry (partner, id)
        where kind in ('partner_created', 'partner_approved', 'partner_suspended', 'partner_resumed', 'partner_ended')
      `.execute(db);
      await sql`
        create index ledger_entry_of_planned_end on ledger_entry (partner, id) where kind = 'partner_end_planned'
      `.execute(db);
    },
  },
};
