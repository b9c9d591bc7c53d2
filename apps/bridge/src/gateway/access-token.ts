import { type ScopeSet, scopeSet } from '@drawbridge/protocol';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { SigningKeys } from '../authority/signing-keys.js';

/** What an access token of ours says (RFC 9068). It is a ticket to ask: what it allows, the consent decides. */
export interface AccessToken {
  readonly grant: string;
  readonly clientId: string;
  readonly personId: string;
  readonly scopes: ScopeSet;
  /** In database time. */
  readonly expiresAtMs: number;
  /** The thumbprint of the key that it is bound to (RFC 9449 section 6). */
  readonly jkt: string | undefined;
}

/** How far the clock of the process that made a token may be off, either way (I9). */
const CLOCK_OFF_MAX_S = 60;

/** Checks access tokens here, without asking anybody. */
export class AccessTokens {
  private readonly keySet: ReturnType<typeof createLocalJWKSet>;

  constructor(
    keys: SigningKeys,
    private readonly publicUrl: string,
    /** How long tokens live. */
    private readonly accessTokenS: number,
    /** Expiry is judged by the database's time: this machine's clock may be wrong. */
    private readonly databaseNowMs: () => number,
  ) {
    this.keySet = createLocalJWKSet({ keys: keys.publicKeys() });
  }

  /** Undefined for whatever is not a living access token for this bridge; nothing says which it was. */
  async check(token: string): Promise<AccessToken | undefined> {
    const nowMs = this.databaseNowMs();
    try {
      const { payload } = await jwtVerify(token, this.keySet, {
        typ: 'at+jwt',
        algorithms: ['ES256'],
        issuer: `${this.publicUrl}/oidc`,
        audience: `${this.publicUrl}/bridge`,
        requiredClaims: ['sub', 'client_id', 'grant_id', 'exp', 'iat'],
        currentDate: new Date(nowMs),
      });
      // For this bridge alone: what another audience was given too, it could use here.
      if ([payload.aud].flat().length !== 1) return undefined;
      return this.isOfNow(payload.iat, nowMs / 1_000) ? accessTokenOf(payload) : undefined;
    } catch {
      return undefined;
    }
  }

  /** A token says itself how long it lives; an authority whose clock is an hour ahead makes one that lives an hour more. */
  private isOfNow(iat: number | undefined, nowS: number): boolean {
    const oldestS = nowS - this.accessTokenS - CLOCK_OFF_MAX_S;
    return typeof iat === 'number' && iat >= oldestS && iat <= nowS + CLOCK_OFF_MAX_S;
  }
}

function accessTokenOf(claims: JWTPayload): AccessToken | undefined {
  const { sub, client_id, grant_id, scope, exp, cnf } = claims;
  if (typeof sub !== 'string' || typeof client_id !== 'string' || typeof grant_id !== 'string') return undefined;
  if (exp === undefined || (scope !== undefined && typeof scope !== 'string')) return undefined;
  const bound = cnf !== undefined;
  const jkt = (cnf as { jkt?: unknown } | undefined)?.jkt;
  if (bound && typeof jkt !== 'string') return undefined;
  return {
    grant: grant_id,
    clientId: client_id,
    personId: sub,
    scopes: scopeSet(scope?.split(' ') ?? []),
    expiresAtMs: exp * 1_000,
    jkt: jkt as string | undefined,
  };
}
