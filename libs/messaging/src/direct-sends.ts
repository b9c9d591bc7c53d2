import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import { isPersonId } from './content.js';
import type { Conversations } from './conversations.js';
import { conflict, MessagingError, rateLimited, unavailable } from './errors.js';
import type { Send, Sender } from './send.js';

/** Sends on one grant that may wait behind one whose conversation is still looked for (I9). */
export const MAX_UNRESOLVED_SENDS = 256;

/**
 * Finds, or makes, the direct conversation of sends with `to`. Until it is found, everything that is sent on the same
 * grant waits behind it, so that one connection's order is kept. Another grant of the person, of another app or device,
 * is neither counted nor held up with it.
 */
export class DirectSends {
  private readonly waiting = new Map<string | number, Send[]>();

  constructor(
    private readonly database: Database,
    private readonly conversations: Conversations,
    private readonly join: (send: Send) => void,
  ) {}

  /** Whether the send must come this way, because of its own `to` or an earlier one's. */
  concerns(send: Send): boolean {
    return send.request.to !== undefined || this.waiting.has(queueOf(send.sender));
  }

  accept(send: Send): void {
    const key = queueOf(send.sender);
    const queue = this.waiting.get(key);
    if (queue) {
      if (queue.length >= MAX_UNRESOLVED_SENDS) send.fail(rateLimited('Too many sends to persons are waiting.'));
      else queue.push(send);
      return;
    }
    const started = [send];
    this.waiting.set(key, started);
    void this.work(key, started);
  }

  private async work(key: string | number, queue: Send[]): Promise<void> {
    for (let send = queue[0]; send; queue.shift(), send = queue[0]) {
      try {
        if (send.request.to !== undefined) send.conversation = await this.resolve(send, send.request.to);
        this.join(send);
      } catch (error) {
        send.fail(error instanceof MessagingError ? error : unavailable('The conversation could not be looked for.'));
      }
    }
    this.waiting.delete(key);
  }

  /**
   * A conversation that is there is found whatever became of the contact: commit_sends first answers what was sent
   * before (I5) and then asks for the contact. Where there is none, somebody who does not exist, a stranger and somebody
   * who blocked the person take the same way to the same answer.
   */
  private async resolve(send: Send, to: string): Promise<string> {
    const { sender, request } = send;
    const { rows } = await sql<{ conversation: string | null; sent: boolean }>`
      select (select c.id from person p
                join conversation c on c.direct_low = least(p.key, ${sender.key}) and c.direct_high = greatest(p.key, ${sender.key})
               where p.id = ${isPersonId(to) ? to : ''} and p.erased_at is null) as conversation,
             exists (select from message
                      where sender = ${sender.key} and app = ${sender.app} and lower(client_id) = lower(${request.clientId})) as sent
    `.execute(this.database.tables());
    const { conversation, sent } = rows[0]!;
    if (conversation !== null) return conversation;
    if (sent) throw conflict();
    return this.conversations.openDirect(sender, to);
  }
}

/** What the platform sends for a person needs no grant and has a queue of its own. */
function queueOf({ permit, key }: Sender): string | number {
  return permit ?? key;
}
