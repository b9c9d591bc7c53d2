import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import { isMadeAboutNow, PROOFS } from '../proofs.js';

/** What a proof must be about (RFC 9449 section 4.3; protocol 5.1). */
export interface ProofExpected {
  readonly token: string;
  /** The key that the token is bound to. */
  readonly jkt: string;
  readonly htu: string;
  /** Given to this connection and good once: no `jti` has to be remembered. */
  readonly nonce: string;
  /** By the database's clock. */
  readonly nowMs: number;
}

/** Whether `proof` shows that its sender holds the token's key, here and now. */
export async function checkProof(proof: string, expected: ProofExpected): Promise<boolean> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: [...PROOFS.algorithms],
      requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath', 'nonce'],
      currentDate: new Date(expected.nowMs),
    });
    return (
      typeof payload.jti === 'string' &&
      isMadeAboutNow(payload.iat, expected.nowMs / 1_000) &&
      payload.htm === 'GET' &&
      isAddress(payload.htu, expected.htu) &&
      payload.nonce === expected.nonce &&
      payload.ath === createHash('sha256').update(expected.token).digest('base64url') &&
      (await calculateJwkThumbprint(protectedHeader.jwk as JWK)) === expected.jkt
    );
  } catch {
    return false;
  }
}

/** However it is written, and without its query and fragment (RFC 9449 section 4.3). */
function isAddress(htu: unknown, expected: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
  const { origin, pathname, username, password } = new URL(htu);
  return username === '' && password === '' && origin + pathname === new URL(expected).href;
}
