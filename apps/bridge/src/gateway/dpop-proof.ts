import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';

/** What a proof must be about (RFC 9449 section 4.3; protocol 5.1). */
export interface ProofExpected {
  readonly token: string;
  /** The key that the token is bound to. */
  readonly jkt: string;
  readonly htu: string;
  /** Given to this connection and good once: it stands in for a look at `iat` and for remembering each `jti`. */
  readonly nonce: string;
}

const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** Whether `proof` shows that its sender holds the token's key, here and now. */
export async function checkProof(proof: string, expected: ProofExpected): Promise<boolean> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ALGORITHMS,
      requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath', 'nonce'],
    });
    return (
      payload.htm === 'GET' &&
      payload.htu === expected.htu &&
      payload.nonce === expected.nonce &&
      payload.ath === createHash('sha256').update(expected.token).digest('base64url') &&
      (await calculateJwkThumbprint(protectedHeader.jwk as JWK)) === expected.jkt
    );
  } catch {
    return false;
  }
}
