import { Answer } from './answer.js';
import type { Arriving } from './arrivals.js';
import { bridgeId } from './content.js';
import { invalid, type MessagingError, notFound } from './errors.js';
import type { Sender } from './send.js';

/** How far somebody has read, on its way to the store. */
export class ReadMark implements Arriving {
  readonly bytes = 200;
  readonly gathers = true;
  queuedAtMs = 0;
  conversation: string;
  readonly answer: Answer<void>;

  /** MessagingError `invalid_data`, or `not_found` for what cannot be an id. */
  constructor(
    readonly sender: Sender,
    conversation: string,
    readonly upTo: number,
    answered: () => void,
  ) {
    const id = bridgeId(conversation);
    if (id === undefined) throw notFound('conversation');
    if (!Number.isSafeInteger(upTo) || upTo < 1) throw invalid('upTo', 'is not a position');
    this.conversation = id;
    this.answer = new Answer(answered);
  }

  fail(error: MessagingError): void {
    this.answer.fail(error);
  }

  /** As mark_read takes it. */
  row() {
    const { conversation, sender, upTo } = this;
    return { c: conversation, s: sender.key, p: sender.permit ?? undefined, u: upTo };
  }
}
