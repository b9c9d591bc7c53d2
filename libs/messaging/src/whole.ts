import { cursorOf, type Database, positionIn } from '@drawbridge/database';
import { withinReply } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { bridgeId } from './content.js';
import type { Conversations } from './conversations.js';
import { invalid, notFound } from './errors.js';
import {
  CONVERSATION_COLUMNS,
  type ConversationRow,
  type ConversationView,
  MESSAGE_ROWS,
  type MessageRow,
  type MessageView,
  messageView,
  NOBODY_IN_PARTICULAR,
  sharedView,
} from './views.js';

/** A conversation, and how far it goes. */
export interface WholeConversation extends ConversationView {
  lastPosition: number;
}

/** Whose words a message is; `key` is internal. */
export interface Author {
  readonly key: number;
  readonly id: string;
  readonly name: string;
}

type Row = ConversationRow & { last_position: number };

/** All conversations, whoever is in them: for the host platform alone, whose messages they are. */
export class Whole {
  constructor(
    private readonly database: Database,
    private readonly conversations: Pick<Conversations, 'rows'>,
  ) {}

  /** In the order in which they were made. MessagingError `invalid_data` for a cursor that is none of ours. */
  async list(page: {
    readonly cursor?: string | undefined;
    readonly limit: number;
  }): Promise<{ conversations: WholeConversation[]; next?: string }> {
    const after = page.cursor === undefined ? undefined : positionIn(page.cursor, 'number', 'string');
    if (page.cursor !== undefined && (!after || bridgeId(after[1]) === undefined))
      throw invalid('cursor', 'is not one that the bridge gave');
    const beyond = after
      ? sql`where (c.created_at, c.id) > (to_timestamp(${after[0]}::double precision / 1000)::timestamptz(3), ${after[1]}::uuid)`
      : sql``;
    const { rows } = await sql<Row & { created_at_ms: number }>`
      select ${CONVERSATION_COLUMNS}, c.last_position, (extract(epoch from c.created_at) * 1000)::bigint as created_at_ms
        from (select * from conversation c ${beyond} order by c.created_at, c.id limit ${page.limit + 1}) c
       cross join ${NOBODY_IN_PARTICULAR} order by c.created_at, c.id`.execute(this.database.tables());
    const conversations = withinReply(rows.slice(0, page.limit).map(wholeView));
    const last = rows[conversations.length - 1];
    const more = last !== undefined && conversations.length < rows.length;
    return { conversations, ...(more ? { next: cursorOf([last.created_at_ms, last.id]) } : {}) };
  }

  /** The direct conversations that there are, of these pairs of people, each with the lower key first; in their order. */
  async directs(pairs: readonly (readonly [low: number, high: number])[]): Promise<(string | undefined)[]> {
    if (pairs.length === 0) return [];
    const { rows } = await sql<{ ord: number; id: string }>`
      select p.ord, c.id
        from unnest(${pairs.map(([low]) => low)}::bigint[], ${pairs.map(([, high]) => high)}::bigint[]) with ordinality as p(low, high, ord)
       cross join lateral (select id from conversation where direct_low = p.low and direct_high = p.high offset 0) c`.execute(
      this.database.tables(),
    );
    const found: (string | undefined)[] = pairs.map(() => undefined);
    for (const { ord, id } of rows) found[ord - 1] = id;
    return found;
  }

  /** MessagingError `not_found`. */
  async get(conversation: string): Promise<ConversationView> {
    const id = bridgeId(conversation);
    const row = id === undefined ? undefined : (await this.conversations.rows([id])).get(id);
    if (!row) throw notFound('conversation');
    return sharedView(row);
  }

  /** In their order, those after a position. MessagingError `not_found`. `next`: the `after` of the next page. */
  async messages(
    conversation: string,
    page: { readonly after: number; readonly limit: number },
  ): Promise<{ messages: MessageView[]; next?: number }> {
    const id = bridgeId(conversation);
    if (id === undefined) throw notFound('conversation');
    const { rows } = await sql<MessageRow>`${MESSAGE_ROWS}
       where m.conversation = ${id}::uuid and m.position > ${page.after} order by m.position limit ${page.limit + 1}`.execute(
      this.database.tables(),
    );
    if (rows.length === 0) await this.get(id);
    const messages = withinReply(rows.slice(0, page.limit).map(messageView));
    const last = messages.at(-1);
    return { messages, ...(last && messages.length < rows.length ? { next: last.position } : {}) };
  }

  /** Those that are there, by their ids. */
  async byIds(messages: readonly string[]): Promise<Map<string, MessageView>> {
    const { rows } = await sql<MessageRow>`${MESSAGE_ROWS} where m.id = any (${messages}::uuid[])`.execute(
      this.database.tables(),
    );
    return new Map(rows.map((row) => [row.id, messageView(row)]));
  }

  /** MessagingError `not_found`. */
  async authorOf(message: string): Promise<Author> {
    const id = bridgeId(message);
    const { rows } = await sql<Author>`
      select p.key, p.id, p.name from message m join person p on p.key = m.sender where m.id = ${id ?? null}::uuid`.execute(
      this.database.tables(),
    );
    if (!rows[0]) throw notFound('message');
    return rows[0];
  }
}

function wholeView(row: Row): WholeConversation {
  return { ...sharedView(row), lastPosition: row.last_position };
}
