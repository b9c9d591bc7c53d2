import { cursorOf, type Database, positionIn } from '@drawbridge/database';
import { sql } from 'kysely';

/** Somebody as their contacts see them. */
export interface Contact {
  id: string;
  handle: string;
  name: string;
}

export interface ContactPage {
  contacts: Contact[];
  /** Opaque: where the next page begins. */
  next?: string;
}

/**
 * The people on somebody's contact list, by handle. Undefined for a cursor that is none of ours. Who has blocked the
 * person stays in it: that they have is nobody's business.
 */
export async function readContacts(
  database: Database,
  person: number,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ContactPage | undefined> {
  const after = page.cursor === undefined ? [null, null] : positionIn(page.cursor, 'string', 'string');
  if (!after) return undefined;
  const [handle, id] = after;
  const { rows } = await sql<Contact>`
    select p.id, coalesce(p.handle, p.id) as handle, p.name from contact c join person p on p.key = c.contact
    where c.person = ${person}::bigint and p.erased_at is null
      and (${handle}::text is null
           or (coalesce(p.handle, p.id), p.id) > (${handle}::text, ${id}::text))
    order by coalesce(p.handle, p.id), p.id limit ${page.limit + 1}::integer`.execute(database.tables());
  const contacts = rows.slice(0, page.limit);
  const last = contacts.at(-1);
  if (!last || rows.length === contacts.length) return { contacts };
  return { contacts, next: cursorOf([last.handle, last.id]) };
}
