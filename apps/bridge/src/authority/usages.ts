import type { GrantView } from '@drawbridge/consent';
import { Database, Turns } from '@drawbridge/database';
import { ENTRY } from '@drawbridge/messaging';
import { Injectable, Logger } from '@nestjs/common';
import { sql } from 'kysely';

/** What counting for Connected apps may take of the store (I9). */
export const USAGE_LIMITS = {
  days: 7,
  /** More messages than this are "more than" so many. */
  messages: 10_000,
  /** Access windows and pages that are looked at, of one grant; the newest. */
  windows: 10_000,
  pages: 5_000,
  /** Grants of one person; the newest. What the others did is in the download. */
  grants: 50,
  /** After this long the other grants go without. */
  withinMs: 2_000,
  /** People whose usage is counted at once, and who wait for it: the page that consent is ended on waits no longer. */
  atOnce: 2,
  waiting: 8,
} as const;

/** Entries of a mailbox whose events show what somebody wrote: a message sent, edited, reacted to. */
const SHOW_TEXT = [ENTRY.messageCreated, ENTRY.messageEdited, ENTRY.messageReacted];

/** What a grant was shown in the last days: each message once, whether it was an event, or in a page, or both. */
export interface Usage {
  messages: number;
  conversations: number;
  /** There were more than these. */
  more: boolean;
  /** A gateway that died could not say how far it had got: there may have been fewer. */
  atMost: boolean;
  last: Date | null;
  connected: boolean;
}

/** How much each app has read, for its person: counted from the access windows and pages on the record. */
@Injectable()
export class Usages {
  private readonly turns = new Turns({ atOnce: USAGE_LIMITS.atOnce, waiting: USAGE_LIMITS.waiting });
  private readonly log = new Logger('Record');

  constructor(private readonly database: Database) {}

  /** A page without these figures is better than none: where they cannot be had, there are none. */
  async of(person: number, grants: readonly GrantView[]): Promise<ReadonlyMap<string, Usage>> {
    const asked = grants.slice(0, USAGE_LIMITS.grants);
    if (asked.length === 0) return new Map();
    try {
      return await this.turns.take(String(person), () => this.count(person, asked));
    } catch (error) {
      this.log.warn({ err: error }, 'What apps have read could not be counted');
      return new Map();
    }
  }

  /** One after the other: the embedded database has one connection, for consent too. */
  private async count(person: number, grants: readonly GrantView[]): Promise<Map<string, Usage>> {
    const until = performance.now() + USAGE_LIMITS.withinMs;
    const counted = new Map<string, Usage>();
    for (const { id, scopes } of grants) {
      if (performance.now() > until) break;
      const { rows } = await usage(person, id, scopes.includes('messages.read')).execute(this.database.tables());
      counted.set(id, rows[0]!);
    }
    return counted;
  }
}

/**
 * Of one grant, which reads or no longer does. Ranges are joined before entries are counted, so that connections side by
 * side count once. A window that was opened earlier than the days in question may have brought what was older then; of
 * it, only what was sent or edited in these days counts.
 */
function usage(person: number, grant: string, reads: boolean) {
  const { days, messages, windows, pages } = USAGE_LIMITS;
  return sql<Usage>`
    with since as materialized (
      select clock_timestamp() - ${days}::integer * interval '1 day' as at
    ), latest as materialized (
      select * from access_window where grant_id = ${grant}::uuid order by id desc limit ${windows}::integer
    ), used_window as materialized (
      select w.*, w.opened_at <= since.at as earlier,
             case when w.closed_at is null then case when ${reads}::boolean then
               (select head from mailbox where owner = ${person}::bigint) end else w.last_seq end as up_to
      from latest w, since
      where w.from_seq is not null and (w.closed_at is null or w.closed_at > since.at)
    ), span as materialized (
      select earlier, unnest(range_agg(int8range(from_seq + 1, up_to, '[]'))) as seqs
      from used_window where up_to > from_seq group by earlier
    ), entry as materialized (
      select s.earlier, e.conversation, e.subject as position
      from (select * from span order by upper(seqs) desc) s
      cross join lateral (
        select * from mailbox_entry
        where owner = ${person}::bigint and seq >= lower(s.seqs) and seq < upper(s.seqs) and kind = any (${SHOW_TEXT}::smallint[])
        order by seq desc limit ${messages + 1}::integer) e
      limit ${messages + 1}::integer
    ), event as materialized (
      select e.conversation, e.position, m.sent_at
      from entry e
      cross join lateral (
        select sent_at, edited_at from message where conversation = e.conversation and position = e.position offset 0) m, since
      where not e.earlier or m.sent_at > since.at or m.edited_at > since.at
    ), page as materialized (
      select p.* from access_page p, since
      where p.person = ${person}::bigint and p.at > since.at and p.grant_id = ${grant}::uuid
      order by p.at desc limit ${pages}::integer
    ), shown as materialized (
      select run.conversation, generate_series(lower(run.positions), upper(run.positions) - 1) as position
      from (
        select r.conversation, unnest(range_agg(int8range(r.low, r.high, '[]'))) as positions
        from page cross join lateral unnest(page.conversations, page.from_positions, page.to_positions)
          as r(conversation, low, high)
        group by r.conversation) run
      limit ${messages + 1}::integer
    ), seen as (
      select conversation, position from event union select conversation, position from shown
    )
    select least(count(*), ${messages}::integer) as messages, count(distinct conversation) as conversations,
      count(*) > ${messages}::integer
        or (select count(*) from entry) > ${messages}::integer or (select count(*) from shown) > ${messages}::integer
        or (select count(*) from page) = ${pages}::integer
        or (select count(*) from latest, since where opened_at > since.at) = ${windows}::integer as more,
      (select coalesce(bool_or(at_most and up_to > from_seq), false) from used_window) as "atMost",
      greatest((select max(sent_at) from event), (select max(at) from page),
               (select max(opened_at) from used_window where up_to > from_seq and not earlier)) as last,
      exists (select from access_window where grant_id = ${grant}::uuid and closed_at is null) as connected
    from seen`;
}
