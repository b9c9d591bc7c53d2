import { everyDatabase, formWith, shownText } from '@drawbridge/testing';
import {
  AuthorityHarness,
  bodyOf,
  claimsOf,
  DESKTOP,
  DESKTOP_REDIRECT,
  INVALID_GRANT,
  PASSWORD,
  type Tokens,
  WEB,
  WEB_ORIGIN,
} from './authority-harness.js';

/**
 * The OAuth profile (section 4 of the wire contract), line by line, as what is refused. Proofs of keys have dpop.spec.ts,
 * devices device.spec.ts, and scopes scopes.spec.ts; what tokens are refused by the gateway is in ../refused.spec.ts.
 */
describe.each(everyDatabase)('What the OAuth profile refuses, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  describe('Authorization code + PKCE S256 for every app', () => {
    test.each([
      ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }],
      ['the method plain', { code_challenge_method: 'plain' }],
      ['no method, which means plain', { code_challenge_method: undefined }],
    ])('RFC 9700 section 2.1.1, RFC 7636: %s is refused', async (_, over) => {
      const { left } = await bridge.ask(over);
      expect(left?.searchParams.get('error')).toBe('invalid_request');
      expect(left?.searchParams.has('code')).toBe(false);
    });

    test('RFC 7636 section 4.6: a code without its verifier is worth nothing, and still works with it', async () => {
      const { code, verifier } = await bridge.code();
      expect(await bodyOf(await bridge.exchange(code, 'x'.repeat(43)))).toMatchObject({
        status: 400,
        ...INVALID_GRANT,
      });
      const { token_type } = (await (await bridge.exchange(code, verifier)).json()) as Tokens;
      expect(token_type).toBe('Bearer');
    });

    test('RFC 7636 section 4.6: a verifier that is left out is no way around it', async () => {
      const { code } = await bridge.code();
      const form = { grant_type: 'authorization_code', client_id: DESKTOP, code, redirect_uri: DESKTOP_REDIRECT };
      expect(await bodyOf(await bridge.token(form))).toMatchObject({ status: 400, ...INVALID_GRANT });
    });

    test('RFC 6749 section 4.1.3: a code is bound to its app and its redirect address', async () => {
      const { code, verifier } = await bridge.code();
      const other = await bridge.exchange(code, verifier, { client_id: WEB });
      expect(await bodyOf(other)).toMatchObject({ status: 400, ...INVALID_GRANT });
      const elsewhere = await bridge.exchange(code, verifier, { redirect_uri: 'http://127.0.0.1:1/callback' });
      expect(await bodyOf(elsewhere)).toMatchObject({ status: 400, ...INVALID_GRANT });
    });

    test('RFC 6749 section 4.1.2: a replayed code is refused and ends the grant (I2)', async () => {
      const { code, verifier } = await bridge.code();
      const first = (await (await bridge.exchange(code, verifier)).json()) as Tokens;
      const grant = claimsOf(first.access_token).grant_id as string;
      expect(await bodyOf(await bridge.exchange(code, verifier))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(grant)).toMatchObject({
        end_reason: 'token_replayed',
        effective_at: expect.any(Date),
      });
      expect((await bridge.refresh(first.refresh_token)).status).toBe(400);
    });
  });

  describe('A loopback redirect with any port and the registered path, or the very address of a web app', () => {
    test.each([
      // Another path.
      'http://127.0.0.1:49152/another',
      'http://127.0.0.1:49152/callback/../evil',
      'http://127.0.0.1:49152/callback?x=1',
      'http://127.0.0.1:49152/callback/',
      // A fragment.
      'http://127.0.0.1:49152/callback#x',
      'http://127.0.0.1:49152/callback#',
      // Another host.
      'http://localhost:49152/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1:80@evil.example/callback',
      'http://evil.example/callback',
      'http://127.0.0.1@evil.example/callback',
      // Another scheme.
      'https://127.0.0.1/callback',
      'javascript:alert(1)',
    ])(
      'RFC 8252 section 7.3, RFC 9700 section 2.1: %s is refused on a page, never redirected to',
      async (redirect_uri) => {
        const page = await bridge.ask({ redirect_uri });
        expect(page.status).toBe(400);
        expect(page.left).toBeUndefined();
        expect(page.html).toContain('invalid_redirect_uri');
      },
    );

    test('RFC 8252 section 7.3: any port of the loopback address will do, IPv4 and IPv6', async () => {
      for (const redirect_uri of [
        'http://127.0.0.1:1/callback',
        'http://127.0.0.1:65535/callback',
        'http://[::1]:5000/callback',
      ]) {
        const { left } = await bridge.code({ ask: { redirect_uri } });
        expect(left.href.startsWith(`${redirect_uri}?code=`)).toBe(true);
      }
    });

    test('RFC 9700 section 2.1: a web app gets no free port and no other path', async () => {
      for (const redirect_uri of [`${WEB_ORIGIN}:8443/signed-in`, `${WEB_ORIGIN}/`, `${WEB_ORIGIN}/signed-in/`]) {
        expect((await bridge.ask({ client_id: WEB, redirect_uri, scope: 'messages.read' })).status).toBe(400);
      }
    });

    test('response_mode=form_post, which needs a script in our page, is refused in the query', async () => {
      const { left } = await bridge.ask({ response_mode: 'form_post' });
      expect(left?.searchParams.get('error')).toBe('unsupported_response_mode');
    });

    test('RFC 6749 section 3.1.2.4: an unknown app is told so on a page, whatever its redirect address', async () => {
      const page = await bridge.ask({ client_id: 'nobody' });
      expect(page).toMatchObject({ status: 400, left: undefined });
    });
  });

  describe('No implicit, no password grant, no token in a URL query', () => {
    test('RFC 6749 sections 4.2 and 4.3: there is no implicit grant and no password grant', async () => {
      expect((await bridge.ask({ response_type: 'token' })).left?.href).toContain('error=unsupported_response_type');
      const password = await bridge.token({
        grant_type: 'password',
        username: 'alice',
        password: PASSWORD,
        client_id: DESKTOP,
      });
      expect(await bodyOf(password)).toMatchObject({ status: 400, error: 'unsupported_grant_type' });
    });

    test('RFC 6749 section 3.2: what is asked in the query of the token endpoint is not read', async () => {
      const { code, verifier } = await bridge.code();
      const query = new URLSearchParams({ code, code_verifier: verifier, redirect_uri: DESKTOP_REDIRECT });
      const asked = `${bridge.origin}/oidc/token?grant_type=authorization_code&client_id=${DESKTOP}&${query}`;
      const body = new URLSearchParams({ client_id: DESKTOP });
      for (const method of ['GET', 'POST']) {
        const answer = await fetch(asked, method === 'POST' ? { method, body } : { method });
        expect(answer.ok).toBe(false);
      }
      expect((await bridge.exchange(code, verifier)).status).toBe(200);
    });
  });

  describe('The person signs in and consents every time', () => {
    test('OpenID Connect Core section 3.1.2.1: prompt=none never yields a code, whatever happened in this browser', async () => {
      const browser = bridge.browser();
      await bridge.signIn({ browser });
      const { left } = await browser.get(bridge.authorizationUrl({ prompt: 'none' }).url);
      expect(left?.searchParams.get('error')).toBe('login_required');
      expect(left?.searchParams.has('code')).toBe(false);
    });

    test.each(['none login', 'none consent'])(
      'OpenID Connect Core section 3.1.2.1: prompt=%s is no way around it',
      async (prompt) => {
        const { left } = await bridge.ask({ prompt });
        expect(left?.searchParams.get('error')).toBe('invalid_request');
      },
    );

    test('a hint of who it is, or a sign-in of just now, is no way around it', async () => {
      const { id_token } = await bridge.signIn();
      for (const over of [{ id_token_hint: id_token }, { login_hint: 'alice' }, { max_age: '3600' }]) {
        const page = await bridge.ask(over);
        expect(page.left?.searchParams.has('code') ?? false).toBe(false);
        if (!page.left) expect(formWith(page, 'password')).toBeDefined();
      }
    });
  });

  describe('Refresh tokens rotate at every use', () => {
    test('RFC 9700 section 4.14.2: a replayed refresh token ends the grant before it is answered, with a receipt that the person sees (I2)', async () => {
      const first = await bridge.signIn();
      const second = (await (await bridge.refresh(first.refresh_token)).json()) as Tokens;
      expect(await bodyOf(await bridge.refresh(first.refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(first.grant)).toMatchObject({
        end_reason: 'token_replayed',
        effective_at: expect.any(Date),
      });
      expect((await bridge.refresh(second.refresh_token)).status).toBe(400);
      const browser = bridge.browser();
      const signIn = formWith(await browser.get('/connected-apps'), 'login');
      const apps = await browser.submit(signIn, { login: 'alice', password: PASSWORD });
      expect(apps.html).toContain('One of its keys was used twice, so it was ended for safety.');
      const { effective_at } = await bridge.grantRow(first.grant);
      expect(shownText(apps)).toContain(`No access since ${effective_at!.toISOString().slice(11, 23)} UTC`);
    });
  });
});
