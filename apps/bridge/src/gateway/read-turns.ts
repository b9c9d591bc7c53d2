import { Turns } from '@drawbridge/database';

/** Reads of clients that are in the store at once (I9). The embedded database has one connection for everything. */
export const READS_AT_ONCE = { postgres: 8, pglite: 2 } as const;

/**
 * Clients' reads take turns, grant by grant: a client may have hundreds of commands under way, and the store would
 * otherwise come to everybody else's, and to the end of a consent (I2), after all of them. How many wait is bounded by
 * what each connection may have under way.
 */
export class ReadTurns extends Turns {
  constructor(atOnce: number) {
    super({ atOnce });
  }
}
