import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import { isPersonId } from './content.js';
import type { ConversationMaking } from './conversation-making.js';
import { conflict } from './errors.js';
import type { Sender } from './send.js';

/**
 * The direct conversation of a send to a person, made if need be. One that is there is found whatever became of the
 * contact: commit_sends first answers what was sent before (I5) and then asks for the contact. Where there is none,
 * somebody who does not exist, a stranger and somebody who blocked the person take the same way to the same answer.
 */
export async function directConversation(
  database: Database,
  making: Pick<ConversationMaking, 'openDirect'>,
  { sender, to, clientId }: { sender: Sender; to: string; clientId: string },
): Promise<string> {
  const { rows } = await sql<{ conversation: string | null; sent: boolean }>`
    select (select c.id from person p
              join conversation c on c.direct_low = least(p.key, ${sender.key}) and c.direct_high = greatest(p.key, ${sender.key})
             where p.id = ${isPersonId(to) ? to : ''} and p.erased_at is null) as conversation,
           exists (select from message
                    where sender = ${sender.key} and app = ${sender.app} and lower(client_id) = lower(${clientId})
                       and recommended is null) as sent
  `.execute(database.tables());
  const { conversation, sent } = rows[0]!;
  if (conversation !== null) return conversation;
  if (sent) throw conflict();
  return making.openDirect(sender, to);
}
