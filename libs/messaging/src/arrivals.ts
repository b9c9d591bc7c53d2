import { MessagingError, rateLimited, unavailable } from './errors.js';
import type { LaneItem } from './lanes.js';
import type { Sender } from './send.js';

/** What may wait on one grant behind something whose conversation is still looked for (I9). */
export const MAX_UNRESOLVED = 256;

/** What goes to the lane of its conversation, which may have to be found first. */
export interface Arriving extends LaneItem {
  readonly sender: Sender;
  conversation: string;
  /** Where it names a person or a message instead: finds the conversation. Any number of times. */
  readonly resolve?: (() => Promise<string>) | undefined;
}

/**
 * Lets things into their lanes in the order in which one grant sent them. Until the conversation of one is found,
 * everything that is sent on the same grant waits behind it. Another grant of the person, of another app or device, is
 * neither counted nor held up with it.
 */
export class Arrivals<T extends Arriving> {
  private readonly waiting = new Map<string | number, T[]>();

  constructor(private readonly join: (item: T) => void) {}

  accept(item: T): void {
    const key = queueOf(item.sender);
    const queue = this.waiting.get(key);
    if (!queue && !item.resolve) {
      this.join(item);
    } else if (!queue) {
      const started = [item];
      this.waiting.set(key, started);
      void this.work(key, started);
    } else if (queue.length >= MAX_UNRESOLVED) {
      item.fail(rateLimited('Too much is waiting for conversations to be found.'));
    } else queue.push(item);
  }

  private async work(key: string | number, queue: T[]): Promise<void> {
    for (let item = queue[0]; item; queue.shift(), item = queue[0]) {
      try {
        if (item.resolve) item.conversation = await item.resolve();
        this.join(item);
      } catch (error) {
        item.fail(error instanceof MessagingError ? error : unavailable('The conversation could not be looked for.'));
      }
    }
    this.waiting.delete(key);
  }
}

/** What the platform does for a person needs no grant and has a queue of its own. */
function queueOf({ permit, key }: Sender): string | number {
  return permit ?? key;
}
