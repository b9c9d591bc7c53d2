/**
 * Everything that takes consent away: each is one statement of the client's, so that no process that stands still or
 * loses its connection in the middle keeps the counter's row, which everybody's end needs. Each appends its row to the
 * feed, makes the pending receipt and puts it on the record. The counter is taken last, so commit order is number order;
 * a function gives the numbers, or nothing where nothing was there to take away, so it may be repeated.
 */

const ASKED = `_asked constant timestamptz := ms_up(clock_timestamp() - _waited_ms * interval '1 millisecond')`;
const NEXT_NUMBER = 'update consent_feed_counter set number = number + 1 returning number into _number';

/** What was allowed and is no more; never more than was, so a narrowing cannot widen. */
const both = (a: string, b: string) => `array(select s from unnest(${a}) s where s = any (${b}))`;

/** `end_grants`: ends those of the grants that still stand. */
const END_GRANTS = `
create function end_grants(_grants uuid[], _reason text, _by text, _waited_ms double precision, _note text)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _ended uuid[];
  _base bigint;
begin
  -- One that ended with its partner does not end again.
  perform settle_voided(_grants);
  perform 1 from consent_grant where id = any (_grants) and ended_at is null order by id for update;
  with ended as (
    update consent_grant set ended_at = clock_timestamp(), end_reason = _reason
    where id = any (_grants) and ended_at is null returning id
  )
  select array_agg(id order by id) into _ended from ended;
  if _ended is null then
    return '{}';
  end if;
  perform ledger_append('grant_ended', _by, g.person, g.id, g.client_id, g.partner,
                        jsonb_strip_nulls(jsonb_build_object('reason', _reason, 'note', _note)))
  from consent_grant g where g.id = any (_ended);
  update consent_feed_counter set number = number + cardinality(_ended) returning number - cardinality(_ended) into _base;
  insert into consent_receipt (number, kind, grant_id, reason, requested_by, requested_at)
  select _base + e.ord, 'grant_ended', e.id, _reason, _by, _asked from unnest(_ended) with ordinality as e(id, ord);
  insert into consent_feed (number, kind, grant_id, reason)
  select _base + e.ord, 'grant_ended', e.id, _reason from unnest(_ended) with ordinality as e(id, ord);
  return array(select _base + n from generate_series(1, cardinality(_ended)) n);
end $$`;

/** `narrow_grant`: leaves a grant that stands those of the scopes that it has. */
const NARROW_GRANT = `
create function narrow_grant(_grant uuid, _scopes text[], _by text, _waited_ms double precision)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _before consent_grant;
  _left text[];
  _number bigint;
begin
  select * into _before from consent_grant where id = _grant and ended_at is null for update;
  _left := ${both('_before.scopes', '_scopes')};
  if _before.id is null or cardinality(_left) = cardinality(_before.scopes) then
    return '{}';
  end if;
  update consent_grant set scopes = _left where id = _grant;
  perform ledger_append('grant_narrowed', _by, _before.person, _grant, _before.client_id, _before.partner,
                        jsonb_build_object('from', _before.scopes, 'to', _left));
  ${NEXT_NUMBER};
  insert into consent_receipt (number, kind, grant_id, scopes, reason, requested_by, requested_at)
  values (_number, 'grant_narrowed', _grant, _left, 'narrowed', _by, _asked);
  insert into consent_feed (number, kind, grant_id, scopes) values (_number, 'grant_narrowed', _grant, _left);
  return array[_number];
end $$`;

/** How many grants of an app or a partner stand: what one row of the feed ends, or narrows. */
const standing = (whose: string) => `
  select count(*) into _grants from consent_grant g join partner p on p.id = g.partner
  where ${whose} and g.ended_at is null and g.expires_at > clock_timestamp() and p.voided_before <= g.created_feed`;

/**
 * `end_partner`: suspends a partner that is approved, or ends one that is not ended. One row, whatever the number of
 * its grants; `voided_before` keeps those from coming back when the partner is resumed.
 */
