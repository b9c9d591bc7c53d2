import { type CommitOptions, recipientsOf } from './commit.js';
import { consentEnded, invalid, type MessagingError, notFound, unavailable } from './errors.js';
import type { DurableEvent } from './events.js';
import type { ReadMark } from './read-mark.js';
import { call, repeated } from './storing.js';
import { receiptData } from './views.js';

type Outcome = ['n', 'direct' | 'group', deliveredUpTo: number, number[]] | ['s'] | ['x'] | ['p'] | ['e'];

const REFUSALS: Readonly<Record<string, () => MessagingError>> = {
  x: () => notFound('conversation'),
  p: () => invalid('upTo', 'is past the last message'),
  e: consentEnded,
};

/** Commits read marks, and answers each of them after the commit (I3). */
export class ReadCommit {
  constructor(private readonly options: CommitOptions) {}

  /** Of marks of one person on one conversation only the furthest is stored, unless there is no message so far on. */
  async commit(batch: readonly ReadMark[]): Promise<void> {
    const furthest = new Map<string, ReadMark>();
    for (const mark of batch) {
      const known = furthest.get(placeOf(mark));
      if (!known || known.upTo < mark.upTo) furthest.set(placeOf(mark), mark);
    }
    try {
      const stored = await repeated(this.options, () => this.attempt([...furthest.values()]));
      const behind = batch.filter((mark) => mark.answer.isOpen && stored.has(furthest.get(placeOf(mark))!));
      for (const mark of behind) mark.answer.succeed();
    } catch (error) {
      this.options.log.warn({ err: error }, 'read marks could not be stored');
      for (const mark of batch) mark.fail(unavailable('It could not be stored.'));
      return;
    }
    // One was refused; those behind it stand for themselves.
    const left = batch.filter(({ answer }) => answer.isOpen);
    if (left.length > 0) await this.commit(left);
  }

  /** Answers all of them, and gives those that are stored. */
  private async attempt(all: readonly ReadMark[]): Promise<Set<ReadMark>> {
    const { items: marks, text } = await call(this.options, all, 'mark_read', (some) => some.map((mark) => mark.row()));
    const outcomes = text === undefined ? [] : (JSON.parse(text) as Outcome[]);
    if (outcomes.length !== marks.length) throw new Error('mark_read lost a result');
    const events: DurableEvent[] = [];
    for (const [n, { sender, conversation, upTo }] of marks.entries()) {
      const outcome = outcomes[n]!;
      if (outcome[0] !== 'n') continue;
      const [, kind, deliveredUpTo, pairs] = outcome;
      const data = receiptData({ conversation, person: sender.id, deliveredUpTo, readUpTo: upTo });
      events.push({ name: 'receipt.updated', data, recipients: recipientsOf(pairs) });
      if (kind === 'group') this.options.onReceipt?.(sender.key, conversation, data);
    }
    try {
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      // The store has them (I4).
      this.options.log.error({ err: error }, 'events of stored read marks were not handed on');
    }
    const stored = new Set<ReadMark>();
    for (const [n, mark] of marks.entries()) {
      const refusal = REFUSALS[outcomes[n]![0]];
      if (refusal) mark.fail(refusal());
      else {
        stored.add(mark);
        mark.answer.succeed();
      }
    }
    return stored;
  }
}

/** Whose mark it is, on what grant and of which conversation. */
function placeOf({ sender, conversation }: ReadMark): string {
  return `${sender.permit} ${sender.key} ${conversation}`;
}
