import { decodeJwt } from 'jose';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import ServerChallenge from 'oidc-provider/lib/helpers/challenge.js';
import { isMadeAboutNow } from '../proofs.js';

/**
 * Every proof needs a nonce (RFC 9449 section 8), so that none can be made in advance; `use_dpop_nonce` brings the first.
 * With a nonce oidc-provider no longer looks at `iat`: it is looked at here, for a proof that is old is refused.
 */
export function requireNonce(ctx: KoaContextWithOIDC): boolean {
  if (!isMadeAboutNow(iatOf(ctx.get('DPoP')), Date.now() / 1_000)) {
    throw new errors.InvalidDpopProof('DPoP proof iat is too long ago or in the future');
  }
  return true;
}

/**
 * The metadata, which every client reads before it asks for tokens, brings a nonce too (RFC 9449 section 8.2): without it the
 * first request for tokens is always refused, and in a browser's console every sign-in looks like a failure.
 */
export class FirstNonces {
  readonly #nonces: ServerChallenge;

  /** The secret and the name from which oidc-provider makes its own. */
  constructor(secret: Buffer) {
    this.#nonces = new ServerChallenge(secret, 'DPoP');
  }

  give(ctx: KoaContextWithOIDC): void {
    ctx.set('DPoP-Nonce', this.#nonces.nextChallenge());
    ctx.set('Cache-Control', 'no-store');
    ctx.append('Access-Control-Expose-Headers', 'DPoP-Nonce');
  }
}

/** Unverified: what is no token at all is refused a step later. */
function iatOf(proof: string): unknown {
  try {
    return decodeJwt(proof).iat;
  } catch {
    throw new errors.InvalidDpopProof('DPoP proof is not a JWT');
  }
}

/** A refresh token from before its app had to have a key is bound to none: whoever has it could refresh with any. */
export function refuseUnbound({ oidc: { client, entities } }: KoaContextWithOIDC): void {
  const token = entities.RefreshToken as { jkt?: string } | undefined;
  if (client?.dpopBoundAccessTokens && !token?.jkt) throw new errors.InvalidGrant('refresh token is bound to no key');
}

/** oidc-provider calls a missing proof `invalid_grant`, upon which an app would ask the person to sign in again. */
export function answerMissingProof(ctx: KoaContextWithOIDC): void {
  const { client, route } = ctx.oidc;
  const { error } = (ctx.body ?? {}) as { error?: string };
  if (route !== 'token' || error !== 'invalid_grant' || !client?.dpopBoundAccessTokens || ctx.get('DPoP')) return;
  ctx.body = { error: 'invalid_dpop_proof', error_description: 'this app needs a DPoP proof (RFC 9449)' };
}
