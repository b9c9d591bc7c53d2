import { NoTurn, Turns } from '@drawbridge/database';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { defaultIfEmpty, from, lastValueFrom, type Observable } from 'rxjs';
import { Config } from '../config/config.js';
import { clientNetwork, trustsProxy } from '../http/client-network.js';
import { sendProblem } from '../http/problem.filter.js';
import { Rates } from '../http/rates.js';
import { sendJson } from '../http/respond.js';
import { bodyHasArrived } from './arrived-body.js';

/** What requests to the authority may take of the store, and how many may wait for it (I9). Addresses take turns. */
export const AUTHORITY_LIMITS = {
  /** Sign-ins, consents and tokens under way in this process; the next wait, others get 503. */
  asked: { atOnce: 8, waitingEach: 100, waiting: 200 },
  /** Revocations and Connected apps: an end may wait for the lease of a gateway that died, and for no sign-in. */
  ends: { atOnce: 32, waitingEach: 100, waiting: 200 },
  /** Who is sent to the platform's provider or comes back from it: what waits for a slow one keeps nobody else waiting. */
  provider: { atOnce: 64, waitingEach: 100, waiting: 200 },
  /** Sign-ins begun from one address, devices' codes among them: each is a row for half an hour. A whole office may have one. And so many sent to the provider. */
  beginnings: { perMinute: 600, remembered: 10_000 },
  /** What a 503 advises. */
  retryAfterMs: 2_000,
} as const;

type Turn = 'asked' | 'ends' | 'provider';

const REVOCATION = '/token/revocation';
const BEGINNINGS = new Set(['/auth', '/device/auth']);
/** Where programs read what is answered, and no person. */
const FOR_PROGRAMS = /^\/oidc\/(token|device)\b/i;

/** Lets so many requests through at once, and so many sign-ins of an address begin. */
@Injectable()
export class AuthorityTurns {
  private readonly asked = new Turns(AUTHORITY_LIMITS.asked);
  private readonly ends = new Turns(AUTHORITY_LIMITS.ends);
  private readonly provider = new Turns(AUTHORITY_LIMITS.provider);
  private readonly beginnings = new Rates(AUTHORITY_LIMITS.beginnings);
  private readonly sent = new Rates(AUTHORITY_LIMITS.beginnings);
  private readonly behindProxy: boolean;

  constructor(config: Config) {
    this.behindProxy = trustsProxy(config.publicUrl);
  }

  /** For oidc-provider's handler, at whose path this is. It keeps its turn until its work is done, whoever hangs up. */
  bounding(handler: (request: Request, response: Response) => Promise<void>) {
    return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
      try {
        // As oidc-provider reads it.
        const path = request.path.replace(/\/+$/, '').toLowerCase();
        if (BEGINNINGS.has(path) && !this.mayBegin(this.beginnings, request, response)) return;
        // First, since a client that sends its bytes one by one would keep a turn for as long as it likes.
        if (!(await bodyHasArrived(request))) return;
        await this.take(path === REVOCATION ? 'ends' : 'asked', request, response, () => handler(request, response));
      } catch (error) {
        next(error);
      }
    };
  }

  /** Whether one more person may be sent to the platform's provider from this address; if not, a page was sent. */
  maySend(request: Request, response: Response): boolean {
    return this.mayBegin(this.sent, request, response);
  }

  private mayBegin(rates: Rates, request: Request, response: Response): boolean {
    const waitMs = rates.take(clientNetwork(request, this.behindProxy));
    if (waitMs > 0) sendBusy(request, response, 429, waitMs);
    return waitMs === 0;
  }

  /** Nothing is done for a client that has gone by then. */
  async take(what: Turn, request: Request, response: Response, work: () => Promise<void>): Promise<void> {
    try {
      await this[what].take(clientNetwork(request, this.behindProxy), async () => {
        if (!response.destroyed) await work();
      });
    } catch (error) {
      if (!(error instanceof NoTurn)) throw error;
      sendBusy(request, response, 503, AUTHORITY_LIMITS.retryAfterMs);
    }
  }
}

/** An app reads OAuth's errors, a person a page. */
function sendBusy(request: Request, response: Response, status: 429 | 503, retryAfterMs: number): void {
  if (!FOR_PROGRAMS.test(request.originalUrl)) {
    sendProblem(request, response, status, retryAfterMs);
    return;
  }
  response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1_000));
  sendJson(response, status, { error: 'temporarily_unavailable', error_description: 'too much at once; try again' });
}

abstract class TakesTurns implements NestInterceptor {
  constructor(
    private readonly turns: AuthorityTurns,
    private readonly what: Turn,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<void> {
    const http = context.switchToHttp();
    const handled = () => lastValueFrom(next.handle().pipe(defaultIfEmpty(undefined)));
    return from(this.turns.take(this.what, http.getRequest<Request>(), http.getResponse<Response>(), handled));
  }
}

/** The pages of sign-in and consent. */
@Injectable()
export class AskedInTurn extends TakesTurns {
  constructor(turns: AuthorityTurns) {
    super(turns, 'asked');
  }
}

/** Connected apps. */
@Injectable()
export class EndsInTurn extends TakesTurns {
  constructor(turns: AuthorityTurns) {
    super(turns, 'ends');
  }
}

/** The way to the platform's provider and back. */
@Injectable()
export class ProviderInTurn extends TakesTurns {
  constructor(turns: AuthorityTurns) {
    super(turns, 'provider');
  }
}
