import { ENTRY } from './commit-sends.js';

/** Whether somebody who could see the message has left since this revision: what changes now, they keep. */
const leftSince = (revision: string) => `${revision} < _revision and exists (
             select from member where conversation = _change.conversation and left_revision > ${revision}
                and joined_position < _message.position and _message.position <= left_position)`;

/** Different emoji on one message (I9). */
export const MAX_REACTION_KINDS = 20;

export const CHANGE_MESSAGES: readonly string[] = [
  'alter table message add column edited_at timestamptz(3), add column deleted_at timestamptz(3)',
  // Those of a deleted message are gone with its text.
  `create table reaction (
     conversation uuid not null,
     position bigint not null,
     emoji text collate "C" not null,
     person bigint not null,
     id bigint generated always as identity,
     primary key (conversation, position, emoji, person)
   )`,

  /**
   * `change_messages(batch)`: edits, deletes, and reactions that come and go, one after the other (I3).
   *
   * Takes `[{m, c, s, p, k, t}]`: message, its conversation, person, permit or null, kind (`edit`, `delete`, `react`,
   * `unreact`), and the new text or the emoji. Gives one result for each, in order:
   *
   *     ["n", revision, [owner, seq, owner, seq, …]]   changed, with an event for everybody who may see the message
   *     ["s", revision] it was so before (I5), ["x"] nothing this person may change, ["g"] the message is deleted,
   *     ["f"] it has as many kinds of reactions as it may have, ["e"] the permit has ended
   *
   * Locks as commit_sends does: first conversations in id order, then the mailboxes of all of them in owner order.
   */
  `create function change_messages(_batch text) returns text language plpgsql set enable_seqscan = off as $$
   declare
     _input constant jsonb := _batch::jsonb;
     _conversations constant uuid[] := array(select distinct (x->>'c')::uuid from jsonb_array_elements(_input) x);
     _standing uuid[];
     _change record;
     _message message;
     _reaction reaction;
     _revision bigint;
     _joined bigint;
     _done boolean;
     _result text;
     _results text[] := '{}';
   begin
     perform 1 from conversation where id = any (_conversations) order by id for no key update;
     perform 1 from mailbox
      where owner = any (array(select distinct person from member where conversation = any (_conversations)))
      order by owner for no key update;
     _standing := array(select standing_permits(array(
       select distinct (x->>'p')::uuid from jsonb_array_elements(_input) x where x->>'p' is not null)));

     for _change in
       select * from rows from (jsonb_to_recordset(_input) as (m uuid, c uuid, s bigint, p uuid, k text, t text))
         with ordinality as x(message, conversation, person, permit, kind, text, ord) order by ord
     loop
       if _change.permit is not null and not _change.permit = any (_standing) then
         _results := array_append(_results, '["e"]');
         continue;
       end if;
       select * into _message from message where id = _change.message and conversation = _change.conversation;
       -- What removes old messages passes over this one now, and leaves no reaction to it behind; or it was faster.
       if _change.kind in ('react', 'unreact') and _message.id is not null then
         perform 1 from message where id = _change.message for key share;
         if not found then _message := null; end if;
       end if;
       select revision into _revision from conversation where id = _change.conversation;
       select joined_position into _joined from member
        where conversation = _change.conversation and person = _change.person and left_position is null;
       -- Who has left takes back what they wrote, and changes nothing else.
       if _message.id is null
          or _change.kind in ('edit', 'delete') and _message.sender <> _change.person
          or _change.kind <> 'delete' and (_joined is null or _message.position <= _joined)
          -- A recommendation has no text to edit. Whether it is there at all is not told to who may not read.
          or _message.recommended is not null and (_change.kind = 'edit' or _change.permit is not null
               and not exists (select from reading_permits(array[_change.permit])))
          or _change.kind in ('edit', 'react') and exists (
               select from conversation c join block b
                 on b.person = case when c.direct_low = _change.person then c.direct_high else c.direct_low end
                and b.blocked = _change.person
               where c.id = _change.conversation and c.kind = 'direct') then
         _results := array_append(_results, '["x"]');
         continue;
       end if;
       if _message.deleted_at is not null then
         _results := array_append(_results, case when _change.kind = 'delete' then '["s",' || _revision || ']' else '["g"]' end);
         continue;
       end if;

       if _change.kind = 'edit' then
         update message set text = _change.text, edited_at = date_trunc('milliseconds', clock_timestamp()), text_revision = _revision
          where id = _change.message and text <> _change.text;
         _done := found;
         -- After that: what removes old messages passes over this one now, and leaves no version of it behind.
         if _done then
           insert into message_version (conversation, position, revision, until_revision, text, edited_at)
           select _message.conversation, _message.position, _message.text_revision, _revision, _message.text, _message.edited_at
            where ${leftSince('_message.text_revision')};
         end if;
       elsif _change.kind = 'delete' then
         update message set text = '', recommended = case when recommended is not null then '{}'::jsonb end,
                deleted_at = date_trunc('milliseconds', clock_timestamp())
          where id = _change.message;
         delete from message_version where conversation = _change.conversation and position = _message.position;
         delete from reaction where conversation = _change.conversation and position = _message.position;
         delete from past_reaction where conversation = _change.conversation and position = _message.position;
         _done := true;
       elsif _change.kind = 'react' then
         if (select count(distinct emoji) from reaction where conversation = _change.conversation
               and position = _message.position and emoji <> _change.text) >= ${MAX_REACTION_KINDS} then
           _results := array_append(_results, '["f"]');
           continue;
         end if;
         insert into reaction (conversation, position, emoji, person, revision)
         values (_change.conversation, _message.position, _change.text, _change.person, _revision) on conflict do nothing;
         _done := found;
       else
         delete from reaction where conversation = _change.conversation and position = _message.position
            and emoji = _change.text and person = _change.person returning * into _reaction;
         _done := found;
         if _done then
           insert into past_reaction (conversation, position, id, emoji, person, revision, until_revision)
           select _reaction.conversation, _reaction.position, _reaction.id, _reaction.emoji, _reaction.person,
                  _reaction.revision, _revision
            where ${leftSince('_reaction.revision')};
         end if;
       end if;
       if not _done then
         _results := array_append(_results, '["s",' || _revision || ']');
         continue;
       end if;
       if _change.permit is not null and _change.kind in ('edit', 'delete') and outbox_wanted() then
         insert into outbox_event (key, type, subject)
         values (_change.conversation::text, 'message.' || _change.kind || case _change.kind when 'edit' then 'ed' else 'd' end,
                 _change.message::text);
       end if;

       with sees as (
         select distinct me.person from member me
          where me.conversation = _change.conversation and me.joined_position < _message.position
            -- A deletion reaches whoever could see the text, also those who have left.
            and (me.left_position is null or _change.kind = 'delete' and _message.position <= me.left_position)
       ), moved as (
         update mailbox b set head = b.head + 1 where b.owner = any (array(select person from sees))
         returning b.owner, b.head
       ), entered as (
         insert into mailbox_entry (owner, seq, kind, conversation, subject)
         select m.owner, m.head,
                case _change.kind when 'edit' then ${ENTRY.messageEdited} when 'delete' then ${ENTRY.messageDeleted}
                                  else ${ENTRY.messageReacted} end,
                _change.conversation, _message.position
           from moved m
       )
       select '["n",' || _revision || ',[' || string_agg(m.owner || ',' || m.head, ',') || ']]' into _result from moved m;
       _results := array_append(_results, _result);
     end loop;
     return '[' || array_to_string(_results, ',') || ']';
   end $$`,
];
