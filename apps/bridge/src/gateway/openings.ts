import { Turns } from '@drawbridge/database';

/** What openings of sessions may take of the store, and how many may wait for it (I9). */
export const OPENING_LIMITS = {
  /** At once. The embedded database has one connection for everything. */
  atOnce: { postgres: 6, pglite: 2 },
  /** Waiting on one grant, which may have four connections: more are `rate_limited`. */
  waitingPerGrant: 16,
  /** Waiting in this process: more are `unavailable`, and come back when they are fewer. */
  waiting: 2_000,
} as const;

/** Openings take turns, grant by grant: each is half a dozen statements, and clients open by the thousand when they come back. */
export class Openings extends Turns {
  constructor(database: keyof typeof OPENING_LIMITS.atOnce) {
    const { atOnce, waiting, waitingPerGrant: waitingEach } = OPENING_LIMITS;
    super({ atOnce: atOnce[database], waiting, waitingEach });
  }
}
