import { deliveredTo } from './acknowledge.js';
import { ENTRY } from './commit-sends.js';

/** So often one person may come to a group; each time they left, and there was a message in between, stays a row. */
export const MAX_STAYS = 100;

export const UPDATE_GROUP: readonly string[] = [
  // A revision for each change of who is in a group or what it is called. Whoever has left sees it as it was then.
  'alter table conversation add column revision bigint not null default 0',
  `alter table member add column joined_revision bigint not null default 0, add column left_revision bigint,
     add column left_title text, add column left_at timestamptz(3)`,
  // For the next place.
  'create index member_by_place on member (conversation, place)',

  /**
   * `update_group(request)`: renames a group, adds people to it and removes some.
   *
   * Takes `{c, s, p, f, title, add, remove, max}`: conversation, person, permit or null, f = true where those added need be no
   * contacts, new title or null, public ids, and how many people it may have. Gives one of
   *
   *     ["n", revision, [owner, seq, …], [owner, seq, …], [owner, seq, …]]   changed, and is at this revision now: those
   *                                                                         added, those in it before, those removed
   *     ["s"] it was so before (I5), ["x"] no such group, contact or member, somebody else to remove, or who came too often
   *     ["k"] a direct conversation, ["m"] too many people, ["e"] the permit has ended
   *
   * Locks as commit_sends does: the conversation first, then mailboxes in owner order.
   */
  `create function update_group(_request text) returns text language plpgsql set enable_seqscan = off as $$
   declare
     _input constant jsonb := _request::jsonb;
     _id constant uuid := (_input->>'c')::uuid;
     _person constant bigint := (_input->>'s')::bigint;
     _permit constant uuid := (_input->>'p')::uuid;
     _add_ids constant text[] := array(select jsonb_array_elements_text(_input->'add'));
     _remove_ids constant text[] := array(select jsonb_array_elements_text(_input->'remove'));
     _group conversation;
     _title text;
     _now timestamptz(3);
     _here bigint[];
     _added bigint[];
     _removed bigint[];
     _result text;
   begin
     select * into _group from conversation where id = _id for no key update;
     if _permit is not null and not exists (select from standing_permits(array[_permit])) then return '["e"]'; end if;
     _here := array(select person from member where conversation = _id and left_position is null order by place);
     if not _person = any (_here) then return '["x"]'; end if;
     if _group.kind = 'direct' then return '["k"]'; end if;
     _now := date_trunc('milliseconds', clock_timestamp());
     _title := coalesce(_input->>'title', _group.title);

     -- Whoever is in it already needs to be no contact.
     _added := array(
       select p.key from unnest(_add_ids) with ordinality as a(id, ord) join person p on p.id = a.id and p.erased_at is null
        where p.key = any (_here) or (_input->>'f')::boolean
           or exists (select from contact k where k.person = _person and k.contact = p.key)
              and not exists (select from block b where b.person = p.key and b.blocked = _person)
        order by a.ord);
     if cardinality(_added) <> cardinality(_add_ids) then return '["x"]'; end if;
     _added := array(select a from unnest(_added) with ordinality as x(a, ord) where not a = any (_here) order by ord);
     if exists (select from unnest(_added) a
                 where (select count(*) from member m where m.conversation = _id and m.person = a) >= ${MAX_STAYS}) then return '["x"]'; end if;
     _removed := array(select p.key from unnest(_remove_ids) as r(id) join person p on p.id = r.id where p.key = any (_here));
     if cardinality(_removed) <> cardinality(_remove_ids) then return '["x"]'; end if;
     -- Everybody may leave. Others are removed by the creator, or by whoever has been in it longest since the creator left.
     if _person <> _here[1] and exists (select from unnest(_removed) r where r <> _person) then return '["x"]'; end if;
     if cardinality(_here) - cardinality(_removed) + cardinality(_added) > (_input->>'max')::integer then return '["m"]'; end if;
     if cardinality(_added) = 0 and cardinality(_removed) = 0 and _title is not distinct from _group.title then return '["s"]'; end if;

     update member set left_position = _group.last_position, left_revision = _group.revision + 1,
                       left_title = _group.title, left_at = _now
      where conversation = _id and person = any (_removed) and left_position is null;
     if cardinality(_removed) > 0 then
       insert into left_receipts (conversation, revision, receipts)
       select _id, _group.revision + 1, coalesce(jsonb_object_agg(x.person, jsonb_build_array(${deliveredTo('x')}, x.read_up_to)), '{}')
         from member x where x.conversation = _id and x.left_position is null;
     end if;
     -- How far somebody has read does not go back when they come back.
     insert into member as m (conversation, person, joined_position, place, joined_revision, read_up_to)
     select _id, a.person, _group.last_position,
            a.ord + (select coalesce(max(place), 0) from member where conversation = _id), _group.revision + 1,
            (select coalesce(max(read_up_to), 0) from member where conversation = _id and person = a.person)
       from unnest(_added) with ordinality as a(person, ord)
     -- Gone and back without a message in between.
         on conflict (conversation, person, joined_position) do update
        set left_position = null, left_revision = null, left_title = null, left_at = null,
            place = excluded.place, joined_revision = excluded.joined_revision;
     update conversation set title = _title, revision = revision + 1, updated_at = greatest(updated_at, _now),
                             member_count = cardinality(_here) - cardinality(_removed) + cardinality(_added)
      where id = _id;

     insert into mailbox (owner) select o from unnest(_added) o order by o on conflict do nothing;
     with locked as materialized (
       select b.owner from mailbox b where b.owner = any (_here || _added) order by b.owner for no key update
     ), moved as (
       update mailbox b set head = b.head + 1 where b.owner = any (array(select l.owner from locked l)) returning b.owner, b.head
     ), entered as (
       insert into mailbox_entry (owner, seq, kind, conversation, subject)
       select m.owner, m.head,
              case when m.owner = any (_added) then ${ENTRY.conversationCreated} else ${ENTRY.conversationUpdated} end, _id, 0
         from moved m
     )
     select '["n",' || _group.revision + 1 || ',[' || coalesce(string_agg(m.owner || ',' || m.head, ',') filter (where m.owner = any (_added)), '')
         || '],[' || coalesce(string_agg(m.owner || ',' || m.head, ',') filter (where not m.owner = any (_added || _removed)), '')
         || '],[' || coalesce(string_agg(m.owner || ',' || m.head, ',') filter (where m.owner = any (_removed)), '') || ']]'
       into _result from moved m;
     return _result;
   end $$`,
];
