import { sql } from 'kysely';
import { type BridgeApi, type BridgeMessage, BridgeRefused } from './bridge-api.js';
import type { Chat } from './chat.js';
import type { FromBridge } from './from-bridge.js';
import type { OutboxKind } from './schema.js';

const MESSAGES_AT_ONCE = 500;

interface Waiting {
  readonly n: number;
  readonly kind: OutboxKind;
  /** An id of a person, a conversation or a message: what is told is how it is at the moment of telling. */
  readonly subject: string;
}

type Result = { message: BridgeMessage } | { error: { code: string; message: string; retryable: boolean } };

/** Tells the bridge what is in the outbox, in order; messages that follow each other go in one call. */
export class ToBridge {
  constructor(
    private readonly chat: Chat,
    private readonly api: BridgeApi,
    private readonly from: FromBridge,
  ) {}

  /** One step; false when there is nothing to tell. Killed in the middle of it, the same is told again, to no harm. */
  async step(): Promise<boolean> {
    const waiting = await this.chat.db.selectFrom('outbox').selectAll().orderBy('n').limit(MESSAGES_AT_ONCE).execute();
    const [first] = waiting;
    if (!first) return false;
    const others = waiting.findIndex(({ kind }) => kind !== 'message');
    if (others === 0) await this.other(first);
    else await this.messages(others < 0 ? waiting : waiting.slice(0, others));
    return true;
  }

  private async messages(waiting: readonly Waiting[]): Promise<void> {
    const rows = await this.chat.db
      .selectFrom('message as m')
      .innerJoin('conversation as c', 'c.id', 'm.conversation')
      .select(['m.id', 'm.author', 'm.text', 'm.sent_at', 'c.bridge_id', 'c.members', 'c.kind'])
      .where('m.id', 'in', [...waiting.map(({ subject }) => subject)])
      .execute();
    const byId = new Map(rows.map((row) => [row.id, row]));
    // One that was deleted meanwhile is not told at all, and neither is one of a group that the bridge would not have.
    const told = waiting.filter(({ subject }) => {
      const row = byId.get(subject);
      return row?.text && (row.bridge_id ?? row.kind === 'direct');
    });
    const messages = told.map(({ subject }) => {
      const { id, author, text, sent_at, bridge_id, members } = byId.get(subject)!;
      const where = bridge_id ? { conversation: bridge_id } : { to: members.find((each) => each !== author) };
      return { from: author, ...where, text, clientId: id, sentAt: sent_at.toISOString() };
    });
    const none = { results: [] as Result[] };
    const { results } =
      messages.length > 0 ? await this.api.call<typeof none>('POST', '/messages', { messages }) : none;
    const again = new Set<number>();
    for (const [index, result] of results.entries()) {
      const { n, subject } = told[index]!;
      if ('message' in result) await this.sent(subject, result.message);
      else if (result.error.retryable) again.add(n);
      else await this.refused(subject, result.error.message);
    }
    const done = waiting.filter(({ n }) => !again.has(n));
    await this.placeUnnumbered(done.map(({ subject }) => subject));
    await this.done(done);
  }

  /** What the bridge does not number stays where it was written, after what came before it. */
  private async placeUnnumbered(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.chat.db
      .updateTable('message as m')
      .set({
        position: (of) =>
          of
            .selectFrom('message as o')
            .select(sql<number>`coalesce(max(o.position), 0)`.as('position'))
            .whereRef('o.conversation', '=', 'm.conversation')
            .whereRef('o.n', '<', 'm.n'),
      })
      .where('m.id', 'in', [...ids])
      .where('m.position', 'is', null)
      .execute();
  }

  /** Now the bridge's ids of it and of its conversation are known. */
  private async sent(id: string, message: BridgeMessage): Promise<void> {
    await this.chat.db
      .updateTable('conversation')
      .set({ bridge_id: message.conversation })
      .where('bridge_id', 'is', null)
      .where('id', '=', (of) => of.selectFrom('message').select('conversation').where('id', '=', id))
      .execute();
    await this.from.message(message, id);
  }

  private async refused(id: string, refusal: string): Promise<void> {
    await this.chat.db.updateTable('message').set({ refusal }).where('id', '=', id).execute();
  }

  /** Anything but a message. What the bridge refuses for good, no repetition mends. */
  private async other(waiting: Waiting): Promise<void> {
    const { kind, subject } = waiting;
    let changed: BridgeMessage | undefined;
    try {
      if (kind === 'person') await this.person(subject);
      else if (kind === 'contacts') await this.contacts(subject);
      else if (kind === 'group') await this.group(subject);
      else if (kind !== 'message') changed = await this.change(kind, subject);
    } catch (error) {
      if (!(error instanceof BridgeRefused)) throw error;
    }
    // First it waits no more: then what the bridge answered is how it is.
    await this.done([waiting]);
    if (changed) await this.from.message(changed, subject);
  }

  private async person(id: string): Promise<void> {
    const person = await this.chat.db
      .selectFrom('person')
      .select(['handle', 'name'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (person) await this.api.call('PUT', `/people/${id}`, person);
  }

  /** In this company everybody may write to everybody. */
  private async contacts(id: string): Promise<void> {
    const people = await this.chat.people();
    const contacts = people.flatMap((each) => (each.id === id ? [] : [each.id]));
    await this.api.call('PUT', `/people/${id}/contacts`, { contacts });
  }

  private async group(id: string): Promise<void> {
    const { db } = this.chat;
    const group = await db.selectFrom('conversation').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    const { conversation } = await this.api.call<{ conversation: { id: string } }>('POST', '/conversations', {
      from: group.creator,
      members: group.members.filter((each) => each !== group.creator),
      ...(group.title ? { title: group.title } : {}),
      clientId: id,
    });
    await db.updateTable('conversation').set({ bridge_id: conversation.id }).where('id', '=', id).execute();
  }

  private async change(kind: 'edit' | 'delete', id: string): Promise<BridgeMessage | undefined> {
    const found = await this.chat.db
      .selectFrom('message')
      .select(['bridge_id', 'text'])
      .where('id', '=', id)
      .executeTakeFirst();
    // Not told at all, or deleted after it was edited, which is told next.
    if (!found?.bridge_id || (kind === 'edit' && !found.text)) return undefined;
    const path = `/messages/${found.bridge_id}`;
    type Changed = { message: BridgeMessage };
    if (kind === 'delete') return (await this.api.call<Changed>('DELETE', path)).message;
    return (await this.api.call<Changed>('PATCH', path, { text: found.text })).message;
  }

  private async done(waiting: readonly Waiting[]): Promise<void> {
    if (waiting.length === 0) return;
    await this.chat.db
      .deleteFrom('outbox')
      .where('n', 'in', [...waiting.map(({ n }) => n)])
      .execute();
  }
}
