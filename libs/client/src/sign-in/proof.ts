/** ES256. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

const utf8 = new TextEncoder();

/** A proof (RFC 9449) for one connection: that whoever shows this token has its key. */
export async function sessionProof(key: CryptoKeyPair, accessToken: string, nonce: string): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
  const ath = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(accessToken))));
  const claims = { jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1_000), htm: 'GET', nonce, ath };
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const payload = { ...claims, htu: audienceOf(accessToken) };
  const signed = [header, payload].map((part) => base64url(utf8.encode(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign(SIGNATURE, key.privateKey, utf8.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

/** The bridge's own address for its WebSocket. */
function audienceOf(accessToken: string): string {
  const payload = (accessToken.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const { aud } = JSON.parse(atob(payload)) as { aud: string };
  return aud;
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
