import { ENTRY } from './commit-sends.js';

/**
 * `mark_read(batch)`: how far people have read, never backwards (I3).
 *
 * Takes `[{c, s, p, u}]`: conversation, person, permit or null, position; of one person and conversation at most one.
 * Gives one result for each, in order:
 *
 *     ["n", kind, delivered up to, [owner, seq, …]]   moved; with an event for the reader and, in a direct conversation, the other person
 *     ["s"] it was as far before (I5), ["x"] no such conversation, ["p"] past the last message they may see, ["e"] the
 *     permit has ended, or may not read
 *
 * Locks as commit_sends does: first conversations in id order, then mailboxes in owner order.
 */
export const MARK_READ: readonly string[] = [
  `create function mark_read(_batch text) returns text language plpgsql set enable_seqscan = off as $$
   declare
     _input constant jsonb := _batch::jsonb;
     _conversations constant uuid[] := array(select distinct (x->>'c')::uuid from jsonb_array_elements(_input) x);
     _standing uuid[];
     _mark record;
     _conversation conversation;
     _me member;
     _other bigint;
     _result text;
     _results text[] := '{}';
   begin
     perform 1 from conversation where id = any (_conversations) order by id for no key update;
     perform 1 from mailbox b
      where b.owner = any (array(
        select distinct o from jsonb_array_elements(_input) x join conversation c on c.id = (x->>'c')::uuid
         cross join lateral (values ((x->>'s')::bigint), (c.direct_low), (c.direct_high)) as v(o) where o is not null))
      order by b.owner for no key update;
     _standing := array(select reading_permits(array(
       select distinct (x->>'p')::uuid from jsonb_array_elements(_input) x where x->>'p' is not null)));

     for _mark in
       select * from rows from (jsonb_to_recordset(_input) as (c uuid, s bigint, p uuid, u bigint))
         with ordinality as x(conversation, person, permit, up_to, ord) order by ord
     loop
       if _mark.permit is not null and not _mark.permit = any (_standing) then
         _results := array_append(_results, '["e"]');
         continue;
       end if;
       select * into _conversation from conversation where id = _mark.conversation;
       select * into _me from member where conversation = _mark.conversation and person = _mark.person
        order by joined_position desc limit 1;
       if _me.person is null then
         _results := array_append(_results, '["x"]');
         continue;
       end if;
       if _mark.up_to > coalesce(_me.left_position, _conversation.last_position) then
         _results := array_append(_results, '["p"]');
         continue;
       end if;
       update member set read_up_to = _mark.up_to
        where conversation = _mark.conversation and person = _mark.person and joined_position = _me.joined_position
          and read_up_to < _mark.up_to;
       if not found then
         _results := array_append(_results, '["s"]');
         continue;
       end if;
       _other := case when _conversation.kind = 'direct' then
         case when _conversation.direct_low = _mark.person then _conversation.direct_high else _conversation.direct_low end end;
       -- Who has blocked somebody neither tells them nor is told.
       if exists (select from block where person = _other and blocked = _mark.person)
          or exists (select from block where person = _mark.person and blocked = _other) then
         _other := null;
       end if;
       with moved as (
         update mailbox b set head = b.head + 1 where b.owner = any (array[_mark.person, _other]) returning b.owner, b.head
       ), entered as (
         insert into mailbox_entry (owner, seq, kind, conversation, subject)
         select m.owner, m.head, ${ENTRY.receiptUpdated}, _mark.conversation, _mark.person from moved m
       )
       select '["n","' || _conversation.kind || '",' || greatest(_mark.up_to,
                (select up_to from delivered where conversation = _mark.conversation and person = _mark.person
                                                                  and up_to > _me.joined_position))
              || ',[' || string_agg(m.owner || ',' || m.head, ',') || ']]'
         into _result from moved m;
       _results := array_append(_results, _result);
     end loop;
     return '[' || array_to_string(_results, ',') || ']';
   end $$`,
];
