import { createHash } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { type QueryExecutorProvider, sql } from 'kysely';
import type { Conversations } from './conversations.js';
import type { StoredEvent } from './events.js';
import { ENTRY } from './sql/commit-sends.js';
import {
  blocked,
  type ConversationRow,
  conversationData,
  deliveredUpTo,
  MESSAGE_ROWS_OF_MEMBER,
  type MessageRow,
  messageData,
  messageView,
  receiptData,
  seesMessage,
} from './views.js';

/** Events of one read; the reader asks again for the next. */
export const MAX_EVENTS_READ = 256;

export interface MailboxPosition {
  /** The last seq given out. */
  head: number;
  /** Entries up to this one are no longer kept. */
  trimmed: number;
}

/**
 * The entries of one mailbox after `after`, oldest first, at most `limit` and MAX_EVENTS_READ. The first one is `after` + 1,
 * or those before it were trimmed.
 */
export interface MailboxRead {
  readonly owner: number;
  readonly after: number;
  readonly limit: number;
}

/** What an entry of each kind tells of a message, as it is today, or was when the person left. */
const MESSAGE_EVENTS: Readonly<Record<number, StoredEvent['name']>> = {
  [ENTRY.messageCreated]: 'message.created',
  [ENTRY.messageEdited]: 'message.edited',
  [ENTRY.messageDeleted]: 'message.deleted',
  [ENTRY.messageReacted]: 'message.reacted',
};
const OF_MESSAGES = Object.keys(MESSAGE_EVENTS).map(Number);

const CONVERSATION_EVENTS: Readonly<Record<number, StoredEvent['name']>> = {
  [ENTRY.conversationCreated]: 'conversation.created',
  [ENTRY.conversationUpdated]: 'conversation.updated',
};

type EntryRow = {
  read: number;
  seq: number;
  kind: number;
  entry_conversation: string;
  reader: string | null;
  delivered_up_to: number | null;
  read_up_to: number | null;
} & (MessageRow | { id: null });

/** What each person has not seen yet, in order. */
export class Mailboxes {
  constructor(
    private readonly database: Database,
    private readonly conversations: Conversations,
  ) {}

  /** Everybody asked for is in the answer; who has no mailbox yet is at 0. */
  async heads(owners: readonly number[]): Promise<Map<number, MailboxPosition>> {
    const heads = new Map(owners.map((owner) => [owner, { head: 0, trimmed: 0 }]));
    if (owners.length === 0) return heads;
    const { rows } = await sql<{ owner: number; head: number; trimmed: number }>`
      select owner, head, trimmed from mailbox where owner = any (${owners}::bigint[])`.execute(this.database.tables());
    for (const { owner, head, trimmed } of rows) heads.set(owner, { head, trimmed });
    return heads;
  }

  /** One statement for all of them, and one more where conversations were made; one answer for each, in order. */
  async read(reads: readonly MailboxRead[]): Promise<StoredEvent[][]> {
    const asked = JSON.stringify(
      reads.map(({ owner, after, limit }, i) => ({ i, o: owner, a: after, l: Math.min(limit, MAX_EVENTS_READ) })),
    );
    const { rows } = await sql<EntryRow>`
      select x.i as read, e.seq, e.kind, e.conversation as entry_conversation,
             r.id as reader, case when r.is_told then r.delivered_up_to end as delivered_up_to,
             case when r.is_told then r.read_up_to end as read_up_to, v.*
        from jsonb_to_recordset(${asked}::text::jsonb) as x(i integer, o bigint, a bigint, l integer)
       cross join lateral (select * from mailbox_entry where owner = x.o and seq > x.a order by seq limit x.l) e
        left join lateral (${MESSAGE_ROWS_OF_MEMBER} join member me on ${seesMessage(sql`x.o`)}
               where e.kind = any (${OF_MESSAGES}::smallint[]) and m.conversation = e.conversation and m.position = e.subject offset 0) v on true
        left join lateral (select p.id, t.is_told, m.read_up_to, ${deliveredUpTo('m')} as delivered_up_to
               from member m join person p on p.key = m.person
              cross join lateral (select m.person = x.o or not ${blocked('m.person', 'x.o')} as is_told) t
               where e.kind = ${ENTRY.receiptUpdated} and m.conversation = e.conversation and m.person = e.subject
               order by m.joined_position desc limit 1) r on true
       order by x.i, e.seq`.execute(this.database.tables());
    const ofConversations = rows.filter((row) => CONVERSATION_EVENTS[row.kind] !== undefined);
    const seen = new Map<string, ConversationRow | undefined>();
    if (ofConversations.length > 0) {
      // Whoever has left sees it as it was then.
      const asked = ofConversations.map(({ read, entry_conversation: conversation }) => ({
        person: reads[read]!.owner,
        conversation,
      }));
      const found = await this.conversations.rowsFor(asked);
      for (const [n, { person, conversation }] of asked.entries()) seen.set(`${person} ${conversation}`, found[n]);
    }
    const answers = reads.map((): StoredEvent[] => []);
    for (const row of rows) {
      const { owner } = reads[row.read]!;
      answers[row.read]!.push(storedEvent(row, owner, seen.get(`${owner} ${row.entry_conversation}`)));
    }
    return answers;
  }

  /**
   * Changes when the data is no longer the continuation of what clients saw: another database, another cluster, or a
   * failover that may have lost something.
   */
  async epoch(): Promise<string> {
    const [identity, { rows }] = await Promise.all([
      this.database.identity(),
      sql<{ id: string }>`select id from mailbox_epoch`.execute(this.database.tables()),
    ]);
    return createHash('sha256').update(`${rows[0]!.id} ${identity}`).digest('base64url').slice(0, 22);
  }
}

/**
 * From here on the data is another: every client loads anew what it shows. `db` may be a transaction, which has it on
 * the record.
 */
export async function renewEpoch(db: QueryExecutorProvider): Promise<void> {
  await sql`update mailbox_epoch set id = gen_random_uuid()`.execute(db);
}

const NOTHING = Buffer.alloc(0);

function storedEvent(row: EntryRow, owner: number, conversation: ConversationRow | undefined): StoredEvent {
  if (row.id !== null) {
    const name = MESSAGE_EVENTS[row.kind]!;
    const event = { seq: row.seq, name, data: messageData(messageView(row)) };
    return row.sender === owner && name === 'message.created'
      ? { ...event, ownClientId: { app: row.app, clientId: row.client_id } }
      : event;
  }
  if (row.reader !== null) {
    const { entry_conversation: conversation, reader: person, delivered_up_to, read_up_to } = row;
    const [deliveredUpTo, readUpTo] = [delivered_up_to ?? 0, read_up_to ?? 0];
    return {
      seq: row.seq,
      name: 'receipt.updated',
      data: receiptData({ conversation, person, deliveredUpTo, readUpTo }),
    };
  }
  const ofMessage = MESSAGE_EVENTS[row.kind];
  if (ofMessage) return { seq: row.seq, name: ofMessage, data: NOTHING, gone: true };
  const name = CONVERSATION_EVENTS[row.kind];
  if (!conversation || !name) throw new Error(`Entry ${row.seq} of mailbox ${owner} refers to nothing.`);
  return { seq: row.seq, name, data: conversationData(conversation) };
}
