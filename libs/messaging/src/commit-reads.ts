import { CompiledQuery } from 'kysely';
import { type CommitOptions, MAX_COMMIT_ATTEMPTS, recipientsOf } from './commit.js';
import { consentEnded, consentUnverifiable, invalid, type MessagingError, notFound, unavailable } from './errors.js';
import type { DurableEvent } from './events.js';
import { failureOf } from './failures.js';
import type { ReadMark } from './read-mark.js';
import { receiptData } from './views.js';

type Outcome = ['n', 'direct' | 'group', number[]] | ['s'] | ['x'] | ['p'] | ['e'];

const REFUSALS: Readonly<Record<string, () => MessagingError>> = {
  x: () => notFound('conversation'),
  p: () => invalid('upTo', 'is past the last message'),
  e: consentEnded,
};

/** Commits read marks, and answers each of them after the commit (I3). */
export class ReadCommit {
  constructor(private readonly options: CommitOptions) {}

  /** Of marks of one person on one conversation only the furthest is stored: the others are passed by then. */
  async commit(batch: readonly ReadMark[]): Promise<void> {
    const furthest = new Map<string, ReadMark>();
    for (const mark of batch) {
      const key = `${mark.sender.permit} ${mark.sender.key} ${mark.conversation}`;
      const known = furthest.get(key);
      if (!known || known.upTo < mark.upTo) furthest.set(key, mark);
    }
    const marks = [...furthest.values()];
    try {
      await this.store(marks);
    } catch (error) {
      this.options.log.warn({ err: error }, 'read marks could not be stored');
      for (const mark of batch) mark.fail(unavailable('It could not be stored.'));
      return;
    }
    for (const mark of batch) {
      const done = furthest.get(`${mark.sender.permit} ${mark.sender.key} ${mark.conversation}`)!;
      if (done !== mark)
        done.answer.result.then(
          () => mark.answer.succeed(),
          (error: MessagingError) => mark.fail(error),
        );
    }
  }

  private async store(marks: readonly ReadMark[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(marks);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'repeat' && attempt < MAX_COMMIT_ATTEMPTS) continue;
        if (failure === 'unknown') this.options.onOutcomeUnknown?.();
        throw error;
      }
    }
  }

  private async attempt(all: readonly ReadMark[]): Promise<void> {
    const { marks, outcomes } = await this.run(all);
    const events: DurableEvent[] = [];
    for (const [n, { sender, conversation, upTo }] of marks.entries()) {
      const outcome = outcomes[n]!;
      if (outcome[0] !== 'n') continue;
      const data = receiptData({ conversation, person: sender.id, readUpTo: upTo });
      events.push({ name: 'receipt.updated', data, recipients: recipientsOf(outcome[2]) });
      if (outcome[1] === 'group') this.options.onRead?.(sender, conversation, data);
    }
    try {
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      // The store has them (I4).
      this.options.log.error({ err: error }, 'events of stored read marks were not handed on');
    }
    for (const [n, mark] of marks.entries()) {
      const refusal = REFUSALS[outcomes[n]![0]];
      if (refusal) mark.fail(refusal());
      else mark.answer.succeed();
    }
  }

  /** As with sends, mayCommit is asked when the statement can leave at once (I2, I6). */
  private run(all: readonly ReadMark[]): Promise<{ marks: ReadMark[]; outcomes: Outcome[] }> {
    return this.options.database
      .commits<unknown>()
      .connection()
      .execute(async (connection) => {
        if (!this.options.mayCommit())
          for (const mark of all) if (mark.sender.permit !== null) mark.fail(consentUnverifiable());
        const marks = all.filter(({ answer }) => answer.isOpen);
        if (marks.length === 0) return { marks, outcomes: [] };
        const parameter = JSON.stringify(marks.map((mark) => mark.row()));
        const { rows } = await connection.executeQuery<{ result: string }>(
          CompiledQuery.raw('select mark_read($1::text) as result', [parameter]),
        );
        return { marks, outcomes: JSON.parse(rows[0]!.result) as Outcome[] };
      });
  }
}
