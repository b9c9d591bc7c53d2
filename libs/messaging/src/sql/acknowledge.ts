import { ENTRY } from './commit-sends.js';

/** Bounds of one statement that stores acknowledgements (I9). */
export const ACK_LIMITS = {
  /** Acknowledgements in it. */
  atOnce: 256,
  /** Entries of one mailbox that it looks through; the rest of a longer acknowledgement is for statements after it. */
  entriesEach: 1_000,
  /** When so many were looked through, the acknowledgements that are left wait for the next statement. */
  entries: 2_000,
} as const;

/** How far messages of a conversation have reached member `alias`: what was read has reached them too. */
export function deliveredTo(alias: string): string {
  return `greatest(${alias}.read_up_to, (select d.up_to from delivered d where d.conversation = ${alias}.conversation
    and d.person = ${alias}.person and d.up_to > ${alias}.joined_position))`;
}

export const ACKNOWLEDGE: readonly string[] = [
  // How far messages of a conversation have reached somebody. Written under the lock of their mailbox only: no row of
  // `member` is, which everything that changes a conversation writes. What was read has reached them too, see deliveredTo().
  `create table delivered (
     conversation uuid not null,
     person bigint not null,
     up_to bigint not null,
     primary key (conversation, person)
   ) with (fillfactor = 70)`,

  /**
   * `acknowledge(batch)`: clients have stored everything up to a place in their mailbox; never backwards (I3).
   *
   * Takes `[{o, s, b, p}]`: owner, seq, the place below which this acknowledgement was not looked at yet (seq at first),
   * permit or null. Newest entries are looked at first, so that one acknowledgement makes one receipt of a conversation,
   * however many messages and statements it takes. Gives `{"a": [one result for each, in order], "r": [receipts]}`:
   *
   *     ["n"] stored, ["m", below] looked at down to there, ["l"] not looked at: another statement
   *     ["p"] past the head, ["e"] the permit has ended, or may not read
   *     [reader's key, id, conversation, kind, delivered up to, read up to, [owner, seq, …]]   a receipt
   *
   * Locks mailboxes in owner order, and no conversation: it takes none after them. What it finds before the locks holds,
   * since head and acked only grow, and of somebody's own receipts all writers hold their mailbox.
   */
  `create function acknowledge(_batch text) returns text language plpgsql set enable_seqscan = off as $$
   declare
     _steps jsonb;
     _found jsonb;
     _standing uuid[];
     _result text;
   begin
     with asked as (
       select x.ord, x.owner, x.seq, x.below, x.permit, b.head, b.acked,
              greatest(least(x.below, b.head) - greatest(b.acked, x.below - ${ACK_LIMITS.entriesEach}), 0) as entries
         from rows from (jsonb_to_recordset(_batch::jsonb) as (o bigint, s bigint, b bigint, p uuid))
           with ordinality as x(owner, seq, below, permit, ord)
        cross join lateral (select coalesce(max(head), 0) as head, coalesce(max(acked), 0) as acked
                              from mailbox where owner = x.owner offset 0) b
     )
     select jsonb_agg(jsonb_build_object(
              'n', ord, 'o', owner, 's', seq, 'p', permit, 'below', below, 'acked', acked,
              'after', greatest(acked, below - ${ACK_LIMITS.entriesEach}),
              'past', seq > head, 'later', before >= ${ACK_LIMITS.entries}) order by ord)
       into _steps
       from (select a.*, sum(entries) over (order by ord) - entries as before from asked a) a;

     select coalesce(jsonb_agg(jsonb_build_object('n', f.n, 'o', f.o, 'c', f.c, 'position', f.position, 'kind', c.kind,
              'other', case when c.direct_low = f.o then c.direct_high else c.direct_low end)), '[]')
       into _found
       from (select s.n, s.o, e.conversation as c, max(e.subject) as position
               from jsonb_to_recordset(_steps) as s(n bigint, o bigint, below bigint, after bigint, past boolean, later boolean)
              cross join lateral (select kind, conversation, subject from mailbox_entry
                                   where owner = s.o and seq > s.after and seq <= s.below offset 0) e
              where not s.past and not s.later and e.kind = ${ENTRY.messageCreated}
              group by s.n, s.o, e.conversation) f
      cross join lateral (select * from conversation where id = f.c offset 0) c
      cross join lateral (select read_up_to from member m where m.conversation = f.c and m.person = f.o
                           order by m.joined_position desc limit 1) me
      where f.position > greatest(me.read_up_to,
              (select up_to from delivered d where d.conversation = f.c and d.person = f.o));

     perform 1 from mailbox
      where owner = any (array(select o from jsonb_to_recordset(_steps) as s(o bigint)
                               union select other from jsonb_to_recordset(_found) as f(other bigint)))
      order by owner for no key update;
     _standing := array(select reading_permits(array(
       select distinct p from jsonb_to_recordset(_steps) as s(p uuid) where p is not null)));

     with step as materialized (
       select *, p is null or p = any (_standing) as stands from jsonb_to_recordset(_steps)
         as s(n bigint, o bigint, s bigint, p uuid, below bigint, acked bigint, after bigint, past boolean, later boolean)
     ), taken as materialized (
       select n, o, case when after <= acked then s else 0 end as acked from step where stands and not past and not later
     ), fresh as materialized (
       select row_number() over (order by g.o, g.c) as n, g.*, p.id, me.read_up_to
         from (select f.o, f.c, f.kind, f.other, max(f.position) as position
                 from jsonb_to_recordset(_found) as f(n bigint, o bigint, c uuid, position bigint, kind text, other bigint)
                where f.n in (select n from taken) group by f.o, f.c, f.kind, f.other) g
        cross join lateral (select * from member m where m.conversation = g.c and m.person = g.o
                             order by m.joined_position desc limit 1) me
        cross join lateral (select id from person where key = g.o offset 0) p
        where g.position > me.joined_position
          and g.position > greatest(me.read_up_to,
                (select up_to from delivered d where d.conversation = g.c and d.person = g.o))
     ), stored as (
       insert into delivered (conversation, person, up_to) select c, o, position from fresh
           on conflict (conversation, person) do update set up_to = excluded.up_to
     ), fan as materialized (
       select f.n, f.c, f.o as reader, t.owner, row_number() over (partition by t.owner order by f.n) as nth
         from fresh f cross join lateral (values (f.o), (f.other)) as t(owner)
        where t.owner is not null
          -- Who has blocked somebody neither tells them nor is told.
          and (t.owner = f.o
               or not exists (select from block where person = t.owner and blocked = f.o)
                  and not exists (select from block where person = f.o and blocked = t.owner))
     ), want as materialized (
       select owner, sum(n)::bigint as n, max(acked) as acked
         from (select owner, 1 as n, 0 as acked from fan union all select o, 0, acked from taken) w group by owner
     ), moved as (
       update mailbox b set head = b.head + w.n, acked = greatest(b.acked, w.acked) from want w
        where b.owner = any (array(select owner from want)) and b.owner = w.owner and (w.n > 0 or b.acked < w.acked)
       returning b.owner, b.head - w.n as base
     ), placed as materialized (
       select f.*, m.base + f.nth as seq from fan f join moved m on m.owner = f.owner
     ), entered as (
       insert into mailbox_entry (owner, seq, kind, conversation, subject)
       select owner, seq, ${ENTRY.receiptUpdated}, c, reader from placed
     )
     select jsonb_build_object('a', (select jsonb_agg(case when not stands then '["e"]'::jsonb when past then '["p"]' when later then '["l"]'
                                          when after <= acked then '["n"]' else jsonb_build_array('m', after) end order by n)
                          from step),
              'r', coalesce((select jsonb_agg(jsonb_build_array(f.o, f.id, f.c, f.kind, f.position, f.read_up_to,
                                          (select jsonb_agg(v order by p.owner, i) from placed p
                                            cross join lateral (values (1, p.owner), (2, p.seq)) as x(i, v) where p.n = f.n))
                                          order by f.n) from fresh f), '[]'))
       into _result;
     return _result;
   end $$`,
];