const END_PARTNER = `
create function end_partner(_partner uuid, _status text, _by text, _waited_ms double precision, _note text)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _kind constant text := 'partner_' || _status;
  _grants bigint;
  _number bigint;
begin
  perform 1 from partner where id = _partner for no key update;
  ${standing('g.partner = _partner')};
  update partner set status = _status where id = _partner
    and (_status = 'suspended' and status = 'approved' or _status = 'ended' and status <> 'ended');
  if not found then
    return '{}';
  end if;
  perform ledger_append(_kind, _by, null, null, null, _partner,
                        jsonb_strip_nulls(jsonb_build_object('grants', _grants, 'note', _note)));
  ${NEXT_NUMBER};
  update partner set voided_before = _number where id = _partner;
  insert into consent_receipt (number, kind, partner, grants, reason, requested_by, requested_at)
  values (_number, _kind, _partner, _grants, _kind, _by, _asked);
  insert into consent_feed (number, kind, partner, reason) values (_number, _kind, _partner, _kind);
  return array[_number];
end $$`;

/**
 * `void_partner`: ends all grants of a partner, which stays as it is: people sign in again. Nothing where it has no grant
 * that has not ended.
 */
const VOID_PARTNER = `
create function void_partner(_partner uuid, _by text, _waited_ms double precision, _note text)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _grants bigint;
  _number bigint;
begin
  perform 1 from partner where id = _partner for no key update;
  if not exists (select from consent_grant g join partner p on p.id = g.partner
                 where g.partner = _partner and g.ended_at is null and g.created_feed >= p.voided_before) then
    return '{}';
  end if;
  ${standing('g.partner = _partner')};
  perform ledger_append('partner_voided', _by, null, null, null, _partner,
                        jsonb_strip_nulls(jsonb_build_object('grants', _grants, 'note', _note)));
  ${NEXT_NUMBER};
  update partner set voided_before = _number where id = _partner;
  insert into consent_receipt (number, kind, partner, grants, reason, requested_by, requested_at)
  values (_number, 'partner_voided', _partner, _grants, 'revoked_by_operator', _by, _asked);
  insert into consent_feed (number, kind, partner, reason)
  values (_number, 'partner_voided', _partner, 'revoked_by_operator');
  return array[_number];
end $$`;

/** `end_app`: removes an app for good; its id is never used again. */
const END_APP = `
create function end_app(_client_id text, _by text, _waited_ms double precision, _note text)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _partner uuid;
  _grants bigint;
  _number bigint;
begin
  update app set removed_at = clock_timestamp() where client_id = _client_id and removed_at is null
  returning partner into _partner;
  if not found then
    return '{}';
  end if;
  ${standing('g.client_id = _client_id')};
  perform ledger_append('app_ended', _by, null, null, _client_id, _partner,
                        jsonb_strip_nulls(jsonb_build_object('grants', _grants, 'note', _note)));
  ${NEXT_NUMBER};
  insert into consent_receipt (number, kind, client_id, grants, reason, requested_by, requested_at)
  values (_number, 'app_ended', _client_id, _grants, 'revoked_by_operator', _by, _asked);
  insert into consent_feed (number, kind, client_id, reason)
  values (_number, 'app_ended', _client_id, 'revoked_by_operator');
  return array[_number];
end $$`;

/**
 * `lower_…`: sets the ceiling of an app or a partner. Where it takes something away that takes effect on live grants
 * at once, and the row of the feed stays: raising the ceiling again gives no grant of before anything back. Where it
 * takes nothing away there is no row, and what it adds is for grants to come.
 */
function setCeiling(of: 'app' | 'partner', id: string, type: string): string {
  const column = of === 'app' ? 'client_id' : 'partner';
  const own = of === 'app' ? 'null, null, _id, _before.partner' : 'null, null, null, _id';
  return `
create function set_${of}_ceiling(_id ${type}, _scopes text[], _by text, _waited_ms double precision)
returns bigint[] language plpgsql as $$
declare
  ${ASKED};
  _before ${of};
  _grants bigint;
  _number bigint;
begin
  select * into _before from ${of} where ${id} = _id for no key update;
  if not found or _before.scopes @> _scopes and _before.scopes <@ _scopes then
    return '{}';
  end if;
  update ${of} set scopes = _scopes where ${id} = _id;
  if _before.scopes <@ _scopes then
    perform ledger_append('${of}_changed', _by, ${own},
                          jsonb_build_object('scopes', jsonb_build_object('from', _before.scopes, 'to', _scopes)));
    return '{}';
  end if;
  ${standing(`g.${column} = _id`)};
  perform ledger_append('${of}_narrowed', _by, ${own},
                        jsonb_build_object('from', _before.scopes, 'to', _scopes, 'grants', _grants));
  ${NEXT_NUMBER};
  insert into consent_receipt (number, kind, ${column}, scopes, grants, reason, requested_by, requested_at)
  values (_number, '${of}_narrowed', _id, _scopes, _grants, 'narrowed', _by, _asked);
  insert into consent_feed (number, kind, ${column}, scopes) values (_number, '${of}_narrowed', _id, _scopes);
  return array[_number];
end $$`;
}
const SET_APP_CEILING = setCeiling('app', 'client_id', 'text');
const SET_PARTNER_CEILING = setCeiling('partner', 'id', 'uuid');

