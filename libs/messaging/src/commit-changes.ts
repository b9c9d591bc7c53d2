import { sql } from 'kysely';
import type { Change } from './change.js';
import { type CommitOptions, recipientsOf } from './commit.js';
import { conflictWith, consentEnded, invalid, type MessagingError, notFound, unavailable } from './errors.js';
import type { DurableEvent } from './events.js';
import { call, inParts, repeated } from './storing.js';
import { type MessageRow, messageData, messageRows, messageView } from './views.js';

const EVENTS = {
  edit: 'message.edited',
  delete: 'message.deleted',
  react: 'message.reacted',
  unreact: 'message.reacted',
} as const satisfies Record<Change['change']['kind'], DurableEvent['name']>;

type Outcome = ['n', revision: number, number[]] | ['s', revision: number] | ['x'] | ['g'] | ['f'] | ['e'];

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

  commit(batch: Change[]): Promise<void> {
    return inParts(batch, {
      store: (part) => repeated(this.options, () => this.attempt(part)),
      unfit: (change, error) => {
        this.options.log.warn({ err: error, message: change.message }, 'a change cannot be stored');
        change.fail(invalid('text', 'cannot be stored'));
      },
      failed: (part, error) => {
        this.options.log.error({ err: error }, 'a batch of changes failed');
        for (const change of part) change.fail(unavailable('The change could not be stored.'));
      },
    });
  }

  private async attempt(batch: readonly Change[]): Promise<void> {
    const stored = await call(this.options, batch, 'change_messages', (some) => some.map((change) => change.row()));
    const { items: changes, text } = stored;
    if (text === undefined) return;
    const outcomes = JSON.parse(text) as Outcome[];
    if (outcomes.length !== changes.length) throw new Error('change_messages lost a result');
    const rows = await this.messages(changes, outcomes).catch((error: unknown) => {
      // Stored, and whoever missed the hint finds the event there (I4).
      this.options.log.error({ err: error }, 'changed messages could not be read');
      this.options.onOutcomeUnknown?.();
      return new Map<number, MessageRow>();
    });
    const events: DurableEvent[] = [];
    const answers: (() => void)[] = [];
    for (const [n, item] of changes.entries()) {
      const outcome = outcomes[n]!;
      const refusal = REFUSALS[outcome[0]];
      const row = rows.get(n);
      if (refusal) answers.push(() => item.fail(refusal()));
      else if (!row) answers.push(() => item.fail(unavailable('The message could not be read.')));
      else {
        const view = messageView(row);
        // Of several changes of one message in a batch each event tells what it is now, as the store does.
        if (outcome[0] === 'n')
          events.push({
            name: EVENTS[item.change.kind],
            data: messageData(view),
            recipients: recipientsOf(outcome[2]),
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

  /**
   * By the place of the change: its message as it is now, but for what was changed since somebody left who is still told.
   * On a connection of the commits: the lane waits for it, and may not wait for whoever reads a history.
   */
  private async messages(changes: readonly Change[], outcomes: readonly Outcome[]): Promise<Map<number, MessageRow>> {
    const asked = changes.flatMap(({ message }, n) => {
      const outcome = outcomes[n]!;
      return outcome[0] === 'n' || outcome[0] === 's' ? [{ n, m: message, r: outcome[1] + 1 }] : [];
    });
    if (asked.length === 0) return new Map();
    const { rows } = await sql<MessageRow & { n: number }>`
      select x.n, v.* from jsonb_to_recordset(${JSON.stringify(asked)}::text::jsonb) as x(n integer, m uuid, r bigint)
       cross join lateral (${messageRows(sql`x.r`)} where m.id = x.m offset 0) v`.execute(
      this.options.database.commits(),
    );
    return new Map(rows.map((row) => [row.n, row]));
  }
}
