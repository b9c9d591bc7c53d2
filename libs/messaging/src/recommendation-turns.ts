import { NoTurn, Turns } from '@drawbridge/database';
import { unavailable } from './errors.js';
import type { Recommendation } from './recommendation.js';

/** Recommendations that wait, grant by grant in turn (I9). */
export const RECOMMENDATION_LIMITS = {
  /** One at a time: each may be twenty messages, and the lane is everybody's. */
  atOnce: 1,
  waiting: 1_000,
  /** One that has waited longer is answered `unavailable`, untried. */
  maxWaitMs: 5_000,
} as const;

/** Lets one recommendation into the lane, and the next when it is answered. How many of one grant wait, Arrivals bounds. */
export class RecommendationTurns {
  private readonly turns = new Turns(RECOMMENDATION_LIMITS);

  /** Gives the conversation whose lane it takes, when it is its turn. */
  of(item: Recommendation): Promise<string> {
    const { permit, key } = item.sender;
    const askedAt = performance.now();
    return new Promise((resolve, reject) => {
      const work = async () => {
        if (performance.now() - askedAt > RECOMMENDATION_LIMITS.maxWaitMs) throw new NoTurn('all');
        resolve(item.conversation);
        await item.answer.result.catch(() => {});
      };
      this.turns.take(permit ?? `person ${key}`, work).catch((error: unknown) => {
        reject(error instanceof NoTurn ? unavailable('Too many recommendations are waiting.') : error);
      });
    });
  }
}
