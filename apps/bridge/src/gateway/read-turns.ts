/** Reads of clients that are in the store at once (I9). The embedded database has one connection for everything. */
export const READS_AT_ONCE = { postgres: 8, pglite: 2 } as const;

/**
 * Clients' reads take turns, grant by grant: a client may have hundreds of commands under way, and the store would
 * otherwise come to everybody else's, and to the end of a consent (I2), after all of them.
 */
export class ReadTurns {
  private underWay = 0;
  /** The grant whose turn it is comes first. */
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(private readonly atOnce: number) {}

  async take<T>(grant: string, read: () => Promise<T>): Promise<T> {
    if (this.underWay >= this.atOnce) await this.turn(grant);
    else this.underWay += 1;
    try {
      return await read();
    } finally {
      this.handOn();
    }
  }

  private turn(grant: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(grant);
      if (queue) queue.push(resolve);
      else this.waiting.set(grant, [resolve]);
    });
  }

  private handOn(): void {
    for (const [grant, queue] of this.waiting) {
      const next = queue.shift();
      this.waiting.delete(grant);
      if (queue.length > 0) this.waiting.set(grant, queue);
      next?.();
      return;
    }
    this.underWay -= 1;
  }
}
