import { createHash } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import type { CommitOptions } from './commit.js';
import type { Conversations } from './conversations.js';
import { consentEnded, consentUnverifiable, invalid } from './errors.js';
import type { StoredEvent } from './events.js';
import { ENTRY } from './sql/commit-sends.js';
import {
  type ConversationRow,
  conversationData,
  MESSAGE_ROWS,
  type MessageRow,
  messageData,
  messageView,
  receiptData,
} from './views.js';

/** Events of one read; the reader asks again for the next. */
export const MAX_EVENTS_READ = 256;

export interface MailboxPosition {
  /** The last seq given out. */
  head: number;
  /** Entries up to this one are no longer kept. */
  trimmed: number;
}

/** The entries of one mailbox after `after`, oldest first, at most `limit` and MAX_EVENTS_READ. */
export interface MailboxRead {
  readonly owner: number;
  readonly after: number;
  readonly limit: number;
}

/** What an entry of each kind tells of a message, as it is today. */
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
  reader_up_to: number | null;
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
             r.id as reader, r.read_up_to as reader_up_to, v.*
        from jsonb_to_recordset(${asked}::text::jsonb) as x(i integer, o bigint, a bigint, l integer)
       cross join lateral (select * from mailbox_entry where owner = x.o and seq > x.a order by seq limit x.l) e
        left join lateral (${MESSAGE_ROWS}
               where e.kind = any (${OF_MESSAGES}::smallint[]) and m.conversation = e.conversation and m.position = e.subject offset 0) v on true
        left join lateral (select p.id, m.read_up_to from member m join person p on p.key = m.person
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

function storedEvent(row: EntryRow, owner: number, conversation: ConversationRow | undefined): StoredEvent {
  if (row.id !== null) {
    const name = MESSAGE_EVENTS[row.kind]!;
    const event = { seq: row.seq, name, data: messageData(messageView(row)) };
    return row.sender === owner && name === 'message.created'
      ? { ...event, ownClientId: { app: row.app, clientId: row.client_id } }
      : event;
  }
  if (row.reader !== null) {
    const receipt = { conversation: row.entry_conversation, person: row.reader, readUpTo: row.reader_up_to ?? 0 };
    return { seq: row.seq, name: 'receipt.updated', data: receiptData(receipt) };
  }
  const name = CONVERSATION_EVENTS[row.kind];
  if (!conversation || !name) throw new Error(`Entry ${row.seq} of mailbox ${owner} refers to nothing.`);
  return { seq: row.seq, name, data: conversationData(conversation) };
}

/** What acknowledgements take of commits: they are stored under the same condition. */
type Options = Pick<CommitOptions, 'database' | 'mayCommit'>;

interface Acknowledgement {
  readonly owner: number;
  readonly seq: number;
  readonly permit: string | null;
  readonly written: PromiseWithResolvers<void>;
}

interface Written {
  owner: number | null;
  head: number | null;
  /** Those of the batch's permits that stand. */
  permits: string[];
}

/** One statement at a time writes all acknowledgements that came meanwhile. */
export class Acknowledgements {
  private waiting: Acknowledgement[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly options: Options) {}

  /**
   * Never backwards. MessagingError `invalid_data` for a seq that was not given out yet, `consent_ended` where the permit
   * (null: none is needed) no longer allows to read, `consent_unverifiable` where that cannot be told at present.
   */
  async ack(owner: number, seq: number, permit: string | null): Promise<void> {
    if (!Number.isSafeInteger(seq) || seq < 0) throw invalid('seq', 'is not a position');
    const written = Promise.withResolvers<void>();
    this.waiting.push({ owner, seq, permit, written });
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    await written.promise;
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.store(batch);
      } catch (error) {
        for (const { written } of batch) written.reject(error);
      }
    }
  }

  /**
   * Locks in owner order, as commits do. One past the head changes nothing. As with sends, mayCommit is asked when the
   * statement can leave at once, and the statement asks again which permits stand (I2, I6).
   */
  private async store(batch: readonly Acknowledgement[]): Promise<void> {
    await this.options.database
      .commits<unknown>()
      .connection()
      .execute(async (connection) => {
        const may = this.options.mayCommit();
        const asked = may ? batch : batch.filter(({ permit }) => permit === null);
        const input = JSON.stringify(asked.map(({ owner, seq, permit }) => ({ o: owner, s: seq, p: permit })));
        const { rows } = await sql<Written>`
          with input as materialized (
            select * from jsonb_to_recordset(${input}::text::jsonb) as x(o bigint, s bigint, p uuid)
          ), standing as materialized (
            select permit from reading_permits(array(select distinct p from input where p is not null)) as permit
          ), allowed as materialized (
            select o, s from input where p is null or p in (select permit from standing)
          ), locked as materialized (
            select b.owner, b.head from mailbox b where b.owner = any (array(select o from allowed))
             order by b.owner for no key update
          ), stored as (
            select l.owner, max(i.s) as seq from locked l join allowed i on i.o = l.owner and i.s <= l.head group by l.owner
          ), moved as (
            update mailbox b set acked = s.seq from stored s
             where b.owner = any (array(select owner from locked)) and b.owner = s.owner and b.acked < s.seq
          )
          select l.owner, l.head, s.permits
            from (select array(select permit::text from standing) as permits) s left join locked l on true`.execute(
          connection,
        );
        const permits = new Set(rows[0]!.permits);
        const heads = new Map(rows.map(({ owner, head }) => [owner, head]));
        for (const { owner, seq, permit, written } of batch) {
          if (permit !== null && !may) written.reject(consentUnverifiable());
          else if (permit !== null && !permits.has(permit)) written.reject(consentEnded());
          else if (seq > (heads.get(owner) ?? 0)) written.reject(invalid('seq', 'is past the last one given out'));
          else written.resolve();
        }
      });
  }
}
