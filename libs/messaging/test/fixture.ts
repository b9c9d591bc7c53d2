import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { People } from '@drawbridge/people';
import { sql } from 'kysely';
import { type DurableEvent, Messaging, type MessagingOptions, type Sender } from '../src/index.js';

const TUNEBOX = { app: 'tunebox-desktop', appName: 'Tunebox' } as const;

/** People who are all contacts of each other, as senders of the platform's own. */
export async function makePeople(database: Database, ids: readonly string[]): Promise<Sender[]> {
  const people = new People(database);
  const senders: Sender[] = [];
  for (const id of ids) {
    const { key, name } = await people.put({ id, handle: id, name: `${id} of the tests` });
    senders.push({ key, id, name, app: '', permit: null });
  }
  for (const id of ids) await people.setContacts(id, ids);
  return senders;
}

/** The same person through a partner's app, with a grant that stands until endGrant. */
export async function throughTunebox(
  database: Database,
  sender: Sender,
  scopes: readonly string[] = ['messages.read', 'messages.send'],
): Promise<Sender & { permit: string }> {
  const partner = '11111111-1111-4111-8111-111111111111';
  const permit = randomUUID();
  const all = ['messages.read', 'messages.send', 'recommendations.send'];
  await sql`insert into partner (id, name, homepage, privacy_url, contact, scopes, status)
            values (${partner}, 'Tunebox', 'https://t.example', 'https://t.example/p', 'x@t.example', ${all}, 'approved')
            on conflict do nothing`.execute(database.tables());
  await sql`insert into app (client_id, partner, name, kind, redirect_uris, scopes)
            values (${TUNEBOX.app}, ${partner}, ${TUNEBOX.appName}, 'native', '{}', ${all})
            on conflict do nothing`.execute(database.tables());
  await sql`insert into consent_grant (id, person, client_id, partner, scopes, auth_time, created_feed, expires_at)
            values (${permit}, ${sender.key}, ${TUNEBOX.app}, ${partner}, ${scopes}, now(), 0, now() + interval '1 day')`.execute(
    database.tables(),
  );
  return { ...sender, ...TUNEBOX, permit };
}

export async function endGrant(database: Database, permit: string): Promise<void> {
  await sql`update consent_grant set ended_at = now(), end_reason = 'revoked_by_person' where id = ${permit}`.execute(
    database.tables(),
  );
}

export interface Recorded {
  messaging: Messaging;
  events: DurableEvent[];
  logged: string[];
}

export function recordingMessaging(database: Database, options: Partial<MessagingOptions> = {}): Recorded {
  const events: DurableEvent[] = [];
  const logged: string[] = [];
  const log = (_: object, message: string) => logged.push(message);
  const messaging = new Messaging({
    database,
    mayCommit: () => true,
    onCommitted: (committed) => void events.push(...committed),
    log: { warn: log, error: log },
    ...options,
  });
  return { messaging, events, logged };
}

export async function makeDirect(messaging: Messaging, from: Sender, to: Sender): Promise<string> {
  const made = await messaging.createConversation(from, { members: [to.id], clientId: randomUUID() });
  return made.conversation.id;
}

export function text(n: number | string, conversation: string) {
  return { conversation, text: `message ${n}`, clientId: randomUUID() };
}

export async function count(database: Database, table: 'message' | 'mailbox_entry' | 'conversation'): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(database.tables());
  return rows[0]!.n;
}

/** I4 in the store: the entries of every mailbox are 1, 2, 3 … head, and positions of every conversation likewise. */
export async function expectContiguous(database: Database): Promise<void> {
  const { rows } = await sql<{ what: string }>`
    select 'mailbox ' || b.owner as what from mailbox b
      left join (select owner, count(*) as n, max(seq) as top, min(seq) as low from mailbox_entry group by owner) e
        on e.owner = b.owner
     where b.head <> coalesce(e.n, 0) or b.head <> coalesce(e.top, 0) or (b.head > 0 and e.low <> 1)
    union all
    select 'conversation ' || c.id from conversation c
      left join (select conversation, count(*) as n, max(position) as top from message group by conversation) m
        on m.conversation = c.id
     where c.last_position <> coalesce(m.n, 0) or c.last_position <> coalesce(m.top, 0)`.execute(database.tables());
  expect(rows).toEqual([]);
}
