import { Answer } from './answer.js';
import { invalid, type MessagingError } from './errors.js';

/** How much of a mailbox a client has stored, on its way to the store. */
export class Acknowledgement {
  readonly answer: Answer<void>;
  readonly sender: { readonly permit: string | null };
  /** What is after it was looked at; what is not is still to be. */
  below: number;

  /** MessagingError `invalid_data` for what is no position. */
  constructor(
    readonly owner: number,
    readonly seq: number,
    permit: string | null,
    answered: () => void,
  ) {
    if (!Number.isSafeInteger(seq) || seq < 0) throw invalid('seq', 'is not a position');
    this.sender = { permit };
    this.below = seq;
    this.answer = new Answer(answered);
  }

  fail(error: MessagingError): void {
    this.answer.fail(error);
  }

  /** As acknowledge takes it. */
  row() {
    return { o: this.owner, s: this.seq, b: this.below, p: this.sender.permit ?? undefined };
  }
}
