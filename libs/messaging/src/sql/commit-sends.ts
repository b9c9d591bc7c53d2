/** `mailbox_entry.kind`: what an entry refers to. `subject` is the message's position, or 0. */
export const ENTRY = {
  messageCreated: 1,
  conversationCreated: 2,
  messageEdited: 3,
  messageDeleted: 4,
  messageReacted: 5,
  conversationUpdated: 6,
  /** `subject` is the reader's key. */
  receiptUpdated: 7,
} as const;

/**
 * `commit_sends(batch)`: stores up to some hundred sends in one statement of the client's (I3, I5).
 *
 * Client ids are UUIDs, so the same one in other letters is the same (RFC 9562 section 4).
 *
 * Takes `{"c": [conversation ids], "s": [{m, c, s, a, i, p, t, r, k, f, w}]}`: message id, conversation, sender, app, client
 * id, permit or null, text, replied-to message or null, k = true where the recipient must be a contact, f = true where they
 * may have blocked the sender, and when it was written, in ms, if not now. Gives
 * `{"at": ms, "r": [one result for each send, in order]}`, a result being one of
 *
 *     ["n", position, sender's seq, [owner, seq, owner, seq, …]]   stored
 *     ["d", message id]                                            sent before, the same content
 *     ["c"] other content under the same client id, ["x"] no such conversation for this sender, ["e"] the permit has ended
 *
 * Two statements, because READ COMMITTED gives each its own snapshot: the first locks the conversations in id order, and
 * only the second, which then sees all that was committed before, reads. Mailboxes are locked after conversations, in
 * owner order. Every transaction that takes both keeps to this, so none waits in a circle.
 *
 * The plan is cached for the life of a connection, which may have begun with empty tables and no statistics. Each table
 * is therefore read through a lateral subquery with `offset 0`, or with `= any (array)`: those can only become index scans.
 * What comes from the batch is taken for one row and would be joined row by row with itself, so nested loops are off;
 * a lateral subquery still is one, having no other way.
 */
