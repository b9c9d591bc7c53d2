import type { Database } from '@drawbridge/database';
import { CompiledQuery } from 'kysely';
import type { Answer } from './answer.js';
import { consentUnverifiable, type MessagingError, unavailable } from './errors.js';
import { failureOf } from './failures.js';
import type { Sender } from './send.js';

/** How often a statement is repeated that met another transaction (a deadlock, the same client id at the same moment). */
const MAX_COMMIT_ATTEMPTS = 5;

/** What storing takes of the options of commits. */
export interface Storing {
  readonly database: Database;
  readonly log: { warn(details: object, message: string): void };
  mayCommit(): boolean;
  onOutcomeUnknown?(): void;
}

/** Something that somebody asked to be stored. */
export interface Asked {
  readonly sender: Pick<Sender, 'permit'>;
  readonly answer: Pick<Answer<never>, 'isOpen'>;
  /** Something before it that it may not overtake was not stored. */
  readonly isBarred?: boolean;
  fail(error: MessagingError): void;
}

/**
 * What `attempt` gives, which is repeated while it meets other transactions. Where the connection broke it may be stored
 * or not, and `onOutcomeUnknown` is told.
 */
export async function repeated<T>(options: Storing, attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'repeat' && attempts < MAX_COMMIT_ATTEMPTS) {
        options.log.warn({ err: error, attempt: attempts }, 'a commit met another transaction and is repeated');
        continue;
      }
      if (failure === 'unknown') options.onOutcomeUnknown?.();
      throw error;
    }
  }
}

/** One bad item harms no other: the batch is stored in halves then, the first before the second, so that order holds. */
export async function inParts<T>(
  batch: T[],
  parts: {
    store(part: T[]): Promise<void>;
    /** It cannot be stored. */
    unfit(item: T, error: unknown): void;
    /** They could not be stored. */
    failed(part: T[], error: unknown): void;
  },
): Promise<void> {
  try {
    await parts.store(batch);
  } catch (error) {
    if (failureOf(error) !== 'data') return parts.failed(batch, error);
    if (batch.length === 1) return parts.unfit(batch[0]!, error);
    const half = batch.length >> 1;
    await inParts(batch.slice(0, half), parts);
    await inParts(batch.slice(half), parts);
  }
}

/**
 * Calls a function of the database with those items that may be stored, and gives them with its text; without a text
 * where none is left. mayCommit is asked when the connection is there and the statement can leave at once: one that
 * waited for a connection could otherwise outlive the lease (I2, I6).
 */
export function call<T extends Asked>(
  options: Storing,
  items: readonly T[],
  name: 'commit_sends' | 'change_messages' | 'mark_read' | 'update_group' | 'acknowledge' | 'send_recommendation',
  parameterOf: (items: readonly T[]) => unknown,
): Promise<{ items: T[]; text?: string; ms: number }> {
  return options.database
    .commits<unknown>()
    .connection()
    .execute(async (connection) => {
      if (!options.mayCommit())
        for (const item of items) if (item.sender.permit !== null) item.fail(consentUnverifiable());
      for (const item of items) if (item.isBarred) item.fail(unavailable('One before it could not be stored.'));
      const open = items.filter(({ answer }) => answer.isOpen);
      if (open.length === 0) return { items: open, ms: 0 };
      const parameter = JSON.stringify(parameterOf(open));
      const startedAt = performance.now();
      const { rows } = await connection.executeQuery<{ result: string }>(
        CompiledQuery.raw(`select ${name}($1::text) as result`, [parameter]),
      );
      return { items: open, text: rows[0]!.result, ms: performance.now() - startedAt };
    });
}
