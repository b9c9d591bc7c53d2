import { everyDatabase, formWith } from '@drawbridge/testing';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { AuthorityHarness, claimsOf, DESKTOP, DESKTOP_REDIRECT, PASSWORD, type Tokens } from './authority-harness.js';

describe.each(everyDatabase)('Sign-in and consent on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('a person signs in, finds nothing ticked, ticks all, allows; the app gets its tokens', async () => {
    const browser = bridge.browser();
    const { url, verifier } = bridge.authorizationUrl();
    const signIn = await browser.get(url);
    expect(signIn.status).toBe(200);
    expect(signIn.html).toContain('Tunebox Ltd');
    const consent = await browser.submit(formWith(signIn, 'login'), { login: 'alice', password: PASSWORD });
    const form = formWith(consent, 'scope');
    expect(form.checkboxes).toEqual(
      ['messages.read', 'messages.send', 'contacts.read', 'presence.read', 'profile'].map((value) => ({
        name: 'scope',
        value,
        checked: false,
      })),
    );
    const ticked = await browser.submit(form, {}, ['decision', 'tick-all']);
    expect(formWith(ticked, 'scope').checkboxes.every((box) => box.checked)).toBe(true);
    const { left } = await browser.submit(formWith(ticked, 'scope'), {}, ['decision', 'allow']);
    expect(left?.origin + left!.pathname).toBe(DESKTOP_REDIRECT);
    expect(left?.searchParams.get('state')).toBe('a-state');
    // RFC 9207.
    expect(left?.searchParams.get('iss')).toBe(`${bridge.origin}/oidc`);

    const response = await bridge.exchange(left!.searchParams.get('code')!, verifier);
    expect(response.status).toBe(200);
    const tokens = (await response.json()) as Tokens;
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 300, refresh_token: expect.any(String) });

    // RFC 9068, as an independent resource server checks it.
    const jwks = createRemoteJWKSet(new URL(`${bridge.origin}/oidc/jwks`));
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, jwks, {
      issuer: `${bridge.origin}/oidc`,
      audience: `${bridge.origin}/bridge`,
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(protectedHeader.kid).toEqual(expect.any(String));
    expect(payload).toMatchObject({
      sub: 'alice',
      client_id: DESKTOP,
      scope: 'messages.read messages.send contacts.read presence.read profile',
      auth_time: expect.any(Number),
      jti: expect.any(String),
    });
    expect(payload.exp! - payload.iat!).toBe(300);
    expect(payload.grant_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(claimsOf(tokens.id_token!)).toMatchObject({
      sub: 'alice',
      name: 'Alice Arden',
      preferred_username: 'alice',
    });
  });

  test('the token has what was ticked and nothing else; without profile the ID token has no name', async () => {
    const tokens = await bridge.signIn({ scopes: ['messages.read', 'contacts.read'] });
    expect(claimsOf(tokens.access_token).scope).toBe('messages.read contacts.read');
    expect(tokens.scope).toBe('messages.read contacts.read');
    expect(claimsOf(tokens.id_token!)).not.toHaveProperty('name');
  });

  test('openid and resource need not be asked for, and the resource may be named', async () => {
    const without = await bridge.signIn({ ask: { scope: 'messages.read' } });
    expect(without.id_token).toBeUndefined();
    expect(claimsOf(without.access_token).aud).toBe(`${bridge.origin}/bridge`);
    const named = await bridge.signIn({ ask: { scope: 'messages.read', resource: `${bridge.origin}/bridge` } });
    expect(claimsOf(named.access_token)).toMatchObject({ aud: `${bridge.origin}/bridge`, scope: 'messages.read' });
  });

  test('refresh tokens rotate, and keep the grant, its scopes and the time of the sign-in', async () => {
    const first = await bridge.signIn({ scopes: ['messages.read'] });
    const response = await bridge.refresh(first.refresh_token);
    expect(response.status).toBe(200);
    const second = (await response.json()) as Tokens;
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const { grant_id, auth_time, scope, sub } = claimsOf(first.access_token);
    expect(claimsOf(second.access_token)).toMatchObject({ grant_id, auth_time, scope, sub });
    expect((await bridge.refresh(second.refresh_token)).status).toBe(200);
  });

  test('a second sign-in makes a second grant, and signing one out leaves the other', async () => {
    const browser = bridge.browser();
    const [one, two] = [await bridge.signIn({ browser }), await bridge.signIn({ browser })];
    expect(one.grant).not.toBe(two.grant);
    expect((await bridge.revoke(one.refresh_token)).status).toBe(200);
    expect((await bridge.refresh(one.refresh_token)).status).toBe(400);
    expect((await bridge.refresh(two.refresh_token)).status).toBe(200);
  });

  test('two people sign in one after the other in the same browser', async () => {
    const browser = bridge.browser();
    const alice = await bridge.signIn({ browser });
    const bob = await bridge.signIn({ browser, login: 'bob' });
    expect(claimsOf(alice.access_token).sub).toBe('alice');
    expect(claimsOf(bob.access_token).sub).toBe('bob');
  });

  test('two sign-ins at once in one browser do not disturb each other', async () => {
    const browser = bridge.browser();
    const a = bridge.authorizationUrl({ state: 'a' });
    const b = bridge.authorizationUrl({ state: 'b' });
    const [consentA, consentB] = [
      await bridge.toConsent(browser, a.url),
      await bridge.toConsent(browser, b.url, 'bob'),
    ];
    const allow = async (page: typeof consentA) =>
      (await browser.submit(formWith(page, 'scope'), { scope: 'messages.read' }, ['decision', 'allow'])).left!;
    const [toA, toB] = [await allow(consentA), await allow(consentB)];
    expect([toA.searchParams.get('state'), toB.searchParams.get('state')]).toEqual(['a', 'b']);
    const tokens = (await (await bridge.exchange(toB.searchParams.get('code')!, b.verifier)).json()) as Tokens;
    expect(claimsOf(tokens.access_token).sub).toBe('bob');
  });

  test('allow with no bridge scope ticked shows the page again, deny is access_denied, on both pages', async () => {
    const browser = bridge.browser();
    const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url);
    const form = formWith(consent, 'scope');
    for (const scope of [[], ['profile']]) {
      const again = await browser.submit(form, { scope }, ['decision', 'allow']);
      expect(again.left).toBeUndefined();
      expect(again.html).toContain('Tick at least one');
      expect(formWith(again, 'scope').checkboxes).toHaveLength(5);
    }
    const denied = await browser.submit(form, {}, ['decision', 'deny']);
    expect(denied.left?.searchParams.get('error')).toBe('access_denied');
    expect(denied.left?.searchParams.get('state')).toBe('a-state');

    const signIn = await browser.get(bridge.authorizationUrl().url);
    const cancelled = await browser.submit(formWith(signIn, 'decision'), {}, ['decision', 'deny']);
    expect(cancelled.left?.searchParams.get('error')).toBe('access_denied');
  });

  test('the button pressed twice makes one grant', async () => {
    const browser = bridge.browser();
    const { url, verifier } = bridge.authorizationUrl();
    const consent = await bridge.toConsent(browser, url);
    const press = () => browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
    const lefts = (await Promise.all([press(), press()])).flatMap((page) => page.left ?? []);
    const answers = await Promise.all(lefts.map((left) => bridge.exchange(left.searchParams.get('code')!, verifier)));
    const grants = await Promise.all(
      answers.map(async (answer) => claimsOf(((await answer.json()) as Tokens).access_token).grant_id),
    );
    expect(lefts.length).toBeGreaterThan(0);
    expect(new Set(grants).size).toBe(1);
  });

  test('another process of the installation answers the next request, with the same keys', async () => {
    const second = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin });
    const tokens = await bridge.signIn();
    const response = await fetch(`${second.origin}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        client_id: DESKTOP,
      }),
    });
    expect(response.status).toBe(200);
    const keys = await Promise.all(
      [bridge, second].map(async ({ origin }) => (await fetch(`${origin}/oidc/jwks`)).json()),
    );
    expect(keys[0]).toEqual(keys[1]);
    await second.closeApp();
  });
});
