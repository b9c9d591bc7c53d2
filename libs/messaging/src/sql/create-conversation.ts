import { ENTRY } from './commit-sends.js';

/**
 * `create_conversation(request)`: the one direct conversation of two people, or a new group.
 *
 * Takes `{id, s, a, i, h, p, o, f, w, title}`: id for a new one, creator, app, client id or null (nothing to remember), hash of
 * the content in hex, permit or null, the other members' public ids, f = true where they need be no contacts, since when it
 * has been there, in ms, if not from now on, title or null. Gives one of
 *
 *     ["n", id, [owner, seq, …]]   made now
 *     ["h", id]                    the direct conversation was there already
 *     ["d", id]                    asked for before, the same content
 *     ["c"] other content under the same client id, ["x"] one of the others is no contact, ["e"] the permit has ended
 *
 * Locks as commit_sends does: the conversation first (by making it), then mailboxes in owner order.
 */
export const CREATE_CONVERSATION = `
create function create_conversation(_request text) returns text language plpgsql set enable_seqscan = off as $$
declare
  _input constant jsonb := _request::jsonb;
  _creator constant bigint := (_input->>'s')::bigint;
  _app constant text := _input->>'a';
  _client_id constant text := _input->>'i';
  _permit constant uuid := (_input->>'p')::uuid;
  _hash constant bytea := decode(_input->>'h', 'hex');
  _ids constant text[] := array(select jsonb_array_elements_text(_input->'o'));
  _free constant boolean := coalesce((_input->>'f')::boolean, false);
  _now constant timestamptz(3) := coalesce(to_timestamp((_input->>'w')::double precision / 1000),
                                           date_trunc('milliseconds', clock_timestamp()));
  _id uuid := (_input->>'id')::uuid;
  _others bigint[];
  _everybody bigint[];
  _prior record;
  _pairs text;
begin
  if _permit is not null and not exists (select from standing_permits(array[_permit])) then return '["e"]'; end if;

  if _client_id is not null then
    select q.conversation, q.content_hash = _hash as same into _prior from conversation_request q
     where q.person = _creator and q.app = _app and q.client_id = _client_id;
    if found then return case when _prior.same then '["d","' || _prior.conversation || '"]' else '["c"]' end; end if;
  end if;

  _others := array(
    select p.key from unnest(_ids) with ordinality as o(id, ord)
      join person p on p.id = o.id and p.erased_at is null
     where _free
        or exists (select from contact k where k.person = _creator and k.contact = p.key)
           and not exists (select from block b where b.person = p.key and b.blocked = _creator)
     order by o.ord);
  if cardinality(_others) <> cardinality(_ids) or cardinality(_ids) = 0 then return '["x"]'; end if;
  _everybody := _creator || _others;

  if cardinality(_others) = 1 then
    insert into conversation (id, kind, creator, direct_low, direct_high, member_count, created_at, updated_at)
    values (_id, 'direct', _creator, least(_creator, _others[1]), greatest(_creator, _others[1]), 2, _now, _now)
        on conflict (direct_low, direct_high) do nothing;
    if not found then
      select c.id into strict _id from conversation c
       where c.direct_low = least(_creator, _others[1]) and c.direct_high = greatest(_creator, _others[1]);
      if _client_id is not null then
        insert into conversation_request values (_creator, _app, _client_id, _hash, _id, _now);
      end if;
      return '["h","' || _id || '"]';
    end if;
  else
    insert into conversation (id, kind, title, creator, member_count, created_at, updated_at)
    values (_id, 'group', _input->>'title', _creator, cardinality(_everybody), _now, _now);
  end if;
  if _client_id is not null then
    insert into conversation_request values (_creator, _app, _client_id, _hash, _id, _now);
  end if;

  insert into member (conversation, person, joined_position, place)
  select _id, e.person, 0, e.place from unnest(_everybody) with ordinality as e(person, place);
  insert into mailbox (owner) select e.owner from unnest(_everybody) as e(owner) order by e.owner on conflict do nothing;

  with locked as materialized (
    select b.owner from mailbox b where b.owner = any (_everybody) order by b.owner for no key update
  ), moved as (
    update mailbox b set head = b.head + 1 where b.owner = any (array(select l.owner from locked l)) returning b.owner, b.head
  ), entered as (
    insert into mailbox_entry (owner, seq, kind, conversation, subject)
    select m.owner, m.head, ${ENTRY.conversationCreated}, _id, 0 from moved m
  )
  select string_agg(m.owner || ',' || m.head, ',') into _pairs from moved m;
  return '["n","' || _id || '",[' || _pairs || ']]';
end $$`;
