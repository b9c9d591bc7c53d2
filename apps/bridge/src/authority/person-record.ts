import type { Database } from '@drawbridge/database';
import { type RawBuilder, sql } from 'kysely';

/** Lines of the record that one statement reads; no more of it is held in memory at once (I9). */
const LINES_PER_READ = 500;

/** What happened to an app or a partner is on the record of everybody who had a grant there at the time. */
const OF_EVERYBODY = [
  'app_ended',
  'app_narrowed',
  'partner_suspended',
  'partner_resumed',
  'partner_ended',
  'partner_narrowed',
  'partner_voided',
];

interface Row {
  /** As the database writes it, to go on from; a Date would lose its microseconds. */
  cursor: string;
  source: number;
  id: number;
  line: object;
}

const START = { cursor: '-infinity', source: 0, id: 0 };

/**
 * All that is on the record about a person, oldest first, one JSON object a line (docs/record.md): as much as there was
 * when it began. Each piece is some lines; the next is read when it is asked for.
 */
export async function* recordOf(database: Database, person: number): AsyncGenerator<string> {
  const db = database.tables();
  const { rows: now } = await sql<{ until: string }>`select clock_timestamp()::text as until`.execute(db);
  const until = now[0]!.until;
  let after: Omit<Row, 'line'> = START;
  for (;;) {
    const { rows } = await sql<Row>`
      select x.at::text as cursor, x.source, x.id, ${LINE} as line
      from (${linesAfter(person, after, until)}) x
      left join consent_grant g on g.id = x.grant_id
      left join app a on a.client_id = coalesce(x.client_id, g.client_id)
      left join partner p on p.id = coalesce(x.partner, g.partner)
      order by x.at, x.source, x.id`.execute(db);
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map(({ line }) => `${JSON.stringify(line)}\n`).join('');
    if (rows.length < LINES_PER_READ) return;
    after = last;
  }
}

/** RFC 3339 in UTC with milliseconds, as every time that leaves the bridge. */
const time = (at: RawBuilder<unknown>) => sql`to_char(${at}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const LINE = sql`(
  jsonb_build_object('at', ${time(sql`x.at`)}, 'kind', x.kind)
  || jsonb_strip_nulls(jsonb_build_object(
       'by', x.actor, 'grant', x.grant_id,
       'app', case when a.client_id is not null then jsonb_build_object('id', a.client_id, 'name', a.name) end,
       'partner', case when p.id is not null then jsonb_build_object('id', p.id, 'name', p.name) end))
  || jsonb_strip_nulls(x.data))`;

/** The sources, each from where the last read ended; `at >=` finds the place in the index. */
function linesAfter(person: number, after: Omit<Row, 'line'>, until: string) {
  const place = (at: RawBuilder<unknown>, source: number, id: RawBuilder<unknown>) => sql`
    ${at} >= ${after.cursor}::timestamptz and ${at} < ${until}::timestamptz
    and (${at}, ${source}::integer, ${id}) > (${after.cursor}::timestamptz, ${after.source}::integer, ${after.id}::bigint)
    order by ${at}, ${id} limit ${LINES_PER_READ}::integer`;
  const entry = { at: sql`e.at`, id: sql`e.id` };
  return sql`
    (select e.at, 1 as source, e.id, e.kind, e.actor, e.grant_id, e.client_id, e.partner,
            case when e.data = '{}' then '{}'::jsonb else jsonb_build_object('data', e.data) end as data
     from ledger_entry e where e.person = ${person}::bigint and ${place(entry.at, 1, entry.id)})
    union all
    (select e.at, 2, e.id, e.kind, e.actor, null, e.client_id, e.partner,
            case when e.data ? 'to' then jsonb_build_object('data', jsonb_build_object('from', e.data->'from', 'to', e.data->'to'))
                 else '{}' end
     from ledger_entry e
     where e.person is null and e.kind = any (${OF_EVERYBODY}::text[])
       and e.partner = any (array(select partner from consent_grant where person = ${person}::bigint))
       and exists (select from consent_grant h
                   where h.person = ${person}::bigint and h.partner = e.partner
                     and (e.client_id is null or h.client_id = e.client_id) and h.created_at <= e.at
                     and (h.ended_at is null or h.ended_at >= e.at or h.ended_with is not null))
       and ${place(entry.at, 2, entry.id)})
    union all
    (select w.opened_at, 3, w.id, 'access_window', null, w.grant_id, null, null, jsonb_build_object(
              'gateway', w.gateway, 'opened', ${time(sql`w.opened_at`)}, 'closed', ${time(sql`w.closed_at`)},
              'closedBy', w.closed_by, 'fromSeq', w.from_seq, 'lastSeq', w.last_seq,
              'atMost', case when w.at_most then true end)
     from access_window w where w.person = ${person}::bigint and ${place(sql`w.opened_at`, 3, sql`w.id`)})
    union all
    (select v.at, 4, v.id, 'page_shown', null, v.grant_id, null, null, jsonb_build_object(
              'command', v.command,
              'messages', (select jsonb_agg(jsonb_build_object('conversation', r.conversation, 'from', r.low, 'to', r.high))
                           from unnest(v.conversations, v.from_positions, v.to_positions) as r(conversation, low, high)))
     from access_page v where v.person = ${person}::bigint and ${place(sql`v.at`, 4, sql`v.id`)})
    union all
    (select t.effective_at, 5, t.number, 'receipt', null, t.grant_id, null, null, jsonb_build_object(
              'of', t.kind, 'reason', t.reason, 'requestedAt', ${time(sql`t.requested_at`)},
              'effectiveAt', ${time(sql`t.effective_at`)}, 'connectionsClosed', t.connections_closed, 'gateways', t.gateways,
              'scopes', t.scopes)
     from consent_grant h join consent_receipt t on t.grant_id = h.id
     where h.person = ${person}::bigint and ${place(sql`t.effective_at`, 5, sql`t.number`)})
    union all
    (select t.effective_at, 6, t.number, 'receipt', null, null, t.client_id, t.partner, jsonb_build_object(
              'of', t.kind, 'reason', t.reason, 'requestedAt', ${time(sql`t.requested_at`)},
              'effectiveAt', ${time(sql`t.effective_at`)}, 'gateways', t.gateways, 'scopes', t.scopes)
     from consent_receipt t
     where t.grant_id is null
       and exists (select from consent_grant h
                   where h.person = ${person}::bigint and (h.partner = t.partner or h.client_id = t.client_id)
                     and h.created_feed < t.number
                     and (h.ended_at is null or h.ended_with >= t.number
                          or (h.ended_with is null and h.ended_at >= t.requested_at)))
       and ${place(sql`t.effective_at`, 6, sql`t.number`)})
    order by 1, 2, 3 limit ${LINES_PER_READ}::integer`;
}
