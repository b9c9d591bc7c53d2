import { randomUUID } from 'node:crypto';
import type { BridgeApi, BridgeConversation, BridgeMessage } from './bridge-api.js';
import { type Chat, NEW_MESSAGE, pairOf } from './chat.js';
import type { Conversation, Db } from './schema.js';

interface Grant {
  readonly id: string;
  readonly person?: string;
  readonly app: { readonly name: string };
  readonly endedAt?: string;
}

/** Puts what the bridge says into the platform's own store, however often it says it. */
export class FromBridge {
  constructor(
    private readonly chat: Chat,
    private readonly api: BridgeApi,
  ) {}

  /** What a webhook told of. */
  async apply({ data }: { data: { message?: BridgeMessage; grant?: Grant } }): Promise<void> {
    if (data.message) await this.message(data.message);
    if (data.grant) await this.grant(data.grant);
  }

  /** As it is now. One that was written here is known by `ownId`, until the bridge's id is known too. */
  async message(message: BridgeMessage, ownId?: string): Promise<void> {
    const conversation = await this.conversationOf(message.conversation);
    const values = {
      bridge_id: message.id,
      position: message.position,
      author: message.from.id,
      text: message.deletedAt ? null : textOf(message),
      via: message.via?.app ?? null,
      sent_at: new Date(message.sentAt),
      edited_at: message.editedAt ? new Date(message.editedAt) : null,
      deleted_at: message.deletedAt ? new Date(message.deletedAt) : null,
    };
    await this.chat.db.transaction().execute(async (db) => {
      const known = await db
        .selectFrom('message')
        .select('id')
        .where((of) => of.or([of('bridge_id', '=', message.id), ...(ownId ? [of('id', '=', ownId)] : [])]))
        .forUpdate()
        .executeTakeFirst();
      if (!known) {
        await db
          .insertInto('message')
          .values({ ...NEW_MESSAGE, id: randomUUID(), conversation: conversation.id, ...values })
          .onConflict((same) => same.column('bridge_id').doUpdateSet(values))
          .execute();
        await db
          .updateTable('conversation')
          .set({ updated_at: values.sent_at })
          .where('id', '=', conversation.id)
          .where('updated_at', '<', values.sent_at)
          .execute();
      } else if (await isAwaited(db, known.id)) {
        // What was changed here and is not told yet comes last, and its answer settles it.
        const { bridge_id, position } = values;
        await db.updateTable('message').set({ bridge_id, position }).where('id', '=', known.id).execute();
      } else {
        await db.updateTable('message').set(values).where('id', '=', known.id).execute();
      }
    });
    this.chat.emit('changed', conversation.id, conversation.members);
  }

  /** What was missed: all that the bridge has after what was read before. */
  async catchUp(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page: { conversations: BridgeConversation[]; next?: string } = await this.api.call(
        'GET',
        `/conversations${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      for (const each of page.conversations) await this.catchUpIn(each);
      cursor = page.next;
    } while (cursor);
  }

  private async catchUpIn({ id, lastPosition = 0 }: BridgeConversation): Promise<void> {
    const known = await this.known(id);
    if (lastPosition <= (known?.read_up_to ?? 0)) return;
    let after: number | string | undefined = known?.read_up_to ?? 0;
    while (after !== undefined) {
      const page: { messages: BridgeMessage[]; next?: string } = await this.api.call(
        'GET',
        `/conversations/${id}/messages?after=${after}`,
      );
      for (const message of page.messages) await this.message(message);
      const last = page.messages.at(-1);
      if (last) {
        await this.chat.db
          .updateTable('conversation')
          .set({ read_up_to: last.position })
          .where('bridge_id', '=', id)
          .execute();
      }
      after = page.next;
    }
  }

  private known(bridgeId: string): Promise<Conversation | undefined> {
    return this.chat.db.selectFrom('conversation').selectAll().where('bridge_id', '=', bridgeId).executeTakeFirst();
  }

  /** One that a partner's app began is asked for; a direct one may be here already, under no name of the bridge's yet. */
  private async conversationOf(bridgeId: string): Promise<Conversation> {
    const known = await this.known(bridgeId);
    if (known) return known;
    const { conversation } = await this.api.call<{ conversation: BridgeConversation }>(
      'GET',
      `/conversations/${bridgeId}`,
    );
    const { kind, title = null } = conversation;
    const members = conversation.members.map(({ id }) => id);
    return this.chat.db
      .insertInto('conversation')
      .values({
        id: randomUUID(),
        bridge_id: bridgeId,
        kind,
        title,
        members,
        pair: kind === 'direct' ? pairOf(members) : null,
        creator: members[0]!,
      })
      .onConflict((same) => same.column('pair').doUpdateSet({ bridge_id: bridgeId }))
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  private async grant({ id, person, app, endedAt }: Grant): Promise<void> {
    const ended_at = endedAt ? new Date(endedAt) : null;
    if (person === undefined) return;
    await this.chat.db
      .insertInto('connection')
      .values({ id, person, app: app.name, ended_at })
      .onConflict((same) => same.column('id').doUpdateSet({ ended_at }))
      .execute();
    this.chat.emit('changed', '', [person]);
  }
}

/** Whether something about this message still waits to be told. */
async function isAwaited(db: Db, message: string): Promise<boolean> {
  const found = await db
    .selectFrom('outbox')
    .select('n')
    .where('subject', '=', message)
    .where('kind', 'in', ['edit', 'delete'])
    .executeTakeFirst();
  return found !== undefined;
}

function textOf({ text, title, note }: BridgeMessage): string {
  return text ?? [title?.name, note, title?.url].filter(Boolean).join('\n');
}
