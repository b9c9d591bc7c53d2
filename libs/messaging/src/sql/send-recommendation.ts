import { ENTRY } from './commit-sends.js';

export const SEND_RECOMMENDATION: readonly string[] = [
  // messages: the ids that were answered, in the order of the sorted public ids. Some are of no message at all.
  `create table recommendation_request (
     person bigint not null,
     app text collate "C" not null,
     client_id text collate "C" not null,
     content_hash bytea not null,
     messages uuid[] not null,
     created_at timestamptz(3) not null,
     primary key (person, app, client_id)
   )`,
  // For what forgets them: here it would be a look at everything that the person ever recommended, each time.
  'create index recommendation_request_by_time on recommendation_request (created_at)',

  /**
   * `send_recommendation(request)`: a message of its own to each of some friends, in the direct conversation with them,
   * which is made where there is none. Whoever is no contact, or has blocked the sender, or is nobody, or the sender, is
   * passed over and nothing tells: their id is kept like the others, and is of no message.
   *
   * Takes `{s, a, i, l, h, p, o, m, c, r}`: sender, app, client id as sent and in lower case, hash of the content in hex,
   * permit or null, the public ids, an id for each one's message and for each one's conversation should it have to be
   * made, and what is recommended. Gives one of
   *
   *     ["n", ms, [messages]]   sent, of which each message is
   *                             [nth of the public ids, conversation, position, owner, seq, owner, seq, made]:
   *                             the sender’s own first; made is 1 where the conversation was, with the event
   *                             of that right before the message's in both mailboxes
   *     ["d", [ids]]            sent before, the same content
   *     ["c"] other content under the same client id, ["e"] the permit has ended
   *
   * Locks conversations first, which are made in the order of pairs and locked in id order, then mailboxes in owner order.
   */
  `create function send_recommendation(_request text) returns text language plpgsql set enable_seqscan = off as $$
   declare
     _input constant jsonb := _request::jsonb;
     _sender constant bigint := (_input->>'s')::bigint;
     _app constant text := _input->>'a';
     _key constant text := _input->>'l';
     _hash constant bytea := decode(_input->>'h', 'hex');
     _permit constant uuid := (_input->>'p')::uuid;
     _people constant text[] := array(select jsonb_array_elements_text(_input->'o'));
     _messages constant uuid[] := array(select jsonb_array_elements_text(_input->'m')::uuid);
     _fresh constant uuid[] := array(select jsonb_array_elements_text(_input->'c')::uuid);
     _now timestamptz(3) := date_trunc('milliseconds', clock_timestamp());
     _prior record;
     _friends bigint[];
     _made uuid[];
     _conversations uuid[];
     _result text;
   begin
     if _permit is not null and not exists (select from recommending_permits(array[_permit])) then return '["e"]'; end if;

     insert into recommendation_request values (_sender, _app, _key, _hash, _messages, _now) on conflict do nothing;
     if not found then
       select q.messages, q.content_hash = _hash as same into strict _prior from recommendation_request q
        where q.person = _sender and q.app = _app and q.client_id = _key;
       return case when _prior.same then '["d",' || to_jsonb(_prior.messages)::text || ']' else '["c"]' end;
     end if;

     _friends := array(
       select p.key from unnest(_people) with ordinality as o(id, nth)
         left join lateral (
           select x.key from person x join contact k on k.person = _sender and k.contact = x.key
            where x.id = o.id and x.erased_at is null and x.key <> _sender
              and not exists (select from block b where b.person = x.key and b.blocked = _sender)) p on true
        order by o.nth);

     with made as (
       insert into conversation (id, kind, creator, direct_low, direct_high, member_count, created_at, updated_at)
       select _fresh[f.nth::integer], 'direct', _sender, least(_sender, f.key), greatest(_sender, f.key), 2, _now, _now
         from unnest(_friends) with ordinality as f(key, nth) where f.key is not null order by 4, 5
           on conflict (direct_low, direct_high) do nothing
       returning id, direct_low, direct_high
     ), members as (
       insert into member (conversation, person, joined_position, place)
       select m.id, w.person, 0, w.place from made m
        cross join lateral (values (_sender, 1), (m.direct_low + m.direct_high - _sender, 2)) as w(person, place)
     )
     select array(select id from made) into _made;
     insert into mailbox (owner)
     select f.key from (select _sender as key union select unnest(_friends)) f where f.key is not null
      order by f.key on conflict do nothing;

     _conversations := array(
       select c.id from unnest(_friends) with ordinality as f(key, nth)
         left join conversation c on c.direct_low = least(_sender, f.key) and c.direct_high = greatest(_sender, f.key)
          and f.key is not null
        order by f.nth);
     perform 1 from conversation where id = any (_conversations) order by id for no key update;
     _now := date_trunc('milliseconds', clock_timestamp());

     with placed as materialized (
       select f.nth, f.key as friend, c.id as conversation, c.last_position + 1 as position, c.id = any (_made) as made
         from unnest(_friends, _conversations) with ordinality as f(key, conversation, nth)
         join conversation c on c.id = f.conversation
     ), fan as materialized (
       select w.owner, p.nth, p.conversation, e.kind, e.subject,
              row_number() over (partition by w.owner order by p.nth, e.kind = ${ENTRY.messageCreated}) as place
         from placed p
        cross join lateral (values (_sender), (p.friend)) as w(owner)
        cross join lateral (values (${ENTRY.conversationCreated}, 0, p.made), (${ENTRY.messageCreated}, p.position, true))
                as e(kind, subject, is_so)
        where e.is_so
     ), want as materialized (
       select owner, count(*) as n from fan group by owner
     ), locked as materialized (
       select b.owner from mailbox b where b.owner = any (array(select owner from want)) order by b.owner for no key update
     ), moved as (
       update mailbox b set head = b.head + w.n from want w
        where b.owner = any (array(select owner from locked)) and w.owner = b.owner
       returning b.owner, b.head - w.n as base
     ), entered as (
       insert into mailbox_entry (owner, seq, kind, conversation, subject)
       select f.owner, m.base + f.place, f.kind, f.conversation, f.subject from fan f join moved m on m.owner = f.owner
       returning owner, seq, kind, conversation
     ), sent as materialized (
       select p.*, me.seq as sender_seq, them.seq as friend_seq from placed p
         join entered me on me.conversation = p.conversation and me.owner = _sender and me.kind = ${ENTRY.messageCreated}
         join entered them on them.conversation = p.conversation and them.owner = p.friend
          and them.kind = ${ENTRY.messageCreated}
     ), stored as (
       insert into message
              (conversation, position, id, sender, app, client_id, content_hash, sender_seq, text, recommended, sent_at)
       select s.conversation, s.position, _messages[s.nth::integer], _sender, _app, _input->>'i', _hash, s.sender_seq, '',
              _input->'r', _now
         from sent s
     ), told as (
       insert into outbox_event (key, type, subject)
       select s.conversation::text, 'message.created', _messages[s.nth::integer]::text from sent s
        where _permit is not null and outbox_wanted()
     ), grown as (
       update conversation c set last_position = p.position, updated_at = greatest(c.updated_at, _now)
         from placed p where c.id = any (_conversations) and c.id = p.conversation
     ), has_read as (
       update member m set read_up_to = p.position from placed p
        where m.conversation = any (_conversations) and m.conversation = p.conversation and m.person = _sender
          and m.left_position is null
     )
     select coalesce(string_agg(
              '[' || s.nth || ',"' || s.conversation || '",' || s.position || ',' || _sender || ',' || s.sender_seq || ','
                  || s.friend || ',' || s.friend_seq || ',' || s.made::integer || ']', ',' order by s.nth), '')
       into _result from sent s;
     return '["n",' || (extract(epoch from _now) * 1000)::bigint || ',[' || _result || ']]';
   end $$`,
];
