import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { sql } from 'kysely';
import type { Conversation, Db, Message, OutboxKind, Person } from './schema.js';

export const CHAT_LIMITS = { textLength: 4_000, titleLength: 100, groupMembers: 250, shownMessages: 200 } as const;

/** Something that the person may not do, or that is not there: told to them as it stands. */
export class Refused extends Error {}

interface ChatEvents {
  /** Something of it looks otherwise than before. */
  changed: [conversation: string, members: string[]];
  /** There is something for the bridge. */
  outbox: [];
  /** There is a webhook to be looked at. */
  webhook: [];
}

/**
 * The company's own chat: people, conversations, messages, and what they write in its own page. Whatever concerns the
 * bridge goes into the outbox in the same transaction: a bridge that is down loses nothing.
 */
export class Chat extends EventEmitter<ChatEvents> {
  constructor(readonly db: Db) {
    super();
    this.setMaxListeners(0);
  }

  people(): Promise<Person[]> {
    return this.db.selectFrom('person').select(['id', 'handle', 'name']).orderBy('name').execute();
  }

  async names(): Promise<Map<string, string>> {
    return new Map((await this.people()).map(({ id, name }) => [id, name]));
  }

  /** Of one person, the latest first, each with its last message. */
  async conversations(person: string): Promise<(Conversation & { last: string | null })[]> {
    return this.db
      .selectFrom('conversation as c')
      .selectAll('c')
      .select((of) =>
        of
          .selectFrom('message as m')
          .select('m.text')
          .whereRef('m.conversation', '=', 'c.id')
          .where('m.deleted_at', 'is', null)
          .orderBy(ORDER_BACKWARDS)
          .limit(1)
          .as('last'),
      )
      .where(sql<boolean>`c.members @> array[${person}]::text[]`)
      .orderBy('c.updated_at', 'desc')
      .execute();
  }

  /** Refused where the person is not in it. */
  async conversation(id: string, person: string): Promise<Conversation> {
    const found = UUID.test(id)
      ? await this.db.selectFrom('conversation').selectAll().where('id', '=', id).executeTakeFirst()
      : undefined;
    if (!found?.members.includes(person)) throw new Refused('There is no such conversation.');
    return found;
  }

  /** The latest, in their order: what the bridge has numbered first, then what it does not know yet. */
  async messages(conversation: string): Promise<Message[]> {
    const latest = await this.db
      .selectFrom('message as m')
      .selectAll()
      .where('conversation', '=', conversation)
      .orderBy(ORDER_BACKWARDS)
      .limit(CHAT_LIMITS.shownMessages)
      .execute();
    return latest.reverse();
  }

  /** The one direct conversation of two people, or a new group. */
  async open(from: string, others: readonly string[], title?: string): Promise<string> {
    const names = await this.names();
    const members = [...new Set([from, ...others])].filter((id) => names.has(id));
    if (members.length < 2) throw new Refused('Choose somebody to write to.');
    if (members.length > CHAT_LIMITS.groupMembers) throw new Refused('That is too many people.');
    const isGroup = members.length > 2;
    const called = isGroup ? title?.trim().slice(0, CHAT_LIMITS.titleLength) || null : null;
    const pair = isGroup ? null : pairOf(members);
    const id = await this.db.transaction().execute(async (db) => {
      const made = await db
        .insertInto('conversation')
        .values({ id: randomUUID(), kind: isGroup ? 'group' : 'direct', title: called, members, pair, creator: from })
        .onConflict((same) => same.column('pair').doUpdateSet({ updated_at: new Date() }))
        .returning('id')
        .executeTakeFirstOrThrow();
      if (isGroup) await enqueue(db, 'group', made.id);
      return made.id;
    });
    if (isGroup) this.emit('outbox');
    this.emit('changed', id, members);
    return id;
  }

  /** `id` is the form's own, so that sending it twice writes one message. */
  async send(from: string, conversation: string, text: string, id: string = randomUUID()): Promise<void> {
    const { members } = await this.conversation(conversation, from);
    if (!UUID.test(id)) throw new Refused('This form is not the one that was sent.');
    const written = checked(text);
    await this.db.transaction().execute(async (db) => {
      const stored = await db
        .insertInto('message')
        .values({ ...NEW_MESSAGE, id, conversation, author: from, text: written, sent_at: new Date() })
        .onConflict((same) => same.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!stored) return;
      await db.updateTable('conversation').set({ updated_at: new Date() }).where('id', '=', conversation).execute();
      await enqueue(db, 'message', id);
    });
    this.tell(conversation, members);
  }

  async edit(author: string, message: string, text: string): Promise<string> {
    return this.change(author, message, 'edit', { text: checked(text), edited_at: new Date() });
  }

  async delete(author: string, message: string): Promise<string> {
    return this.change(author, message, 'delete', { text: null, deleted_at: new Date() });
  }

  tell(conversation: string, members: string[]): void {
    this.emit('outbox');
    this.emit('changed', conversation, members);
  }

  private async change(
    author: string,
    message: string,
    kind: 'edit' | 'delete',
    values: Partial<Pick<Message, 'text' | 'edited_at' | 'deleted_at'>>,
  ): Promise<string> {
    if (!UUID.test(message)) throw new Refused('There is no such message of yours.');
    const changed = await this.db.transaction().execute(async (db) => {
      const found = await db
        .updateTable('message')
        .set(values)
        .where('id', '=', message)
        .where('author', '=', author)
        .where('deleted_at', 'is', null)
        .returning('conversation')
        .executeTakeFirst();
      if (found) await enqueue(db, kind, message);
      return found;
    });
    if (!changed) throw new Refused('There is no such message of yours.');
    const { members } = await this.conversation(changed.conversation, author);
    this.tell(changed.conversation, members);
    return changed.conversation;
  }
}

const ORDER_BACKWARDS = sql`m.position desc nulls first, m.n desc`;
export const NEW_MESSAGE = {
  bridge_id: null,
  position: null,
  via: null,
  edited_at: null,
  deleted_at: null,
  refusal: null,
} as const;
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function enqueue(db: Db, kind: OutboxKind, subject: string): Promise<void> {
  await db.insertInto('outbox').values({ kind, subject }).execute();
}

export function pairOf(members: readonly string[]): string {
  return members.toSorted().join(' ');
}

function checked(text: string): string {
  const written = text.replaceAll('\r\n', '\n').trim();
  if (written === '') throw new Refused('Write something first.');
  if ([...written].length > CHAT_LIMITS.textLength) throw new Refused('That is too long.');
  return written;
}
