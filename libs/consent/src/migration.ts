import type { Migration } from '@drawbridge/database';
import type { Scope } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { COUNTING_WITHIN_BOUNDS, TAKING_AWAY, VOIDING } from './sql/taking-away.js';

/**
 * I2, for what is stored: the grants of _permits that stand in the caller's snapshot and allow the scope. Lateral with
 * offset 0: a plan made when the tables were empty is kept, and must go by the grants asked for, never by all that live.
 */
function standingPermits(name: string, scope: Scope): string {
  return `create function ${name}(_permits uuid[]) returns setof uuid language sql stable as $$
     select g.id
     from unnest(_permits) as asked(id)
     cross join lateral (select * from consent_grant where id = asked.id offset 0) g
     cross join lateral (select * from app where client_id = g.client_id offset 0) a
     cross join lateral (select * from partner where id = g.partner offset 0) p
     where a.removed_at is null
       and p.status = 'approved' and p.voided_before <= g.created_feed
       and g.ended_at is null
       and g.expires_at > statement_timestamp()
       and '${scope}' = any (g.scopes) and '${scope}' = any (a.scopes) and '${scope}' = any (p.scopes)
       and not exists (select from consent_feed f
                       where f.kind = 'app_narrowed' and f.client_id = g.client_id
                         and f.number > g.created_feed and not ('${scope}' = any (f.scopes)))
       and not exists (select from consent_feed f
                       where f.kind = 'partner_narrowed' and f.partner = g.partner
                         and f.number > g.created_feed and not ('${scope}' = any (f.scopes)))
   $$`;
}

const statements = [
  // Every time that leaves the bridge has milliseconds and is rounded up: "effective at" may be late, never early.
  `create function ms_up(_at timestamptz) returns timestamptz language sql immutable parallel safe as $$
     select date_trunc('milliseconds', _at + interval '999 microseconds')
   $$`,

  // One row, updated last in a transaction that writes to the feed: commit order is number order.
  'create table consent_feed_counter (single boolean primary key default true check (single), number bigint not null)',
  'insert into consent_feed_counter (number) values (0)',
  `create table consent_feed (
     number bigint primary key,
     id uuid not null default gen_random_uuid(),
     kind text not null check (kind in ('origin', 'grant_ended', 'grant_narrowed', 'app_ended', 'app_narrowed',
                                        'partner_suspended', 'partner_ended', 'partner_narrowed', 'partner_voided')),
     grant_id uuid,
     client_id text,
     partner uuid,
     scopes text[],
     reason text,
     at timestamptz not null default clock_timestamp()
   )`,
  // The origin, so that a gateway at number 0 too can tell this feed from another.
  `insert into consent_feed (number, kind) values (0, 'origin')`,
  `create index consent_feed_app_narrowed on consent_feed (client_id, number) where kind = 'app_narrowed'`,
  `create index consent_feed_partner_narrowed on consent_feed (partner, number) where kind = 'partner_narrowed'`,

  `create table gateway_lease (
     instance uuid primary key,
     gateway text not null,
     lease_ms integer not null,
     renewals bigint not null default 0,
     position bigint not null,
     acknowledged_at timestamptz not null default clock_timestamp(),
     started_at timestamptz not null default clock_timestamp()
   )`,

  // created_feed: the head of the feed when the grant was made. What was voided or lowered at a higher number holds for it.
  `create table consent_grant (
     id uuid primary key,
     person bigint not null references person,
     client_id text not null references app,
     partner uuid not null references partner,
     scopes text[] not null,
     device text,
     auth_time timestamptz not null,
     created_feed bigint not null,
     created_at timestamptz not null default clock_timestamp(),
     expires_at timestamptz not null,
     last_connected_at timestamptz,
     ended_at timestamptz,
     end_reason text,
     check ((ended_at is null) = (end_reason is null))
   )`,
  'create index consent_grant_by_person on consent_grant (person, created_at)',
  'create index consent_grant_by_expiry on consent_grant (expires_at) where ended_at is null',
  'create index consent_grant_by_use on consent_grant (coalesce(last_connected_at, created_at)) where ended_at is null',

  // One connection's access. last_seq is exact, or an upper bound where at_most says so.
  `create table access_window (
     id bigint generated always as identity primary key,
     grant_id uuid not null,
     person bigint not null,
     instance uuid not null,
     gateway text not null,
     from_seq bigint,
     opened_at timestamptz not null default clock_timestamp(),
     closed_at timestamptz,
     closed_by text check (closed_by in ('connection', 'end', 'lease_expired')),
     last_seq bigint,
     at_most boolean not null default false,
     ended_by bigint
   )`,
  'create index access_window_by_grant on access_window (grant_id, id)',
  'create index access_window_open on access_window (instance) where closed_at is null',
  'create index access_window_ended_by on access_window (ended_by) where ended_by is not null',

  // One receipt for each feed row that ends something: of one grant, or of all grants of an app or a partner.
  `create table consent_receipt (
     number bigint primary key,
     grant_id uuid unique,
     client_id text,
     partner uuid,
     reason text not null,
     requested_by text not null,
     requested_at timestamptz not null,
     effective_at timestamptz,
     connections_closed integer,
     gateways jsonb
   )`,
  'create index consent_receipt_pending on consent_receipt (number) where effective_at is null',

  standingPermits('standing_permits', 'messages.send'),
];

