import { type DatabaseConnection, type PGlite as KyselyPGlite, PGliteDialect, PGliteDriver } from 'kysely';

/** What a statement is for; the earlier goes first. */
export type Purpose = 'control' | 'general' | 'commits';

/** Turns of others after which a commit that waits is next. */
const TURNS_BEFORE_COMMIT = 4;

/**
 * Who is next on the one connection of the embedded database, in place of PostgreSQL's several. Consent is proven and
 * its end acknowledged before anything else is asked (I2, I6); reads go before commits, which are long and grow while
 * they wait. Of each purpose one waits here, the others behind it.
 */
class Turns {
  private taken = false;
  private readonly waiting = new Map<Purpose, () => void>();
  private sinceCommit = 0;

  async take(purpose: Purpose): Promise<void> {
    if (this.taken) await new Promise<void>((resolve) => this.waiting.set(purpose, resolve));
    this.taken = true;
    this.sinceCommit = purpose === 'commits' ? 0 : this.sinceCommit + 1;
  }

  /**
   * The embedded database answers without ever going back to the event loop: a queue of statements would keep timers and
   * sockets waiting until it is empty, and leases would lapse meanwhile. So the next one has to wait for the loop.
   */
  readonly done = (): void => {
    setImmediate(() => {
      const next = this.next();
      const go = next && this.waiting.get(next);
      if (next) this.waiting.delete(next);
      if (go) go();
      else this.taken = false;
    });
  };

  private next(): Purpose | undefined {
    const late = this.sinceCommit >= TURNS_BEFORE_COMMIT;
    const order: Purpose[] = late ? ['control', 'commits', 'general'] : ['control', 'general', 'commits'];
    return order.find((purpose) => this.waiting.has(purpose));
  }
}

/** A turn is taken with the connection, not with each statement: a transaction is not to be interrupted. */
class TakingTurns extends PGliteDriver {
  constructor(
    pglite: KyselyPGlite,
    private readonly turns: Turns,
    private readonly purpose: Purpose,
  ) {
    super({ pglite });
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    await this.turns.take(this.purpose);
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    this.turns.done();
  }
}

/** A dialect for each purpose, all of them on one embedded database. */
export function embeddedDialects(pglite: KyselyPGlite): Record<Purpose, PGliteDialect> {
  const turns = new Turns();
  const dialect = (purpose: Purpose) => {
    const made = new PGliteDialect({ pglite });
    made.createDriver = () => new TakingTurns(pglite, turns, purpose);
    return made;
  };
  return { control: dialect('control'), general: dialect('general'), commits: dialect('commits') };
}
