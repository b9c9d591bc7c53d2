import type { MailboxRead, Messaging, StoredEvent } from '@drawbridge/messaging';

/** Bounds of reading backlog from the store (I9). */
export const READS_LIMITS = {
  /** Statements under way at once. */
  atOnce: 4,
  /** Mailboxes read by one statement. */
  perStatement: 32,
} as const;

interface Wanted extends MailboxRead, PromiseWithResolvers<StoredEvent[]> {}

/**
 * Reads what connections lack, many mailboxes in one statement: after a lost hint, or a lease that had lapsed, thousands
 * of them lack something at once. What is asked for in one turn of the event loop, or while all statements are under
 * way, leaves together, and connections of a person that stand at the same place share one read.
 */
export class MailboxReads {
  private wanted = new Map<string, Wanted>();
  private underWay = 0;
  private leaving = false;

  constructor(private readonly read: Messaging['read']) {}

  /** Events after `after`, oldest first, at most `limit`. Rejects when the statement fails. */
  after(owner: number, after: number, limit: number): Promise<StoredEvent[]> {
    const key = `${owner} ${after} ${limit}`;
    let read = this.wanted.get(key);
    if (!read) {
      read = { owner, after, limit, ...Promise.withResolvers<StoredEvent[]>() };
      this.wanted.set(key, read);
    }
    this.leave();
    return read.promise;
  }

  private leave(): void {
    if (this.leaving || this.underWay >= READS_LIMITS.atOnce || this.wanted.size === 0) return;
    this.leaving = true;
    queueMicrotask(() => {
      this.leaving = false;
      while (this.underWay < READS_LIMITS.atOnce && this.wanted.size > 0) void this.send(this.take());
    });
  }

  private take(): Wanted[] {
    const taken: Wanted[] = [];
    for (const [key, read] of this.wanted) {
      if (taken.length === READS_LIMITS.perStatement) break;
      this.wanted.delete(key);
      taken.push(read);
    }
    return taken;
  }

  private async send(reads: readonly Wanted[]): Promise<void> {
    this.underWay += 1;
    try {
      const answers = await this.read(reads.map(({ owner, after, limit }) => ({ owner, after, limit })));
      for (const [index, { resolve }] of reads.entries()) resolve(answers[index]!);
    } catch (error) {
      for (const { reject } of reads) reject(error);
    } finally {
      this.underWay -= 1;
      this.leave();
    }
  }
}