const OVER_ALL = `('partner_suspended', 'partner_ended', 'partner_voided', 'app_ended')`;

/**
 * `settle_voided`: notes on those of the grants that ended with their app or partner that they have, and with which
 * receipt: the first. They allow nothing from its row of the feed on, whether this has come to them or not.
 */
const SETTLE_VOIDED = `
create function settle_voided(_grants uuid[]) returns integer language plpgsql as $$
declare
  _settled integer;
begin
  perform 1 from consent_grant where id = any (_grants) and ended_at is null order by id for update;
  with voided as (
    select g.id, r.number, r.reason, r.requested_at
    from consent_grant g cross join lateral (
      select * from consent_receipt
      where kind in ${OVER_ALL} and number > g.created_feed and (partner = g.partner or client_id = g.client_id)
      order by number limit 1
    ) r
    where g.id = any (_grants) and g.ended_at is null
  ), settled as (
    update consent_grant g set ended_at = v.requested_at, end_reason = v.reason, ended_with = v.number
    from voided v where g.id = v.id returning 1
  )
  select count(*) into _settled from settled;
  return _settled;
end $$`;

/** `settle_some_voided`: so many of anybody's, for those who look after all. */
const SETTLE_SOME_VOIDED = `
create function settle_some_voided(_limit integer) returns integer language sql as $$
  select settle_voided(array(
    select g.id from consent_receipt r cross join lateral (
      select id from consent_grant where partner = r.partner and created_feed < r.number and ended_at is null
      union all
      select id from consent_grant where client_id = r.client_id and created_feed < r.number and ended_at is null
    ) g
    where r.kind in ${OVER_ALL} limit _limit))
$$`;

export const TAKING_AWAY: readonly string[] = [
  `alter table consent_receipt add column kind text not null default 'grant_ended', add column scopes text[],
     add column grants bigint`,
  'alter table consent_receipt alter column kind drop default',
  // A grant may be narrowed time and again; it ends once.
  'alter table consent_receipt drop constraint consent_receipt_grant_id_key',
  `create unique index consent_receipt_of_end on consent_receipt (grant_id) where kind = 'grant_ended'`,
  'create index consent_receipt_by_grant on consent_receipt (grant_id, number) where grant_id is not null',
  `create index consent_receipt_over_all on consent_receipt (number) where kind in ${OVER_ALL}`,
  // The receipt of the app's or partner's end that it went with; null where it ended by itself.
  'alter table consent_grant add column ended_with bigint',
  'create index consent_grant_by_partner on consent_grant (partner, created_feed) where ended_at is null',
  'create index consent_grant_by_app on consent_grant (client_id, created_feed) where ended_at is null',
  'drop function end_grants(uuid[], text, text, double precision)',
  END_GRANTS,
  NARROW_GRANT,
  END_PARTNER,
  END_APP,
  SET_APP_CEILING,
  SET_PARTNER_CEILING,
  SETTLE_VOIDED,
  SETTLE_SOME_VOIDED,
];

/**
 * Grants of an app or a partner that are counted. Of a partner with millions counting them all would take longer than
 * the statement may, and the partner could not be suspended.
 */
export const MAX_COUNTED_GRANTS = 100_000;

/** Counting so far and no further. */
const withinBounds = (text: string) =>
  text.replace(
    /select count\(\*\) into _grants from (consent_grant g [^;]+);/,
    `select count(*) into _grants from (select from $1 limit ${MAX_COUNTED_GRANTS}) counted;`,
  );

/** The same functions, counting so far and no further. */
export const COUNTING_WITHIN_BOUNDS: readonly string[] = [
  END_PARTNER,
  END_APP,
  SET_APP_CEILING,
  SET_PARTNER_CEILING,
].map((text) => withinBounds(text.replace('create function', 'create or replace function')));

export const VOIDING: string = withinBounds(VOID_PARTNER);
