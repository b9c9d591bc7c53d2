import type { Database } from '@drawbridge/database';
import { type Kysely, sql } from 'kysely';

/** Bounds of putting pages on the record (I9). */
export const ACCESS_PAGE_LIMITS = {
  /** Pages of one statement; what comes meanwhile leaves with the next. */
  perStatement: 128,
  /** Pages that wait, each with the reply that it belongs to; whoever comes then is refused, and shows nothing. */
  waiting: 256,
} as const;

/** Messages of one conversation, from the position `from` to the position `to`, both included. */
export interface ShownRun {
  readonly conversation: string;
  readonly from: number;
  readonly to: number;
}

/** A reply that shows messages: what was shown to whom, and never a word of it. */
export interface AccessPage {
  readonly grant: string;
  /** The internal key of the person whose messages they are. */
  readonly person: number;
  readonly command: string;
  readonly shown: readonly ShownRun[];
}

interface Waiting extends AccessPage {
  readonly recorded: PromiseWithResolvers<void>;
}

/**
 * The pages of messages that clients read, put on the record before they are shown (I8). One statement is under way at
 * a time and takes all that came meanwhile, so that many readers at once cost little more than one.
 */
export class AccessPages {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;

  constructor(private readonly database: Database) {}

  /** Resolves after the commit. Rejects when the page is not on the record, or may not be: then it must not be shown. */
  async record(page: AccessPage): Promise<void> {
    if (page.shown.length === 0) return;
    if (this.waiting.length >= ACCESS_PAGE_LIMITS.waiting) throw new Error('Too many pages wait for the record.');
    const recorded = Promise.withResolvers<void>();
    this.waiting.push({ ...page, recorded });
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    await recorded.promise;
  }

  private async write(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, ACCESS_PAGE_LIMITS.perStatement);
      try {
        // As sends have them: what takes too long is given up, and the reader hears so.
        await insertPages(this.database.commits<object>(), batch);
        for (const { recorded } of batch) recorded.resolve();
      } catch (error) {
        for (const { recorded } of batch) recorded.reject(error);
      }
    }
  }
}

async function insertPages(db: Kysely<object>, pages: readonly AccessPage[]): Promise<void> {
  const rows = pages.map(({ grant, person, command, shown }) => ({
    g: grant,
    p: person,
    k: command,
    c: shown.map(({ conversation }) => conversation),
    f: shown.map(({ from }) => from),
    t: shown.map(({ to }) => to),
  }));
  await sql`
    insert into access_page (grant_id, person, command, conversations, from_positions, to_positions)
    select g, p, k, c, f, t
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as x(g uuid, p bigint, k text, c uuid[], f bigint[], t bigint[])`.execute(db);
}
