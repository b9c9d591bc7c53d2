import { createHash, createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Partners } from '@drawbridge/partners';
import { type BridgeClient, ProofKey } from '@drawbridge/testing';
import { APP, codeOf, GatewayHarness, PUBLIC_URL, type Session, type TokenOptions } from './gateway-harness.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };

let bridge: GatewayHarness;
let grant: string;
beforeAll(async () => {
  bridge = await GatewayHarness.start('postgres');
  grant = await bridge.grant('alice');
});
afterAll(() => bridge[Symbol.asyncDispose]());

type Claims = Record<string, unknown>;
const CLIENT = { name: 'a-client', version: '1' };
const UNAUTHENTICATED = ['unauthenticated', { code: 4401, reason: 'unauthenticated' }];
const key = new ProofKey();
const now = () => Math.floor(Date.now() / 1_000);
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (jwt: string): Claims => JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString());

const token = (options?: TokenOptions, of = grant) => bridge.token('alice', of, options);
const bound = ({ claims, ...options }: TokenOptions = {}, to = key, of = grant) =>
  token({ ...options, claims: { cnf: { jkt: to.thumbprint }, ...claims } }, of);

async function refused(client: BridgeClient, data: object) {
  return [await codeOf(client.request('session.open', { client: CLIENT, ...data })), await client.closed];
}

/** Each makes a proof that differs from a good one, whose claims it is given, in one thing. */
const BAD_PROOFS: [what: string, make: (good: Claims) => string][] = [
  ['for another method', (good) => key.proof({ ...good, htm: 'POST' })],
  ['for another address', (good) => key.proof({ ...good, htu: `${PUBLIC_URL}/oidc/token` })],
  ['for another bridge', (good) => key.proof({ ...good, htu: 'https://elsewhere.example/bridge' })],
  [
    'for an address with somebody’s name in it',
    (good) => key.proof({ ...good, htu: 'https://x@bridge.example/bridge' }),
  ],
  ['with another nonce', (good) => key.proof({ ...good, nonce: 'x' })],
  ['without a nonce', (good) => key.proof({ ...good, nonce: undefined })],
  ['for another token', (good) => key.proof({ ...good, ath: 'x' })],
  ['for no token', (good) => key.proof({ ...good, ath: undefined })],
  ['without a jti', (good) => key.proof({ ...good, jti: undefined })],
  ['with a jti that is no text', (good) => key.proof({ ...good, jti: 7 })],
  ['6 minutes old', (good) => key.proof({ ...good, iat: now() - 360 })],
  ['made 6 minutes from now', (good) => key.proof({ ...good, iat: now() + 360 })],
  ['that does not say when it was made', (good) => key.proof({ ...good, iat: undefined })],
  ['of another key', (good) => new ProofKey().proof(good)],
  ['that names another key than it was signed with', (good) => new ProofKey().proof(good, { jwk: key.jwk })],
  ['that names no key', (good) => key.proof(good, { jwk: undefined })],
  ['of another type', (good) => key.proof(good, { typ: 'JWT' })],
  ['signed by nobody', (good) => signedBy({ alg: 'none', jwk: key.jwk }, good, () => Buffer.alloc(0))],
  [
    'signed with a secret',
    (good) => signedBy({ alg: 'HS256', jwk: key.jwk }, good, (text) => createHmac('sha256', 'x').update(text).digest()),
  ],
  ['that is none', () => 'x'],
];

function signedBy(header: object, claims: Claims, signature: (text: string) => Buffer): string {
  const text = `${part({ typ: 'dpop+jwt', ...header })}.${part({ jti: randomUUID(), iat: now(), ...claims })}`;
  return `${text}.${signature(text).toString('base64url')}`;
}

