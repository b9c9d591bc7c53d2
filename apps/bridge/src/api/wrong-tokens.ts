import type { Request } from 'express';
import { clientNetwork } from '../http/client-network.js';
import { Rates } from '../http/rates.js';
import { RateLimited } from './api-error.js';

/** Of the tokens that are nobody's (I9). */
export const WRONG_TOKEN_LIMITS = {
  /** From one address (an IPv6 /64). */
  perMinute: 60,
  /** Addresses. */
  remembered: 10_000,
} as const;

/**
 * Wrong tokens of each address. Whoever has a right one is not asked here, and comes in from an address that guesses all the
 * same: nobody is locked out. What stands in X-Forwarded-For is not heeded: on the internal listener anybody can write it.
 */
export class WrongTokens {
  private readonly rates: Rates;

  /** `refused` is told of each beyond the limit. */
  constructor(
    private readonly refused: () => void,
    nowMs?: () => number,
  ) {
    this.rates = new Rates(WRONG_TOKEN_LIMITS, nowMs);
  }

  /** Counts one. RateLimited where it is one too many. */
  count(request: Request): void {
    const waitMs = this.rates.take(clientNetwork(request, false));
    if (waitMs === 0) return;
    this.refused();
    throw new RateLimited('Too many wrong tokens came from this address.', waitMs);
  }
}
