import type { Database } from '@drawbridge/database';
import { CompiledQuery, sql } from 'kysely';
import { conflict, consentEnded, consentUnverifiable, invalid, notFound, unavailable } from './errors.js';
import type { DurableEvent, Recipient } from './events.js';
import { failureOf } from './failures.js';
import type { Send, Sender } from './send.js';
import { MESSAGE_ROWS, type MessageRow, messageData, messageView } from './views.js';

/** How often a batch is repeated that met another transaction (a deadlock, the same client id at the same moment). */
export const MAX_COMMIT_ATTEMPTS = 5;

export interface Log {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface CommitOptions {
  readonly database: Database;
  readonly log: Log;
  /** Whether consent is proved for as long as a commit may take; asked right before each statement leaves. */
  mayCommit(): boolean;
  /** Called after the commit, synchronously, before the sends are answered. */
  onCommitted(events: DurableEvent[]): void;
  /** The connection broke during a commit: mailboxes may have entries that onCommitted never tells of. */
  onOutcomeUnknown?(): void;
  /** Somebody has read on in a group: for the others there, who have no entry of it. `data` as of receipt.updated. */
  onRead?(reader: Sender, conversation: string, data: Buffer): void;
  /** A batch was committed: how many sends it had, and how long the database took. */
  onBatch?(sends: number, ms: number): void;
}

type Outcome = ['n', number, number, number[]] | ['d', string] | ['c'] | ['x'] | ['e'];
interface Committed {
  at: number;
  r: Outcome[];
}

/** Commits batches of sends and answers each of them: `ok` only after the commit (I3). */
export class SendCommit {
  constructor(
    private readonly options: CommitOptions,
    /** Told how many people each conversation of a batch had. */
    private readonly noticed: (conversation: string, people: number) => void,
  ) {}

  async commit(batch: Send[]): Promise<void> {
    try {
      await this.store(batch);
    } catch (error) {
      this.options.log.error({ err: error }, 'a batch of sends failed');
      for (const send of batch) send.fail(unavailable('The message could not be stored.'));
    }
  }

  private async store(batch: Send[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(batch);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'repeat' && attempt < MAX_COMMIT_ATTEMPTS) {
          this.options.log.warn({ err: error, attempt }, 'a batch of sends met another transaction and is repeated');
          continue;
        }
        if (failure === 'data') return this.split(batch, error);
        if (failure === 'unknown') this.options.onOutcomeUnknown?.();
        throw error;
      }
    }
  }

  /** One bad send harms no other: halves, the first before the second, so that order holds. */
  private async split(batch: Send[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only && batch.length === 1) {
      this.options.log.warn({ err: error, message: only.id }, 'a send cannot be stored');
      only.fail(invalid('text', 'cannot be stored'));
      return;
    }
    const half = batch.length >> 1;
    await this.commit(batch.slice(0, half));
    await this.commit(batch.slice(half));
  }

  private async attempt(batch: Send[]): Promise<void> {
    const { sends, committed } = await this.run(batch);
    if (!committed) return;
    if (committed.r.length !== sends.length) throw new Error('commit_sends lost a result');
    const sentAt = new Date(committed.at).toISOString();
    const events: DurableEvent[] = [];
    const answers: (() => void)[] = [];
    const duplicates = new Map<Send, string>();
    for (const [index, send] of sends.entries()) {
      const outcome = committed.r[index]!;
      if (outcome[0] === 'n') {
        const [, position, seq, pairs] = outcome;
        this.noticed(send.conversation, pairs.length / 2);
        const message = send.view(position, sentAt);
        events.push({
          name: 'message.created',
          data: messageData(message),
          own: { person: send.sender.key, app: send.sender.app, clientId: send.request.clientId },
          recipients: recipientsOf(pairs),
        });
        answers.push(() => send.answer.succeed({ message, seq, duplicate: false }));
      } else if (outcome[0] === 'd') duplicates.set(send, outcome[1]);
      else if (outcome[0] === 'c') answers.push(() => send.fail(conflict()));
      else if (outcome[0] === 'x') answers.push(() => send.fail(notFoundFor(send)));
      else answers.push(() => send.fail(consentEnded()));
    }
    try {
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      // The store has them: whoever missed the hint finds them there (I4).
      this.options.log.error({ err: error }, 'events of stored messages were not handed on');
    }
    for (const answer of answers) answer();
    if (duplicates.size > 0) void this.answerDuplicates(duplicates);
  }

  /**
   * mayCommit is asked when the connection is there and the statement can leave at once: one that waited for a
   * connection could otherwise outlive the lease (I2, I6).
   */
  private run(batch: Send[]): Promise<{ sends: Send[]; committed?: Committed }> {
    return this.options.database
      .commits<unknown>()
      .connection()
      .execute(async (connection) => {
        if (!this.options.mayCommit())
          for (const send of batch) if (send.sender.permit !== null) send.fail(consentUnverifiable());
        const sends = batch.filter((send) => send.answer.isOpen);
        if (sends.length === 0) return { sends };
        const conversations = [...new Set(sends.map((send) => send.conversation))];
        const parameter = JSON.stringify({ c: conversations, s: sends.map((send) => send.row()) });
        const startedAt = performance.now();
        const { rows } = await connection.executeQuery<{ result: string }>(
          CompiledQuery.raw('select commit_sends($1::text) as result', [parameter]),
        );
        this.options.onBatch?.(sends.length, performance.now() - startedAt);
        return { sends, committed: JSON.parse(rows[0]!.result) as Committed };
      });
  }

  /** A retry gets the message as it is today (I5). */
  private async answerDuplicates(duplicates: ReadonlyMap<Send, string>): Promise<void> {
    try {
      const ids = [...new Set(duplicates.values())];
      const { rows } = await sql<MessageRow>`${MESSAGE_ROWS} where m.id = any (${ids}::uuid[])`.execute(
        this.options.database.tables(),
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const [send, id] of duplicates) {
        const row = byId.get(id);
        if (row) send.answer.succeed({ message: messageView(row), seq: row.sender_seq, duplicate: true });
      }
    } catch (error) {
      this.options.log.warn({ err: error }, 'messages that were sent before could not be read');
    }
    for (const send of duplicates.keys()) send.fail(unavailable('The message could not be read.'));
  }
}

export function recipientsOf(pairs: readonly number[]): Recipient[] {
  const recipients: Recipient[] = [];
  for (let i = 0; i < pairs.length; i += 2) recipients.push({ owner: pairs[i]!, seq: pairs[i + 1]! });
  return recipients;
}

function notFoundFor(send: Send) {
  return notFound(send.request.to === undefined ? 'conversation' : 'person');
}