describe('A token that is bound to a key (RFC 9449)', () => {
  test('opens and refreshes with proofs over each nonce in turn, each of them once', async () => {
    const client = await bridge.connect();
    const [first, second] = [await bound(), await bound()];
    const { nonce } = await client.open<Session>({ accessToken: first, key });
    expect(nonce).not.toBe(client.hello.nonce);
    const stale = key.sessionProof(second, client.hello.nonce);
    expect(await codeOf(client.request('session.refresh', { token: second, proof: stale }))).toBe('unauthenticated');
    const fresh = { token: second, proof: key.sessionProof(second, nonce) };
    const refreshed = await client.request<Session>('session.refresh', fresh);
    expect(refreshed.nonce).not.toBe(nonce);
    expect(await codeOf(client.request('session.refresh', fresh))).toBe('unauthenticated');
    await client.refresh({ accessToken: await bound(), key });
    await client.close();
  });

  test('of one proof that comes twice at once one is taken', async () => {
    const client = await bridge.connect();
    await client.open({ accessToken: await bound(), key });
    const accessToken = await bound();
    const data = { token: accessToken, proof: key.sessionProof(accessToken, client.nonce) };
    const codes = await Promise.all([1, 2].map(() => codeOf(client.request('session.refresh', data))));
    expect(codes.toSorted()).toEqual(['ok', 'unauthenticated']);
    await client.close();
  });

  test('is worth nothing to whoever has it without the key, and neither is a proof that was seen on another connection', async () => {
    const accessToken = await bound();
    const owner = await bridge.connect();
    const seen = key.sessionProof(accessToken, owner.nonce);
    await owner.open({ accessToken, key });
    for (const proof of [undefined, seen, new ProofKey().sessionProof(accessToken, 'x')]) {
      const thief = await bridge.connect();
      expect(await refused(thief, { token: accessToken, ...(proof ? { proof } : {}) })).toEqual(UNAUTHENTICATED);
    }
    expect(await codeOf(owner.request('ping', {}))).toBe('ok');
    await owner.close();
  });

  test.each(BAD_PROOFS)('is refused with a proof %s, in session.open and in session.refresh', async (_, make) => {
    const accessToken = await bound();
    const badly = (client: BridgeClient) => {
      const good = claimsOf(key.sessionProof(accessToken, client.nonce));
      return { token: accessToken, proof: make(good) };
    };
    const opening = await bridge.connect();
    expect(await refused(opening, badly(opening))).toEqual(UNAUTHENTICATED);
    const open = await bridge.connect();
    await open.open({ accessToken, key });
    expect(await codeOf(open.request('session.refresh', badly(open)))).toBe('unauthenticated');
    // It stays as it was, and the nonce is still there to be used.
    await open.refresh({ accessToken, key });
    await open.close();
  });

  test.each([
    ['that has the private key in it', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['signed with RSA', 'RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('is refused with a proof %s', async (_, alg, pair) => {
    const jwk = (alg === 'ES256' ? pair.privateKey : pair.publicKey).export({ format: 'jwk' });
    const { kty, crv, x, y, n, e } = jwk;
    const members = alg === 'ES256' ? { crv, kty, x, y } : { e, kty, n };
    const jkt = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
    const accessToken = await token({ claims: { cnf: { jkt } } });
    const client = await bridge.connect();
    const good = claimsOf(key.sessionProof(accessToken, client.nonce));
    const proof = signedBy({ alg, jwk }, good, (text) =>
      sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }),
    );
    expect(await refused(client, { token: accessToken, proof })).toEqual(UNAUTHENTICATED);
  });

  test('is taken with an address that is the same, written in another way (RFC 9449 section 4.3)', async () => {
    for (const htu of ['https://BRIDGE.example:443/bridge', `${PUBLIC_URL}/bridge?x=1#y`]) {
      const accessToken = await bound();
      const client = await bridge.connect();
      const good = claimsOf(key.sessionProof(accessToken, client.nonce));
      const data = { token: accessToken, proof: key.proof({ ...good, htu }), client: CLIENT };
      expect(await codeOf(client.request('session.open', data))).toBe('ok');
      await client.close();
    }
  });

  test('the age of a proof is judged by the database’s time', async () => {
    const laterS = 3_600;
    const later = clock.spyOn(bridge.lease, 'databaseNowMs').mockImplementation(() => Date.now() + laterS * 1_000);
    const accessToken = await bound({ claims: { iat: now() + laterS, exp: now() + laterS + 300 } });
    const opens = async (iat: number) => {
      const client = await bridge.connect();
      const good = claimsOf(key.sessionProof(accessToken, client.nonce));
      const data = { token: accessToken, proof: key.proof({ ...good, iat }), client: CLIENT };
      const code = await codeOf(client.request('session.open', data));
      await client.close();
      return code;
    };
    expect([await opens(now()), await opens(now() + laterS)]).toEqual(['unauthenticated', 'ok']);
    later.mockRestore();
  });
});

describe('session.refresh stays with the grant and the key', () => {
  test('a token of another key, whoever proves it, of another grant, or of no key is unauthenticated', async () => {
    const client = await bridge.connect();
    await client.open({ accessToken: await bound(), key });
    const other = new ProofKey();
    const otherGrant = await bridge.grant('alice');
    for (const [accessToken, by] of [
      [await bound({}, other), other],
      [await bound({}, other), key],
      [await bound({}, key, otherGrant), key],
      [await token(), undefined],
    ] as const) {
      const refresh = client.refresh(by ? { accessToken, key: by } : accessToken);
      expect(await codeOf(refresh)).toBe('unauthenticated');
    }
    expect(await codeOf(client.request('ping', {}))).toBe('ok');
    await client.close();
  });

  test('a connection that was opened without a key does not get one', async () => {
    const client = await bridge.connect();
    await client.open(await token());
    expect(await codeOf(client.refresh({ accessToken: await bound(), key }))).toBe('unauthenticated');
    await client.refresh(await token());
    await client.close();
  });
});

test('An app that is registered as requiring it opens with tokens that have a key only, whenever they were made', async () => {
  const partners = new Partners(bridge.database);
  const before = await token();
  await partners.setRequiresDpop(APP, true);
  const client = await bridge.connect();
  expect(await refused(client, { token: before })).toEqual(UNAUTHENTICATED);
  const proven = await bridge.connect();
  await proven.open({ accessToken: await bound(), key });
  await proven.close();
  await partners.setRequiresDpop(APP, false);
  const again = await bridge.connect();
  await again.open(before);
  await again.close();
});
