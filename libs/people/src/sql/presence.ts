/**
 * Who is online. `presence` is what a person's contacts were told last; `presence_at` is who has a connection that
 * reads, by the lease of the gateway that has it. A row of a lease that has lapsed or is gone counts for nothing.
 *
 * Who is without such a connection has `gone_at`, and is online until that is longer ago than the debounce. So a person is
 * said to be offline, or online again, by exactly one statement, and whoever sent it tells the contacts.
 *
 * All lock in this order, and those of one table by key: the lease, people, presence. What time alone brings about locks
 * nothing that somebody else has, and comes to it the next time.
 */
const LEASE_STANDS = "l.renewed_at + l.lease_ms * interval '1 millisecond' > clock_timestamp()";

/** `[{id, online, lastSeen, told}]` of these people, with those who are told: their mutual contacts, of whom there may be very many. */
const CHANGES = `create function presence_changes(_people bigint[], _most_told integer) returns jsonb language sql stable as $$
   select coalesce(jsonb_agg(jsonb_build_object(
     'id', p.id, 'online', s.online,
     'lastSeen', case when not s.online then (extract(epoch from ms_up(s.last_seen)) * 1000)::bigint end,
     'told', (select coalesce(jsonb_agg(m.contact), '[]')
              from (select contact from mutual_contacts(s.person) as m(contact) limit _most_told) m))), '[]')
   from presence s join person p on p.key = s.person where s.person = any (_people)
 $$`;

export const PRESENCE: readonly string[] = [
  `create table presence (
     person bigint primary key,
     online boolean not null,
     gone_at timestamptz,
     last_seen timestamptz
   ) with (fillfactor = 70)`,
  'create index presence_going on presence (gone_at) where gone_at is not null',
  // Every lease that presence_at may have rows of.
  'create table presence_gateway (instance uuid primary key)',
  'create table presence_at (instance uuid not null, person bigint not null, primary key (instance, person))',
  'create index presence_at_by_person on presence_at (person)',

  // Each has the other in their list, and neither has blocked the other.
  `create function mutual_contacts(_person bigint) returns setof bigint language sql stable as $$
     select c.contact from contact c
     where c.person = _person
       and exists (select from contact back where back.person = c.contact and back.contact = _person)
       and not exists (select from block where person = _person and blocked = c.contact)
       and not exists (select from block where person = c.contact and blocked = _person)
   $$`,
  `create function is_present(_person bigint) returns boolean language sql stable as $$
     select exists (select from presence_at a join gateway_lease l on l.instance = a.instance
                    where a.person = _person and ${LEASE_STANDS})
   $$`,
  CHANGES,

  // Who came to a gateway, and who left it. Null where its lease row is gone: then nobody is present through it.
  `create function presence_moved(_instance uuid, _came bigint[], _left bigint[], _most_told integer)
     returns jsonb language plpgsql set enable_seqscan = off as $$
   declare
     _changed bigint[];
   begin
     -- Whoever removes the lease waits for this, and its rows are found afterwards.
     perform 1 from gateway_lease where instance = _instance for key share;
     if not found then return null; end if;
     insert into presence_gateway values (_instance) on conflict do nothing;
     -- Of somebody who is being erased nothing is left: that waits for this, or is found.
     insert into presence (person, online)
       select p.key, false
       from (select key from person where key = any (_came) and erased_at is null order by key for key share) p
       on conflict do nothing;
     perform 1 from presence where person = any (_came || _left) order by person for update;
     insert into presence_at (instance, person)
       select _instance, person from presence where person = any (_came) on conflict do nothing;
     delete from presence_at where instance = _instance and person = any (_left);
     with changed as (
       update presence set online = true, gone_at = null where person = any (_came) and not online returning person
     )
     select array_agg(person) into _changed from changed;
     update presence set gone_at = null where person = any (_came) and gone_at is not null;
     update presence set gone_at = clock_timestamp(), last_seen = clock_timestamp()
       where person = any (_left) and online and gone_at is null and not is_present(person);
     return presence_changes(_changed, _most_told);
   end $$`,

  // What time brings about, of so many people: {changes, more}, with whether there may be more to do.
  `create function presence_settled(_debounce_ms integer, _most integer, _most_told integer)
     returns jsonb language plpgsql set enable_seqscan = off as $$
   declare
     _changed bigint[];
     _some integer;
     _more boolean := false;
   begin
     -- Gateways that died: their people are gone since the last renewal.
     with dead as (
       select g.instance, l.renewed_at
       from presence_gateway g left join gateway_lease l on l.instance = g.instance
       where l.instance is null or not (${LEASE_STANDS})
     ), going as (
       select p.person, coalesce(d.renewed_at, clock_timestamp()) as since
       from dead d join presence_at a on a.instance = d.instance join presence p on p.person = a.person
       where p.online and p.gone_at is null and not is_present(p.person)
       order by p.person limit _most for update of p skip locked
     ), latest as (
       select person, max(since) as since from going group by person
     ), gone as (
       update presence p set gone_at = l.since, last_seen = l.since from latest l where p.person = l.person returning 1
     )
     select count(*) into _some from gone;
     _more := _some = _most;

     -- What is left of leases that are gone, once it counts for nothing more.
     delete from presence_at where (instance, person) in (
       select a.instance, a.person
       from presence_gateway g join presence_at a on a.instance = g.instance left join presence p on p.person = a.person
       where not exists (select from gateway_lease l where l.instance = g.instance)
         and (p.person is null or not p.online or p.gone_at is not null or is_present(a.person))
       limit _most for update of a skip locked);
     get diagnostics _some = row_count;
     _more := _more or _some = _most;
     delete from presence_gateway g
       where not exists (select from gateway_lease l where l.instance = g.instance)
         and not exists (select from presence_at a where a.instance = g.instance);

     -- Who has been gone for so long. Somebody of a lease that had lapsed and stands again is here after all.
     with due as (
       select person from presence where gone_at <= clock_timestamp() - _debounce_ms * interval '1 millisecond'
       order by gone_at limit _most for update skip locked
     ), settled as (
       update presence p set gone_at = null, online = is_present(p.person) from due d where p.person = d.person
       returning p.person, p.online
     )
     select array_agg(person) filter (where not online), count(*) into _changed, _some from settled;
     _more := _more or _some = _most;
     return jsonb_build_object('changes', presence_changes(_changed, _most_told), 'more', _more);
   end $$`,
];
