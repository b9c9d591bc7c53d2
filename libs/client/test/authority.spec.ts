import { Authority } from '../src/sign-in/authority.js';
import { KEY_ALGORITHM } from '../src/sign-in/proof.js';

const ISSUER = 'http://127.0.0.1:1/oidc';
const { fetch } = globalThis;
const { now } = Date;
afterEach(() => {
  globalThis.fetch = fetch;
  Date.now = now;
});

/** An authority whose metadata brings these nonces, one after the other; and the nonces of the proofs that it was sent. */
function answering(...nonces: (string | undefined)[]) {
  const proofs: unknown[] = [];
  globalThis.fetch = async (input, init) => {
    if (String(input).endsWith('/openid-configuration')) {
      const nonce = nonces.shift();
      const headers = new Headers(nonce === undefined ? [] : [['DPoP-Nonce', nonce]]);
      return Response.json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token` }, { headers });
    }
    const [, payload] = new Headers(init?.headers).get('dpop')!.split('.');
    proofs.push(JSON.parse(Buffer.from(payload!, 'base64url').toString()).nonce);
    if (proofs.at(-1) === undefined)
      return Response.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'DPoP-Nonce': 'told' } });
    return Response.json({ access_token: 'a', token_type: 'DPoP', expires_in: 300, refresh_token: 'r' });
  };
  return proofs;
}

async function refreshing() {
  const authority = new Authority('http://127.0.0.1:1', 'an-app');
  const key = (await crypto.subtle.generateKey(KEY_ALGORITHM, false, ['sign', 'verify'])) as CryptoKeyPair;
  return () => authority.refresh({ refreshToken: 'r', key });
}

describe('The nonce of a proof for tokens', () => {
  test('comes with the metadata, so that nothing is refused first; an old one is not tried', async () => {
    const proofs = answering('first', 'second');
    const refresh = await refreshing();
    await refresh();
    await refresh();
    const later = now() + 121_000;
    Date.now = () => later;
    await Promise.all([refresh(), refresh()]);
    expect(proofs).toEqual(['first', 'first', 'second', 'second']);
  });

  test('comes with a refusal where the metadata brings none, and the metadata is read once', async () => {
    const proofs = answering(undefined, 'never read');
    const refresh = await refreshing();
    await refresh();
    await refresh();
    expect(proofs).toEqual([undefined, 'told', undefined, 'told']);
  });
});
