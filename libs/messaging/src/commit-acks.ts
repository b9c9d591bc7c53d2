import type { Acknowledgement } from './acknowledgement.js';
import { type CommitOptions, recipientsOf } from './commit.js';
import { consentEnded, invalid, type MessagingError, unavailable } from './errors.js';
import type { DurableEvent } from './events.js';
import { ACK_LIMITS } from './sql/acknowledge.js';
import { call, repeated } from './storing.js';
import { receiptData } from './views.js';

type Outcome = ['n'] | ['m', number] | ['l'] | ['p'] | ['e'];
type Receipt = [number, string, string, 'direct' | 'group', number, number, number[]];
interface Acknowledged {
  a: Outcome[];
  r: Receipt[];
}

const REFUSALS: Readonly<Record<string, () => MessagingError>> = {
  p: () => invalid('seq', 'is past the last one given out'),
  e: consentEnded,
};

/** One statement at a time stores what was acknowledged meanwhile, and tells whom it concerns how far messages have come. */
export class AckCommit {
  private waiting: Acknowledgement[] = [];
  private storing = false;

  constructor(private readonly options: CommitOptions) {}

  add(acknowledgement: Acknowledgement): void {
    this.waiting.push(acknowledgement);
    if (!this.storing) void this.storeAll();
  }

  private async storeAll(): Promise<void> {
    this.storing = true;
    // What comes with the same turn of the event loop leaves together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, ACK_LIMITS.atOnce);
      try {
        const left = await repeated(this.options, () => this.attempt(batch));
        // Others have their turn before the rest of a long one.
        this.waiting.push(...left);
      } catch (error) {
        this.options.log.warn({ err: error }, 'acknowledgements could not be stored');
        for (const each of batch) each.fail(unavailable('It could not be stored.'));
      }
    }
    this.storing = false;
  }

  /** Answers those that are done, and gives the others. */
  private async attempt(batch: readonly Acknowledgement[]): Promise<Acknowledgement[]> {
    const { items, text } = await call(this.options, batch, 'acknowledge', (some) => some.map((each) => each.row()));
    if (text === undefined) return [];
    const { a: outcomes, r: receipts } = JSON.parse(text) as Acknowledged;
    if (outcomes.length !== items.length) throw new Error('acknowledge lost a result');
    this.tell(receipts);
    return items.filter((each, n) => {
      const outcome = outcomes[n]!;
      const refusal = REFUSALS[outcome[0]];
      if (refusal) each.fail(refusal());
      else if (outcome[0] === 'n') each.answer.succeed();
      else if (outcome[0] === 'm') each.below = outcome[1];
      return each.answer.isOpen;
    });
  }

  private tell(receipts: readonly Receipt[]): void {
    const events: DurableEvent[] = [];
    for (const [reader, person, conversation, kind, deliveredUpTo, readUpTo, pairs] of receipts) {
      const data = receiptData({ conversation, person, deliveredUpTo, readUpTo });
      events.push({ name: 'receipt.updated', data, recipients: recipientsOf(pairs) });
      if (kind === 'group') this.options.onReceipt?.(reader, conversation, data);
    }
    try {
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      // The store has them (I4).
      this.options.log.error({ err: error }, 'events of stored acknowledgements were not handed on');
    }
  }
}
