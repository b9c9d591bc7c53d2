import { CompiledQuery, sql } from 'kysely';
import type { Change } from './change.js';
import { type CommitOptions, MAX_COMMIT_ATTEMPTS, recipientsOf } from './commit.js';
import {
  conflictWith,
  consentEnded,
  consentUnverifiable,
  invalid,
  type MessagingError,
  notFound,
  unavailable,
} from './errors.js';
import type { DurableEvent } from './events.js';
import { failureOf } from './failures.js';
import { MESSAGE_ROWS, type MessageRow, messageData, messageView } from './views.js';

const EVENTS = {
  edit: 'message.edited',
  delete: 'message.deleted',
  react: 'message.reacted',
  unreact: 'message.reacted',
} as const satisfies Record<Change['change']['kind'], DurableEvent['name']>;

type Outcome = ['n', number[]] | ['s'] | ['x'] | ['g'] | ['f'] | ['e'];

const REFUSALS: Readonly<Record<string, () => MessagingError>> = {
  x: () => notFound('message'),
  g: () => conflictWith('The message was deleted.'),
  f: () => conflictWith('The message has as many kinds of reactions as it may have.'),
  e: consentEnded,
};

/** Commits batches of changes to messages and answers each of them after the commit (I3). */
export class ChangeCommit {
  constructor(private readonly options: CommitOptions) {}

  /**
   * Where a message is. For one that is nowhere, a conversation that is none: the change takes the same way to the same
   * answer as one of somebody else's message.
   */
  async conversationOf(message: string): Promise<string> {
    const { rows } = await sql<{ conversation: string }>`
      select conversation from message where id = ${message}::uuid`.execute(this.options.database.tables());
    return rows[0]?.conversation ?? message.toLowerCase();
  }

  async commit(batch: Change[]): Promise<void> {
    try {
      await this.store(batch);
    } catch (error) {
      this.options.log.error({ err: error }, 'a batch of changes failed');
      for (const change of batch) change.fail(unavailable('The change could not be stored.'));
    }
  }

  private async store(batch: Change[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(batch);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'repeat' && attempt < MAX_COMMIT_ATTEMPTS) continue;
        if (failure === 'data') return this.split(batch, error);
        if (failure === 'unknown') this.options.onOutcomeUnknown?.();
        throw error;
      }
    }
  }

  /** One that cannot be stored harms no other. */
  private async split(batch: Change[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only && batch.length === 1) {
      this.options.log.warn({ err: error, message: only.message }, 'a change cannot be stored');
      only.fail(invalid('text', 'cannot be stored'));
      return;
    }
    const half = batch.length >> 1;
    await this.commit(batch.slice(0, half));
    await this.commit(batch.slice(half));
  }

  private async attempt(batch: readonly Change[]): Promise<void> {
    const { changes, outcomes } = await this.run(batch);
    if (changes.length === 0) return;
    if (outcomes.length !== changes.length) throw new Error('change_messages lost a result');
    const done = changes.filter((_, n) => outcomes[n]![0] === 'n' || outcomes[n]![0] === 's');
    const rows = await this.messages(done).catch((error: unknown) => {
      // Stored, and whoever missed the hint finds the event there (I4).
      this.options.log.error({ err: error }, 'changed messages could not be read');
      this.options.onOutcomeUnknown?.();
      return new Map<string, MessageRow>();
    });
    const events: DurableEvent[] = [];
    const answers: (() => void)[] = [];
    for (const [n, item] of changes.entries()) {
      const outcome = outcomes[n]!;
      const refusal = REFUSALS[outcome[0]];
      const row = rows.get(item.message);
      if (refusal) answers.push(() => item.fail(refusal()));
      else if (!row) answers.push(() => item.fail(unavailable('The message could not be read.')));
      else {
        const view = messageView(row);
        // Of several changes of one message in a batch each event tells what it is now, as the store does.
        if (outcome[0] === 'n')
          events.push({
            name: EVENTS[item.change.kind],
            data: messageData(view),
            recipients: recipientsOf(outcome[1]),
          });
        answers.push(() => item.answer.succeed(view));
      }
    }
    try {
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      this.options.log.error({ err: error }, 'events of stored changes were not handed on');
    }
    for (const answer of answers) answer();
  }

  /** As with sends, mayCommit is asked when the statement can leave at once (I2, I6). */
  private run(batch: readonly Change[]): Promise<{ changes: Change[]; outcomes: Outcome[] }> {
    return this.options.database
      .commits<unknown>()
      .connection()
      .execute(async (connection) => {
        if (!this.options.mayCommit())
          for (const change of batch) if (change.sender.permit !== null) change.fail(consentUnverifiable());
        const changes = batch.filter(({ answer }) => answer.isOpen);
        if (changes.length === 0) return { changes, outcomes: [] };
        const parameter = JSON.stringify(changes.map((change) => change.row()));
        const { rows } = await connection.executeQuery<{ result: string }>(
          CompiledQuery.raw('select change_messages($1::text) as result', [parameter]),
        );
        return { changes, outcomes: JSON.parse(rows[0]!.result) as Outcome[] };
      });
  }

  /** On a connection of the commits: the lane waits for it, and may not wait for whoever reads a history. */
  private async messages(changes: readonly Change[]): Promise<Map<string, MessageRow>> {
    const ids = [...new Set(changes.map(({ message }) => message))];
    if (ids.length === 0) return new Map();
    const { rows } = await sql<MessageRow>`${MESSAGE_ROWS} where m.id = any (${ids}::uuid[])`.execute(
      this.options.database.commits(),
    );
    return new Map(rows.map((row) => [row.id, row]));
  }
}
