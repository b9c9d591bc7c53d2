/** What is in the database, past everything that the bridge says of it. */
import type { Database } from '@drawbridge/database';

interface Tables {
  readonly person: { key: number; id: string };
  readonly member: { conversation: string; person: number };
  readonly message: { conversation: string; position: number; id: string; sender: number };
}

export interface StoredMessage {
  readonly position: number;
  readonly id: string;
  readonly sender: string;
}

/** Conversations that have messages, with who is in them. */
export async function conversationsIn(database: Database): Promise<Map<string, string[]>> {
  const tables = database.tables<Tables>();
  const rows = await tables
    .selectFrom('member')
    .innerJoin('person', 'person.key', 'member.person')
    .where('member.conversation', 'in', (query) => query.selectFrom('message').select('conversation').distinct())
    .where('person.id', 'like', 'person-%')
    .select(['member.conversation', 'person.id'])
    .execute();
  const conversations = new Map<string, string[]>();
  for (const { conversation, id } of rows) {
    const members = conversations.get(conversation);
    if (members) members.push(id);
    else conversations.set(conversation, [id]);
  }
  return conversations;
}

/** In the order of their positions. */
export function messagesIn(database: Database, conversation: string): Promise<StoredMessage[]> {
  return database
    .tables<Tables>()
    .selectFrom('message')
    .innerJoin('person', 'person.key', 'message.sender')
    .where('message.conversation', '=', conversation)
    .orderBy('message.position')
    .select(['message.position', 'message.id', 'person.id as sender'])
    .execute();
}