const clientName = 'alter table consent_grant add column client_name text';
/** How many connections a grant has is asked at every opening, and a grant has had thousands. */
const openWindowsByGrant =
  'create index access_window_open_by_grant on access_window (grant_id, id) where closed_at is null';

/** Every person's record is asked for those that concern them, in the order of time. */
const receiptsOverAllByAge =
  'create index consent_receipt_over_all_by_age on consent_receipt (effective_at, number) where grant_id is null';

/** Receipts are removed in the order of their age. */
const receiptsByAge = 'create index consent_receipt_by_age on consent_receipt (effective_at)';

/**
 * `end_grants`: ends those of the grants that still stand, each with its pending receipt and its row of the feed, and
 * gives how many there were. One statement of the client's: no process that stands still or loses its connection in the
 * middle keeps the counter's row, which everybody's end needs. The counter is taken last, so commit order is number order.
 */
const endGrants = `create function end_grants(_grants uuid[], _reason text, _by text, _waited_ms double precision)
returns integer language plpgsql as $$
declare
  _asked constant timestamptz := clock_timestamp() - _waited_ms * interval '1 millisecond';
  _ended uuid[];
  _base bigint;
begin
  perform 1 from consent_grant where id = any (_grants) and ended_at is null order by id for update;
  with ended as (
    update consent_grant set ended_at = clock_timestamp(), end_reason = _reason
    where id = any (_grants) and ended_at is null returning id
  )
  select array_agg(id order by id) into _ended from ended;
  if _ended is null then
    return 0;
  end if;
  update consent_feed_counter set number = number + cardinality(_ended) returning number - cardinality(_ended) into _base;
  insert into consent_receipt (number, grant_id, reason, requested_by, requested_at)
  select _base + e.ord, e.id, _reason, _by, ms_up(_asked) from unnest(_ended) with ordinality as e(id, ord);
  insert into consent_feed (number, kind, grant_id, reason)
  select _base + e.ord, 'grant_ended', e.id, _reason from unnest(_ended) with ordinality as e(id, ord);
  return cardinality(_ended);
end $$`;

/** Closed windows are removed in the order of their age, and a person's record is read in the order of time. */
const windowsByAge = [
  'create index access_window_by_age on access_window (closed_at) where closed_at is not null',
  'create index access_window_by_person on access_window (person, opened_at, id)',
];

/** A grant that no connection used for so long is over, also before a sweep comes to it. */
const idleDays = 'alter table consent_grant add column idle_days double precision';

/** What gateways say of themselves to operators, and what operators ask of them, in the row that is written anyway. */
const gatewayState = [
  `alter table gateway_lease add column renewed_at timestamptz not null default clock_timestamp(),
     add column connections integer not null default 0, add column draining boolean not null default false,
     add column drain_requested_by text`,
  // Operators look through the grants of a partner, or of everybody, newest first; those of a person are few.
  'create index consent_grant_by_partner_age on consent_grant (partner, created_at, id)',
  'create index consent_grant_by_age on consent_grant (created_at, id)',
];

const run = (...all: string[]): Migration => ({
  async up(db) {
    for (const statement of all) await sql.raw(statement).execute(db);
  },
});

export const consentMigrations: Record<string, Migration> = {
  '030_consent': run(...statements),
  '031_client_name': run(clientName),
  '032_open_windows_by_grant': run(openWindowsByGrant),
  '033_receipts_by_age': run(receiptsByAge),
  '034_end_grants': run(endGrants),
  '035_idle_days': run(idleDays),
  '036_reading_permits': run(standingPermits('reading_permits', 'messages.read')),
  '036_recommending_permits': run(standingPermits('recommending_permits', 'recommendations.send')),
  '037_taking_away': run(...TAKING_AWAY),
  '038_windows_by_age': run(...windowsByAge),
  '039_gateway_state': run(...gatewayState),
  '039_grants_counted': run(...COUNTING_WITHIN_BOUNDS),
  '039_receipts_over_all_by_age': run(receiptsOverAllByAge),
  '047_voiding': run(VOIDING),
};
