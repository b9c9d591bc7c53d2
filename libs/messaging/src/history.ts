import type { Database } from '@drawbridge/database';
import { withinReply } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { bridgeId } from './content.js';
import { invalid, notFound } from './errors.js';
import { pageLimit } from './pages.js';
import { MESSAGE_ROWS_OF_MEMBER, type MessageRow, type MessageView, messageView, seesMessage } from './views.js';

export interface HistoryRequest {
  readonly conversation: string;
  /** A position; messages before it. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface HistoryPage {
  messages: MessageView[];
  /** The mailbox position that the page was read at. */
  asOf: number;
  /** The `before` of the next page. */
  next?: number;
}

/**
 * Newest first: what the person may see, that is what was sent in an interval of their membership, as it was at the end
 * of that. Positions never change, so pages stay in step whatever arrives meanwhile. MessagingError `not_found` for who was never a member.
 */
export async function readHistory(database: Database, person: number, request: HistoryRequest): Promise<HistoryPage> {
  const limit = pageLimit(request.limit);
  const conversation = bridgeId(request.conversation);
  if (conversation === undefined) throw notFound('conversation');
  const before = request.before ?? Number.MAX_SAFE_INTEGER;
  if (!Number.isSafeInteger(before) || before < 1) throw invalid('before', 'is not a position');
  const { rows } = await sql<{ was_member: boolean; as_of: number } & (MessageRow | { id: null })>`
    select exists (select from member where conversation = ${conversation} and person = ${person}) as was_member,
           coalesce(b.head, 0) as as_of, v.*
      from (values (1)) one left join mailbox b on b.owner = ${person}
      left join (${MESSAGE_ROWS_OF_MEMBER} join member me on ${seesMessage(person)}
                  where m.conversation = ${conversation} and m.position < ${before}
                  order by m.position desc limit ${limit + 1}) v on true
     order by v.position desc`.execute(database.tables());
  if (!rows[0]?.was_member) throw notFound('conversation');
  const found = rows.filter((row): row is typeof row & MessageRow => row.id !== null);
  const messages = withinReply(found.slice(0, limit).map(messageView));
  const last = messages.at(-1);
  const more = last !== undefined && messages.length < found.length;
  return { messages, asOf: rows[0].as_of, ...(more ? { next: last.position } : {}) };
}
