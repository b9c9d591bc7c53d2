import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import type { Chore, Step } from './upkeep.js';

/** Bounds of one step (I9): its statements are short, and so is all that they lock. */
export const TRIM_LIMITS = {
  /** Mailboxes looked at. */
  mailboxes: 100,
  /** Entries of one mailbox that are looked at, and those that are removed of it. */
  entries: 1_000,
  /** Entries removed of all of them. */
  removed: 5_000,
} as const;

/** What is kept of a mailbox. */
export interface MailboxKeeping {
  /** Entries of the last so many days, to the day. */
  readonly days: number;
  /** The last so many entries. */
  readonly entries: number;
}

/** The day of an entry, as in the default of `mailbox_entry.day`. */
const TODAY = sql`(current_date - date '2000-01-01')`;

/**
 * Removes entries that are too old or too many, from the front of each mailbox, mailbox by mailbox in the order of their
 * owners. First `trimmed` is raised, and when that is committed entries go: no reader finds a hole that `trimmed` does
 * not tell of (I4). Nothing here waits for a send: a mailbox that is locked is passed over until the next round. Sends
 * wait for nothing but the raising, a statement that changes some rows and reads nothing while it holds them.
 */
export function trimming(database: Database, { days, entries }: MailboxKeeping): Chore {
  return {
    name: 'mailbox_entries',
    async step(place): Promise<Step> {
      const after = place === '' ? -1 : Number(place);
      const { last, raised } = await raise(database, after, { days, entries });
      if (last === null) return { removed: 0 };
      const removed = await remove(database, after, last);
      // While there may be more of them, it stays with these.
      const more = raised > 0 || removed === TRIM_LIMITS.removed;
      return { next: String(more ? after : last), removed };
    },
  };
}

async function raise(database: Database, after: number, { days, entries }: MailboxKeeping) {
  const tooOld = sql`day < ${TODAY} - ${days}::integer`;
  const { rows } = await sql<{ last: number | null; raised: number }>`
    with slice as materialized (
      select owner, head, trimmed from mailbox where owner > ${after}::bigint
       order by owner limit ${TRIM_LIMITS.mailboxes}::integer
    ), due as materialized (
      select s.* from slice s
       where s.head - s.trimmed > ${entries}::bigint
          or (select ${tooOld} from mailbox_entry where owner = s.owner and seq > s.trimmed order by seq limit 1)
    ), found as materialized (
      select d.owner, least(greatest(o.before - 1, d.head - ${entries}::bigint), d.trimmed + ${TRIM_LIMITS.entries}::bigint) as up_to
        from due d cross join lateral (
          select coalesce(min(e.seq) filter (where not old), max(e.seq) + 1, 0) as before
            from (select seq, ${tooOld} as old from mailbox_entry where owner = d.owner and seq > d.trimmed
                   order by seq limit ${TRIM_LIMITS.entries}::integer) e) o
    ), locked as materialized (
      select b.owner from mailbox b where b.owner = any (array(select f.owner from found f))
       order by b.owner for no key update skip locked
    ), raised as (
      update mailbox b set trimmed = f.up_to from found f
       where b.owner = any (array(select l.owner from locked l)) and f.owner = b.owner and b.trimmed < f.up_to
      returning 1
    )
    select (select max(owner) from slice) as last, (select count(*) from raised) as raised`.execute(database.tables());
  return rows[0]!;
}

async function remove(database: Database, after: number, last: number): Promise<number> {
  const { rows } = await sql<{ removed: number }>`
    with gone as materialized (
      select e.owner, e.seq
        from mailbox b cross join lateral (
          select owner, seq from mailbox_entry where owner = b.owner and seq <= b.trimmed
           order by seq limit ${TRIM_LIMITS.entries}::integer) e
       where b.owner > ${after}::bigint and b.owner <= ${last}::bigint and b.trimmed > 0
       limit ${TRIM_LIMITS.removed}::integer
    ), removed as (
      delete from mailbox_entry m using gone g where m.owner = g.owner and m.seq = g.seq returning 1
    )
    select count(*) as removed from removed`.execute(database.tables());
  return rows[0]!.removed;
}
