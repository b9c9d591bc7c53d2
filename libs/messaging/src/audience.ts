import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import { bridgeId } from './content.js';
import { notFound } from './errors.js';

/**
 * Who is told that somebody does something in passing in a conversation, as internal keys: the others, but for those who have
 * blocked them, and in a direct conversation for whom they have blocked. `person` is the internal key, or the id, where another
 * process tells of it. MessagingError `not_found` for who is not in it, and where a message of theirs would not be taken either.
 */
export async function audience(database: Database, person: number | string, conversation: string): Promise<number[]> {
  const id = bridgeId(conversation);
  const isThem = typeof person === 'number' ? sql<boolean>`p.key = ${person}` : sql<boolean>`p.id = ${person}`;
  const { rows } = await sql<{ kind: string; others: number[]; silent: boolean }>`
    select c.kind, exists (select from block b where b.person = p.key
                            and b.blocked in (c.direct_low, c.direct_high)) as silent,
           (select coalesce(json_agg(m.person), '[]') from member m
                     where m.conversation = c.id and m.left_position is null and m.person <> p.key
                       and not exists (select from block b where b.person = m.person and b.blocked = p.key)) as others
      from person p
      join member me on me.person = p.key and me.left_position is null
      join conversation c on c.id = me.conversation
     where ${isThem} and c.id = ${id ?? null}::uuid`.execute(database.tables());
  const [found] = rows;
  if (!found || (found.kind === 'direct' && found.others.length === 0)) throw notFound('conversation');
  return found.silent ? [] : found.others;
}
