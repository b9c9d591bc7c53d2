import { Answer } from './answer.js';
import type { Arriving } from './arrivals.js';
import { bridgeId, checkEmoji, checkText } from './content.js';
import { type MessagingError, notFound } from './errors.js';
import type { Sender } from './send.js';
import type { MessageView } from './views.js';

/** What is done to a message: a new text, none any more, a reaction more or less. */
export type MessageChange =
  | { readonly kind: 'edit'; readonly message: string; readonly text: string }
  | { readonly kind: 'delete'; readonly message: string }
  | { readonly kind: 'react' | 'unreact'; readonly message: string; readonly emoji: string };

/** One change on its way to the store. */
export class Change implements Arriving {
  readonly bytes: number;
  queuedAtMs = 0;
  conversation = '';
  /** As PostgreSQL writes it. */
  readonly message: string;
  readonly answer: Answer<MessageView>;

  /** MessagingError `invalid_data`, or `not_found` for what cannot be an id. */
  constructor(
    readonly sender: Sender,
    readonly change: MessageChange,
    answered: () => void,
    readonly resolve: () => Promise<string>,
  ) {
    const id = bridgeId(change.message);
    if (id === undefined) throw notFound('message');
    if (change.kind === 'edit') checkText(change.text);
    else if (change.kind !== 'delete') checkEmoji(change.emoji);
    this.message = id;
    this.answer = new Answer(answered);
    this.bytes = 300 + (change.kind === 'edit' ? 2 * change.text.length : 0);
  }

  fail(error: MessagingError): void {
    this.answer.fail(error);
  }

  /** As change_messages takes it. */
  row() {
    const { change, sender } = this;
    return {
      m: this.message,
      c: this.conversation,
      s: sender.key,
      p: sender.permit ?? undefined,
      k: change.kind,
      t: change.kind === 'edit' ? change.text : change.kind === 'delete' ? undefined : change.emoji,
    };
  }
}