export const COMMIT_SENDS = `
create function commit_sends(_batch text) returns text language plpgsql
set enable_seqscan = off set enable_nestloop = off as $$
declare
  _input constant jsonb := _batch::jsonb;
  _conversations constant uuid[] := array(select jsonb_array_elements_text(_input->'c')::uuid);
  _now timestamptz(3);
  _result text;
begin
  perform 1 from conversation where id = any (_conversations) order by id for no key update;
  _now := date_trunc('milliseconds', clock_timestamp());

  with input as materialized (
    select * from rows from (jsonb_to_recordset(_input->'s')
             as (m uuid, c uuid, s bigint, a text collate "C", i text collate "C", p uuid, t text, r uuid, k boolean, f boolean, w bigint)) with ordinality
             as x(id, conversation, sender, app, client_id, permit, text, reply_to, to_contact, free, written, ord)
  ), permits as materialized (
    select permit from standing_permits(array(select distinct x.permit from input x where x.permit is not null)) as permit
  ), allowed as materialized (
    select x.*, lower(x.client_id) as client_key, substr(sha256(convert_to(coalesce(x.reply_to::text, '') || ' ' || x.text, 'UTF8')), 1, 16) as content_hash
      from input x
     where x.permit is null or x.permit in (select s.permit from permits s)
  ), prior as materialized (
    select x.ord, m.id, m.conversation = x.conversation and m.content_hash = x.content_hash as same
      from allowed x
     cross join lateral (select m.id, m.conversation, m.content_hash from message m
                          where m.sender = x.sender and m.app = x.app and lower(m.client_id) = x.client_key
                            and m.recommended is null offset 0) m
  ), fresh as materialized (
    select distinct on (x.sender, x.app, x.client_key) x.*, c.last_position
      from allowed x
     cross join lateral (select c.last_position,
                                case when c.direct_low = x.sender then c.direct_high else c.direct_low end as other
                           from conversation c where c.id = x.conversation offset 0) c
     cross join lateral (select m.joined_position from member m
                          where m.conversation = x.conversation and m.person = x.sender
                            and m.left_position is null offset 0) me
     where not exists (select from prior p where p.ord = x.ord)
       and (c.other is null or x.free
            or coalesce((select false from block b where b.person = c.other and b.blocked = x.sender limit 1), true))
       and (x.to_contact is null
            or coalesce((select true from contact k where k.person = x.sender and k.contact = c.other limit 1), false))
       and (x.reply_to is null
            or coalesce((select r.conversation = x.conversation and r.position > me.joined_position
                            -- Whether a recommendation is there is not told to who may not read.
                            and (r.recommended is null or x.permit is null
                                 or exists (select from reading_permits(array[x.permit])))
                           from message r where r.id = x.reply_to limit 1), false))
     order by x.sender, x.app, x.client_key, x.ord
  ), placed as materialized (
    select f.*, f.last_position + row_number() over (partition by f.conversation order by f.ord) as position,
           coalesce(to_timestamp(f.written::double precision / 1000)::timestamptz(3), _now) as sent_at
      from fresh f
  ), fan as materialized (
    select me.person as owner, p.ord, p.conversation, p.position, p.sender,
           row_number() over (partition by me.person order by p.ord) as nth
      from placed p
     cross join lateral (select m.person from member m
                          where m.conversation = p.conversation and m.left_position is null offset 0) me
  ), want as materialized (
    select f.owner, count(*) as n from fan f group by f.owner
  ), locked as materialized (
    select b.owner from mailbox b where b.owner = any (array(select w.owner from want w))
     order by b.owner for no key update
  ), moved as (
    update mailbox b set head = b.head + w.n from want w
     where b.owner = any (array(select l.owner from locked l)) and w.owner = b.owner
    returning b.owner, b.head - w.n as base
  ), delivered as materialized (
    select f.ord, f.owner, f.sender, f.conversation, f.position, m.base + f.nth as seq
      from fan f join moved m on m.owner = f.owner
  ), entered as (
    insert into mailbox_entry (owner, seq, kind, conversation, subject)
    select d.owner, d.seq, ${ENTRY.messageCreated}, d.conversation, d.position from delivered d
  ), stored as (
    insert into message (conversation, position, id, sender, app, client_id, content_hash, sender_seq, text, reply_to, sent_at)
    select p.conversation, p.position, p.id, p.sender, p.app, p.client_id, p.content_hash, d.seq, p.text, p.reply_to, p.sent_at
      from placed p join delivered d on d.ord = p.ord and d.owner = p.sender
    returning id, position, sender_seq
  ), told as (
    insert into outbox_event (key, type, subject)
    select p.conversation::text, 'message.created', p.id::text from placed p
     where p.permit is not null and outbox_wanted() order by p.ord
  ), grown as (
    update conversation c set last_position = x.top, updated_at = greatest(c.updated_at, x.latest)
      from (select p.conversation, max(p.position) as top, max(p.sent_at) as latest from placed p group by 1) x
     where c.id = any (_conversations) and c.id = x.conversation
  ), has_read as (
    update member m set read_up_to = x.top
      from (select p.conversation, p.sender, max(p.position) as top from placed p group by 1, 2) x
     where m.conversation = any (_conversations) and m.left_position is null
       and m.conversation = x.conversation and m.person = x.sender
  ), recipients as (
    select d.ord, string_agg(d.owner || ',' || d.seq, ',') as pairs from delivered d group by d.ord
  )
  select '{"at":' || (extract(epoch from _now) * 1000)::bigint || ',"r":[' || string_agg(case
           when a.ord is null then '["e"]'
           when pr.ord is not null then case when pr.same then '["d","' || pr.id || '"]' else '["c"]' end
           when s.id = x.id then '["n",' || s.position || ',' || s.sender_seq || ',[' || r.pairs || ']]'
           when s.id is not null and x.ord > first.ord then
             case when first.conversation = x.conversation and first.content_hash = a.content_hash
                  then '["d","' || s.id || '"]' else '["c"]' end
           else '["x"]' end, ',' order by x.ord) || ']}'
    into _result
    from input x
    left join allowed a on a.ord = x.ord
    left join prior pr on pr.ord = x.ord
    left join placed first on first.sender = a.sender and first.app = a.app and first.client_key = a.client_key
    left join stored s on s.id = first.id
    left join recipients r on r.ord = x.ord;
  return _result;
end $$`;
