import type { MailboxRead, StoredEvent } from '@drawbridge/messaging';
import { MailboxReads, READS_LIMITS } from './mailbox-reads.js';

/** A store whose statements are answered when the test says so. */
class Store {
  readonly statements: { reads: readonly MailboxRead[]; answer: PromiseWithResolvers<StoredEvent[][]> }[] = [];

  readonly read = (reads: readonly MailboxRead[]): Promise<StoredEvent[][]> => {
    const answer = Promise.withResolvers<StoredEvent[][]>();
    this.statements.push({ reads, answer });
    return answer.promise;
  };

  answer(statement: number): void {
    const { reads, answer } = this.statements[statement]!;
    answer.resolve(reads.map(({ owner }) => [{ seq: owner, name: 'message.created', data: Buffer.alloc(0) }]));
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Reads of mailboxes', () => {
  test('asked for in one turn leave in few statements, and each gets its own answer (I9)', async () => {
    const store = new Store();
    const reads = new MailboxReads(store.read);
    const many = READS_LIMITS.perStatement + 5;
    const answers = Array.from({ length: many }, (_, owner) => reads.after(owner, 0, 10));
    await turn();
    expect(store.statements.map((statement) => statement.reads.length)).toEqual([READS_LIMITS.perStatement, 5]);
    store.answer(1);
    store.answer(0);
    expect((await Promise.all(answers)).map(([event]) => event!.seq)).toEqual(answers.map((_, owner) => owner));
  });

  test('of one person’s connections that stand at the same place are one', async () => {
    const store = new Store();
    const reads = new MailboxReads(store.read);
    const answers = [reads.after(1, 7, 10), reads.after(1, 7, 10), reads.after(1, 8, 10)];
    await turn();
    expect(store.statements.map((statement) => statement.reads.map(({ after }) => after))).toEqual([[7, 8]]);
    store.answer(0);
    await Promise.all(answers);
  });

  test('wait together while as many statements as may be are under way (I9)', async () => {
    const store = new Store();
    const reads = new MailboxReads(store.read);
    const answers: Promise<unknown>[] = [];
    for (let owner = 0; owner < READS_LIMITS.atOnce + 3; owner++) {
      answers.push(reads.after(owner, 0, 10));
      await turn();
    }
    expect(store.statements).toHaveLength(READS_LIMITS.atOnce);
    store.answer(0);
    await turn();
    expect(store.statements.at(-1)!.reads).toHaveLength(3);
    for (let statement = 1; statement <= READS_LIMITS.atOnce; statement++) store.answer(statement);
    await Promise.all(answers);
  });

  test('that fail fail for those who waited for them, and the next are sent', async () => {
    const store = new Store();
    const reads = new MailboxReads(store.read);
    const failing = [reads.after(1, 0, 10), reads.after(2, 0, 10)];
    await turn();
    store.statements[0]!.answer.reject(new Error('the store is down'));
    const outcomes = await Promise.allSettled(failing);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = reads.after(1, 0, 10);
    await turn();
    store.answer(1);
    expect(await next).toHaveLength(1);
  });
});
