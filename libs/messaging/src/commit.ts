import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import { conflict, consentEnded, invalid, notFound, unavailable } from './errors.js';
import type { DurableEvent, Recipient } from './events.js';
import type { Send } from './send.js';
import { call, inParts, repeated } from './storing.js';
import { MESSAGE_ROWS_OF_MEMBER, type MessageRow, messageData, messageView, seesMessage } from './views.js';

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
  /**
   * Messages of a group have reached somebody, or were read: for the others there, who have no entry of it. `reader` is
   * an internal key, `data` as of receipt.updated.
   */
  onReceipt?(reader: number, conversation: string, data: Buffer): void;
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

  commit(batch: Send[]): Promise<void> {
    return inParts(batch, {
      store: (part) => repeated(this.options, () => this.attempt(part)),
      unfit: (send, error) => {
        this.options.log.warn({ err: error, message: send.id }, 'a send cannot be stored');
        send.fail(invalid('text', 'cannot be stored'));
      },
      failed: (part, error) => {
        this.options.log.error({ err: error }, 'a batch of sends failed');
        for (const send of part) send.fail(unavailable('The message could not be stored.'));
      },
    });
  }

  private async attempt(batch: Send[]): Promise<void> {
    const {
      items: sends,
      text,
      ms,
    } = await call(this.options, batch, 'commit_sends', (some) => ({
      c: [...new Set(some.map((send) => send.conversation))],
      s: some.map((send) => send.row()),
    }));
    if (text === undefined) return;
    this.options.onBatch?.(sends.length, ms);
    const committed = JSON.parse(text) as Committed;
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

  /** A retry gets the message as it is today, or was when its sender left (I5). */
  private async answerDuplicates(duplicates: ReadonlyMap<Send, string>): Promise<void> {
    try {
      const ids = [...new Set(duplicates.values())];
      const { rows } = await sql<MessageRow>`
        ${MESSAGE_ROWS_OF_MEMBER} join member me on ${seesMessage(sql`m.sender`)} where m.id = any (${ids}::uuid[])`.execute(
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
