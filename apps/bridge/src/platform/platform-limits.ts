import { NoTurn, Turns } from '@drawbridge/database';
import type { Request } from 'express';
import { RateLimited } from '../api/api-error.js';
import type { Config } from '../config/config.js';
import { Bucket, type Rate } from '../limits/bucket.js';
import { PLATFORM_LIMITS } from './requests.js';

/** What the platform's calls may take of a process (I9); how many at once, and how often, are settings. */
export const PLATFORM_CALL_LIMITS = {
  /** Of calls on people, and of calls on messages and conversations: each kind takes turns with the other. */
  waitingEach: 500,
  waiting: 1_000,
  /** People who are erased: their consents end first, which may take as long as a lease. */
  erasures: { atOnce: 8, waiting: 100 },
  /** What a call that was one too many is told. */
  retryAfterMs: 1_000,
  /** Written at once after a pause; a whole batch in any case. */
  writesBurstS: 2,
} as const;

export type PlatformLimitName = 'calls' | 'writes';

/** Keeps a script that runs away from taking the database from the people who chat; what it sends too much waits, and is then told when to come back. */
export class PlatformLimits {
  private readonly asked: Turns;
  private readonly erasures = new Turns(PLATFORM_CALL_LIMITS.erasures);
  private readonly written = new Bucket();
  private readonly writeRate: Rate;

  /** `refused` is told of each call beyond a limit. */
  constructor(
    { platformCallsAtOnce, platformWritesPerS }: Pick<Config, 'platformCallsAtOnce' | 'platformWritesPerS'>,
    private readonly refused: (limit: PlatformLimitName) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    const { waitingEach, waiting, writesBurstS } = PLATFORM_CALL_LIMITS;
    this.asked = new Turns({ atOnce: platformCallsAtOnce, waitingEach, waiting });
    const msEach = 1_000 / platformWritesPerS;
    this.writeRate = { msEach, burstMs: Math.max(writesBurstS * 1_000, PLATFORM_LIMITS.messagesAtOnce * msEach) };
  }

  /** RateLimited where too many wait already; nothing is done then. */
  async take({ method, path }: Request, work: () => Promise<void>): Promise<void> {
    const ofPeople = path.startsWith('/people/');
    const turns = ofPeople && method === 'DELETE' && path.split('/').length === 3 ? this.erasures : this.asked;
    try {
      await turns.take(ofPeople ? 'people' : 'messages', work);
    } catch (error) {
      if (!(error instanceof NoTurn)) throw error;
      this.refused('calls');
      throw new RateLimited('Too many calls wait already.', PLATFORM_CALL_LIMITS.retryAfterMs);
    }
  }

  /** Counts so many messages, or changes of them. RateLimited where there is no room for all of them; none is counted then. */
  write(messages: number): void {
    const now = this.nowMs();
    const waitMs = this.written.waitMs(this.writeRate, now, messages);
    if (waitMs > 0) {
      this.refused('writes');
      throw new RateLimited('Too many messages were written just now.', waitMs);
    }
    this.written.take(this.writeRate, now, messages);
  }
}
