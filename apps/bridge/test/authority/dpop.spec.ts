import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Partners } from '@drawbridge/partners';
import { everyDatabase, formWith, ProofKey } from '@drawbridge/testing';
import {
  AuthorityHarness,
  BOUND,
  bodyOf,
  claimsOf,
  DESKTOP,
  DESKTOP_REDIRECT,
  DEVICE_GRANT,
  INVALID_GRANT,
  PASSWORD,
  type Tokens,
  TV,
  WEB,
  WEB_ORIGIN,
} from './authority-harness.js';

const BAD_PROOF = { status: 400, error: 'invalid_dpop_proof' };
const now = () => Math.floor(Date.now() / 1_000);
type Claims = Record<string, unknown>;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(everyDatabase)('Tokens bound to a key (RFC 9449), on %s', (kind) => {
  let bridge: AuthorityHarness;
  let endpoint: string;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
    endpoint = `${bridge.origin}/oidc/token`;
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  const codeForm = async (ask: Record<string, string> = {}, client_id = BOUND) => {
    const { code, verifier } = await bridge.code({ ask: { client_id, ...ask } });
    return {
      grant_type: 'authorization_code',
      client_id,
      code,
      code_verifier: verifier,
      redirect_uri: DESKTOP_REDIRECT,
    };
  };
  const refreshForm = ({ refresh_token }: Tokens, client_id = BOUND) => ({
    grant_type: 'refresh_token',
    refresh_token,
    client_id,
  });
  const signIn = async (key: ProofKey) => {
    const response = await key.post(endpoint, await codeForm());
    expect(response.status).toBe(200);
    return (await response.json()) as Tokens;
  };
  const grantOf = (tokens: Tokens) => bridge.grantRow(claimsOf(tokens.access_token).grant_id as string);
  /** As the endpoint gives one with every refusal for want of it. */
  const freshNonce = async (origin = bridge.origin) => {
    const dpop = new ProofKey().proof({ htm: 'POST', htu: endpoint });
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: BOUND });
    const response = await fetch(`${origin}/oidc/token`, { method: 'POST', headers: { dpop }, body });
    return response.headers.get('dpop-nonce')!;
  };

  test('the tokens name the key, and go on with it only: another key, or none, gets nothing and takes nothing away', async () => {
    const key = new ProofKey();
    const tokens = await signIn(key);
    expect(tokens.token_type).toBe('DPoP');
    expect(claimsOf(tokens.access_token).cnf).toEqual({ jkt: key.thumbprint });
    const stolen = await new ProofKey().post(endpoint, refreshForm(tokens));
    expect(await bodyOf(stolen)).toMatchObject({ status: 400, ...INVALID_GRANT });
    expect(await bodyOf(await bridge.token(refreshForm(tokens)))).toMatchObject(BAD_PROOF);
    const refreshed = (await (await key.post(endpoint, refreshForm(tokens))).json()) as Tokens;
    expect(claimsOf(refreshed.access_token).cnf).toEqual({ jkt: key.thumbprint });
    expect((await grantOf(tokens)).ended_at).toBeNull();
  });

  test('a refresh token that is used twice with its key ends the grant (I2); twice without, it is only refused', async () => {
    const key = new ProofKey();
    const tokens = await signIn(key);
    await key.post(endpoint, refreshForm(tokens));
    expect((await new ProofKey().post(endpoint, refreshForm(tokens))).status).toBe(400);
    expect((await grantOf(tokens)).ended_at).toBeNull();
    expect(await bodyOf(await key.post(endpoint, refreshForm(tokens)))).toMatchObject({
      status: 400,
      ...INVALID_GRANT,
    });
    expect(await grantOf(tokens)).toMatchObject({ end_reason: 'token_replayed', effective_at: expect.any(Date) });
  });

  test('an app that is registered as requiring it gets nothing for a code without a proof; the code still works with one', async () => {
    const form = await codeForm();
    expect(await bodyOf(await bridge.token(form))).toMatchObject(BAD_PROOF);
    expect((await new ProofKey().post(endpoint, form)).status).toBe(200);
  });

  test('an app that need not may do so, and its tokens are then bound too', async () => {
    const key = new ProofKey();
    const tokens = (await (await key.post(endpoint, await codeForm({}, DESKTOP))).json()) as Tokens;
    expect(claimsOf(tokens.access_token).cnf).toEqual({ jkt: key.thumbprint });
    expect(await bodyOf(await bridge.refresh(tokens.refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
    expect((await key.post(endpoint, refreshForm(tokens, DESKTOP))).status).toBe(200);
  });

  test('an app that is registered so later: refresh tokens without a key are worth nothing from then on', async () => {
    const partners = new Partners(bridge.database);
    const before = await bridge.signIn();
    await partners.setRequiresDpop(DESKTOP, true);
    const refused = await new ProofKey().post(endpoint, refreshForm(before as Tokens, DESKTOP));
    expect(await bodyOf(refused)).toMatchObject({ status: 400, ...INVALID_GRANT });
    await partners.setRequiresDpop(DESKTOP, false);
    expect((await bridge.refresh(before.refresh_token)).status).toBe(200);
  });

  test('on a device: an app that requires it polls in vain without a proof, whether somebody answered or not', async () => {
    const partners = new Partners(bridge.database);
    await partners.setRequiresDpop(TV, true);
    const code = await bridge.deviceCode();
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(BAD_PROOF);
    const browser = bridge.browser();
    const typed = await browser.submit(formWith(await browser.get(code.verification_uri_complete), 'user_code'));
    const consent = await browser.submit(formWith(typed, 'login'), { login: 'alice', password: PASSWORD });
    await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(BAD_PROOF);
    const key = new ProofKey();
    const form = { grant_type: DEVICE_GRANT, device_code: code.device_code, client_id: TV };
    const tokens = (await (await key.post(endpoint, form)).json()) as Tokens;
    expect(claimsOf(tokens.access_token).cnf).toEqual({ jkt: key.thumbprint });
    await partners.setRequiresDpop(TV, false);
  });

  describe('RFC 9449 section 10: a code that is bound by dpop_jkt', () => {
    test('is exchanged with that key', async () => {
      const key = new ProofKey();
      const form = await codeForm({ dpop_jkt: key.thumbprint }, DESKTOP);
      expect((await key.post(endpoint, form)).status).toBe(200);
    });

    test.each(['another key', 'none'])('is not with %s', async (which) => {
      const form = await codeForm({ dpop_jkt: new ProofKey().thumbprint }, DESKTOP);
      const answer = which === 'none' ? await bridge.token(form) : await new ProofKey().post(endpoint, form);
      expect(await bodyOf(answer)).toMatchObject({ status: 400, ...INVALID_GRANT });
    });
  });

  describe('RFC 9449 section 8: nonces', () => {
    test('a proof without one, or with one that is none, is told the one to use, in any origin of the app', async () => {
      for (const nonce of [undefined, 'x', Buffer.alloc(32).toString('base64url')]) {
        const dpop = new ProofKey().proof({ htm: 'POST', htu: endpoint, nonce });
        const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: WEB };
        const answer = await bridge.token(form, { dpop, origin: WEB_ORIGIN });
        expect(await bodyOf(answer)).toMatchObject({ status: 400, error: 'use_dpop_nonce' });
        expect(answer.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/);
        expect(answer.headers.get('access-control-expose-headers')).toMatch(/dpop-nonce/i);
      }
    });

    test('the metadata brings one, so that the first proof is good, in any origin', async () => {
      const tokens = await signIn(new ProofKey());
      const answer = await fetch(`${bridge.origin}/oidc/.well-known/openid-configuration`, {
        headers: { origin: 'https://elsewhere.example' },
      });
      expect(answer.headers.get('access-control-expose-headers')).toMatch(/dpop-nonce/i);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const nonce = answer.headers.get('dpop-nonce')!;
      const dpop = new ProofKey().proof({ htm: 'POST', htu: endpoint, nonce });
      // Of another key than the tokens': the nonce was taken, and the next thing looked at.
      expect(await bodyOf(await bridge.token(refreshForm(tokens), { dpop }))).toMatchObject(INVALID_GRANT);
    });

    test('another process of the installation takes it, and knows which proofs were used', async () => {
      const second = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin });
      const key = new ProofKey();
      const [tokens, other] = [await signIn(key), await signIn(key)];
      const dpop = key.proof({ htm: 'POST', htu: endpoint, nonce: await freshNonce(second.origin) });
      expect((await bridge.token(refreshForm(tokens), { dpop })).status).toBe(200);
      expect(await bodyOf(await second.token(refreshForm(other), { dpop }))).toMatchObject(BAD_PROOF);
      expect((await key.post(endpoint, refreshForm(other))).status).toBe(200);
      await second.closeApp();
    });
  });

  test('a proof is good for one request: of two at once with the same at most one gets tokens', async () => {
    const key = new ProofKey();
    const both = [await signIn(key), await signIn(key)];
    const dpop = key.proof({ htm: 'POST', htu: endpoint, nonce: await freshNonce() });
    const answers = await Promise.all(both.map((tokens) => bridge.token(refreshForm(tokens), { dpop })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    expect(await bodyOf(answers.find(({ status }) => status === 400)!)).toMatchObject(BAD_PROOF);
  });

  describe('RFC 9449 section 4.3: a proof is refused, and what it came with is not used up, that', () => {
    const key = new ProofKey();
    let tokens: Tokens;
    beforeAll(async () => {
      tokens = await signIn(key);
    });
    afterAll(async () => {
      expect((await key.post(endpoint, refreshForm(tokens))).status).toBe(200);
    });

    /** Signed by something that is not a key like those of apps. */
    const signedBy = (header: object, claims: object, signature: (signed: string) => Buffer) => {
      const signed = `${part({ typ: 'dpop+jwt', ...header })}.${part({ jti: crypto.randomUUID(), iat: now(), ...claims })}`;
      return `${signed}.${signature(signed).toString('base64url')}`;
    };
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    test.each<[what: string, make: (claims: Claims) => string | Promise<string>]>([
      ['is 6 minutes old', (claims) => key.proof({ ...claims, iat: now() - 360 })],
      ['is made 6 minutes from now', (claims) => key.proof({ ...claims, iat: now() + 360 })],
      ['does not say when it was made', (claims) => key.proof({ ...claims, iat: undefined })],
      ['is for another method', (claims) => key.proof({ ...claims, htm: 'GET' })],
      ['is for the WebSocket', (claims) => key.proof({ ...claims, htu: `${bridge.origin}/bridge` })],
      ['is for another bridge', (claims) => key.proof({ ...claims, htu: 'https://elsewhere.example/oidc/token' })],
      ['has no jti', (claims) => key.proof({ ...claims, jti: undefined })],
      ['is of another type', (claims) => key.proof(claims, { typ: 'JWT' })],
      ['names another key than it was signed with', (claims) => key.proof(claims, { jwk: new ProofKey().jwk })],
      ['names no key', (claims) => key.proof(claims, { jwk: undefined })],
      [
        'has the private key in it',
        (claims) =>
          signedBy({ alg: 'ES256', jwk: own.privateKey.export({ format: 'jwk' }) }, claims, (signed) =>
            sign('sha256', Buffer.from(signed), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }),
          ),
      ],
      ['is signed by nobody', (claims) => signedBy({ alg: 'none', jwk: key.jwk }, claims, () => Buffer.alloc(0))],
      [
        'is signed with a secret',
        (claims) =>
          signedBy({ alg: 'HS256', jwk: key.jwk }, claims, (s) => createHmac('sha256', 'x').update(s).digest()),
      ],
      [
        'is signed with RSA',
        (claims) =>
          signedBy({ alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) }, claims, (signed) =>
            sign('sha256', Buffer.from(signed), rsa.privateKey),
          ),
      ],
      ['is there twice', (claims) => `${key.proof(claims)}, ${key.proof(claims)}`],
      ['is none', () => 'x'],
    ])('%s', async (_, make) => {
      const dpop = await make({ htm: 'POST', htu: endpoint, nonce: await freshNonce() });
      expect(await bodyOf(await bridge.token(refreshForm(tokens), { dpop }))).toMatchObject(BAD_PROOF);
    });
  });
});
