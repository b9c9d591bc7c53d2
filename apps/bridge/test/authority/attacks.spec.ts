import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { everyDatabase, formWith } from '@drawbridge/testing';
import { sql } from 'kysely';
import { OidcArtifacts } from '../../src/authority/oidc-artifacts.js';
import { AuthorityHarness, claimsOf, DESKTOP, PASSWORD, type Tokens, WEB, WEB_ORIGIN } from './authority-harness.js';

const INVALID_GRANT = { error: 'invalid_grant' };

describe.each(everyDatabase)('Attacks on the authority, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`delete from sign_in_failure`.execute(bridge.database.tables());
  });

  const ask = (over: Record<string, string | undefined>) => bridge.browser().get(bridge.authorizationUrl(over).url);
  const bodyOf = async (response: Response) => ({ status: response.status, ...((await response.json()) as object) });

  /** At most one of the answers brought tokens, none failed otherwise, and the end of the grant took the tokens' worth. */
  const expectReplayed = async (grant: string, answers: Response[]) => {
    const taken = answers.filter(({ status }) => status === 200);
    expect(taken.length).toBeLessThanOrEqual(1);
    for (const answer of answers.filter((each) => !taken.includes(each)))
      expect(await bodyOf(answer)).toMatchObject({ status: 400, ...INVALID_GRANT });
    expect(await bridge.grantRow(grant)).toMatchObject({
      end_reason: 'token_replayed',
      effective_at: expect.any(Date),
    });
    for (const answer of taken) {
      const { refresh_token } = (await answer.json()) as Tokens;
      expect(await bodyOf(await bridge.refresh(refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
    }
  };

  describe('redirects', () => {
    test.each([
      'http://127.0.0.1:49152/another',
      'http://127.0.0.1:49152/callback/../evil',
      'http://127.0.0.1:49152/callback?x=1',
      'http://localhost:49152/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1:80@evil.example/callback',
      'http://evil.example/callback',
      'https://127.0.0.1/callback',
      'javascript:alert(1)',
    ])(
      'RFC 8252 section 7.3, RFC 9700 section 2.1: %s is refused on a page, never redirected to',
      async (redirect_uri) => {
        const page = await ask({ redirect_uri });
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
        expect((await ask({ client_id: WEB, redirect_uri, scope: 'messages.read' })).status).toBe(400);
      }
    });

    test('response_mode=form_post, which needs a script in our page, is refused in the query', async () => {
      const { left } = await ask({ response_mode: 'form_post' });
      expect(left?.searchParams.get('error')).toBe('unsupported_response_mode');
    });

    test('RFC 6749 section 3.1.2.4: an unknown app is told so on a page, whatever its redirect address', async () => {
      const page = await ask({ client_id: 'nobody' });
      expect(page).toMatchObject({ status: 400, left: undefined });
    });
  });

  describe('PKCE and codes', () => {
    test.each([
      ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }],
      ['the method plain', { code_challenge_method: 'plain' }],
      ['no method, which means plain', { code_challenge_method: undefined }],
    ])('RFC 9700 section 2.1.1, RFC 7636: %s is refused', async (_, over) => {
      const { left } = await ask(over);
      expect(left?.searchParams.get('error')).toBe('invalid_request');
      expect(left?.searchParams.has('code')).toBe(false);
    });

    test('RFC 7636 section 4.6: a code without its verifier is worth nothing, and still works with it', async () => {
      const { code, verifier } = await bridge.code();
      expect(await bodyOf(await bridge.exchange(code, 'x'.repeat(43)))).toMatchObject({
        status: 400,
        ...INVALID_GRANT,
      });
      expect((await bridge.exchange(code, verifier)).status).toBe(200);
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

    test('of one code exchanged 10 times at once at most one is answered with tokens, which are worth nothing: the grant has ended (I2)', async () => {
      const { code, verifier } = await bridge.code();
      const answers = await Promise.all(Array.from({ length: 10 }, () => bridge.exchange(code, verifier)));
      const { rows } = await sql<{ id: string }>`
        select id from consent_grant order by created_at desc limit 1`.execute(bridge.database.tables());
      await expectReplayed(rows[0]!.id, answers);
      expect((await bridge.exchange(code, verifier)).status).toBe(400);
    });

    test('RFC 6749 sections 4.2 and 4.3: there is no implicit grant and no password grant', async () => {
      expect((await ask({ response_type: 'token' })).left?.href).toContain('error=unsupported_response_type');
      const password = await bridge.token({
        grant_type: 'password',
        username: 'alice',
        password: PASSWORD,
        client_id: DESKTOP,
      });
      expect(await bodyOf(password)).toMatchObject({ status: 400, error: 'unsupported_grant_type' });
    });
  });

  describe('refresh tokens', () => {
    test('RFC 9700 section 4.14.2: a replayed refresh token ends the grant before it is answered (I2)', async () => {
      const first = await bridge.signIn();
      const second = (await (await bridge.refresh(first.refresh_token)).json()) as Tokens;
      expect(await bodyOf(await bridge.refresh(first.refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(first.grant)).toMatchObject({
        end_reason: 'token_replayed',
        effective_at: expect.any(Date),
      });
      expect((await bridge.refresh(second.refresh_token)).status).toBe(400);
    });

    test('of one refresh token used 10 times at once at most one is answered with tokens, which are worth nothing: the grant has ended (I2)', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      const answers = await Promise.all(Array.from({ length: 10 }, () => bridge.refresh(refresh_token)));
      await expectReplayed(grant, answers);
      expect((await bridge.refresh(refresh_token)).status).toBe(400);
    });

    test('a refresh token used long ago still ends the grant, and a forged one does not (I2, I9)', async () => {
      const first = await bridge.signIn();
      const second = (await (await bridge.refresh(first.refresh_token)).json()) as Tokens;
      await sql`update oidc_artifact set consumed_at = consumed_at - interval '2 hours'`.execute(
        bridge.database.tables(),
      );
      await bridge.app.get(OidcArtifacts).sweep();
      const { rows } =
        await sql`select from oidc_artifact where model = 'RefreshToken' and grant_id = ${first.grant}`.execute(
          bridge.database.tables(),
        );
      expect(rows).toHaveLength(1);
      const changed = first.refresh_token.at(-40) === 'A' ? 'B' : 'A';
      const forged = `${first.refresh_token.slice(0, -40)}${changed}${first.refresh_token.slice(-39)}`;
      expect((await bridge.refresh(forged)).status).toBe(400);
      expect((await bridge.grantRow(first.grant)).ended_at).toBeNull();
      expect(await bodyOf(await bridge.refresh(first.refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(first.grant)).toMatchObject({ end_reason: 'token_replayed' });
      expect((await bridge.refresh(second.refresh_token)).status).toBe(400);
    });

    test('RFC 7009: revocation ends the grant before it is answered, whichever of its refresh tokens is named (I2)', async () => {
      const first = await bridge.signIn();
      await bridge.refresh(first.refresh_token);
      expect((await bridge.revoke(first.refresh_token)).status).toBe(200);
      expect(await bridge.grantRow(first.grant)).toMatchObject({
        end_reason: 'signed_out',
        effective_at: expect.any(Date),
      });
      expect((await bridge.revoke(first.refresh_token)).status).toBe(200);
      expect((await bridge.revoke('no-such-token')).status).toBe(200);
    });

    test('RFC 7009 section 2.1: another app cannot revoke it', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      await bridge.revoke(refresh_token, WEB);
      expect((await bridge.grantRow(grant)).ended_at).toBeNull();
      expect((await bridge.refresh(refresh_token)).status).toBe(200);
    });

    test('RFC 6749 section 6: a refresh cannot widen the scope, nor be made by another app', async () => {
      const { refresh_token } = await bridge.signIn({ scopes: ['messages.read'] });
      const wider = await bridge.token({
        grant_type: 'refresh_token',
        refresh_token,
        client_id: DESKTOP,
        scope: 'messages.read messages.send',
      });
      expect(await bodyOf(wider)).toMatchObject({ status: 400, error: 'invalid_scope' });
      expect((await bridge.refresh(refresh_token, WEB)).status).toBe(400);
    });

    test('a grant that ended elsewhere gives no more tokens, even before its refresh tokens are swept away (I2)', async () => {
      const { refresh_token, grant } = await bridge.signIn();
      await bridge.endings.end({ grants: [grant], reason: 'revoked_by_operator', by: 'root' });
      expect(await bodyOf(await bridge.refresh(refresh_token))).toMatchObject({ status: 400, ...INVALID_GRANT });
      expect(await bridge.grantRow(grant)).toMatchObject({ end_reason: 'revoked_by_operator' });
    });
  });

  describe('the person is asked every time', () => {
    test('OpenID Connect Core section 3.1.2.1: prompt=none never yields a code, whatever happened in this browser', async () => {
      const browser = bridge.browser();
      await bridge.signIn({ browser });
      const { left } = await browser.get(bridge.authorizationUrl({ prompt: 'none' }).url);
      expect(left?.searchParams.get('error')).toMatch(/_required$/);
      expect(left?.searchParams.has('code')).toBe(false);
    });

    test('a browser that signed in a moment ago is asked to sign in and to consent again, and keeps no session', async () => {
      const browser = bridge.browser();
      await bridge.signIn({ browser });
      expect(browser.cookieNames().filter((name) => name.startsWith('drawbridge_session'))).toEqual([]);
      const page = await browser.get(bridge.authorizationUrl({ prompt: 'login' }).url);
      expect(formWith(page, 'password')).toBeDefined();
      const consent = await browser.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD });
      expect(formWith(consent, 'scope').checkboxes.some((box) => box.checked)).toBe(false);
    });

    test('consent cannot be given before the sign-in', async () => {
      const browser = bridge.browser();
      const page = await browser.get(bridge.authorizationUrl().url);
      const again = await browser.submit(formWith(page, 'login'), { scope: 'messages.read' }, ['decision', 'allow']);
      expect(again.left).toBeUndefined();
      expect(formWith(again, 'password')).toBeDefined();
      const uid = new URL(page.url).pathname.split('/').at(-1);
      expect((await browser.get(`/oidc/auth/${uid}`)).left).toBeUndefined();
    });

    test('RFC 9700 section 4.7: another browser cannot go on with a sign-in, nor take part in one (login CSRF)', async () => {
      const page = await bridge.browser().get(bridge.authorizationUrl().url);
      const other = bridge.browser();
      const stolen = await other.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD });
      expect(stolen).toMatchObject({ status: 400, left: undefined });
      expect(stolen.html).toContain('no longer open');
    });
  });

  describe('forms', () => {
    test.each(['', 'forged', 'a'.repeat(43)])('a form with the token %j is not taken (CSRF)', async (csrf) => {
      const browser = bridge.browser();
      const page = await browser.get(bridge.authorizationUrl().url);
      const refused = await browser.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD, csrf });
      expect(refused.status).toBe(403);
      const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url);
      const allow = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read', csrf }, [
        'decision',
        'allow',
      ]);
      expect(allow).toMatchObject({ status: 403, left: undefined });
      // The sign-in page's token is not the consent page's.
      const [, token = ''] = formWith(page, 'login').fields.find(([name]) => name === 'csrf')!;
      const mixed = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read', csrf: token }, [
        'decision',
        'allow',
      ]);
      expect(mixed).toMatchObject({ status: 403, left: undefined });
    });

    test('a form that the browser says another site sent is not taken (CSRF)', async () => {
      const browser = bridge.browser({ 'sec-fetch-site': 'cross-site' });
      const page = await browser.get(bridge.authorizationUrl().url);
      expect((await browser.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD })).status).toBe(403);
    });

    test('a wrong password and an unknown login read the same, and what was typed comes back as text', async () => {
      const browser = bridge.browser();
      const page = await browser.get(bridge.authorizationUrl().url);
      const tell = async (login: string) => {
        const { status, html } = await browser.submit(formWith(page, 'login'), { login, password: 'wrong' });
        return { status, html: html.replaceAll(login, '') };
      };
      expect(await tell('alice')).toEqual(await tell('mallory'));
      const evil = '"><script>alert(1)</script>';
      const { html } = await browser.submit(formWith(page, 'login'), { login: evil, password: 'wrong' });
      expect(html).not.toContain('<script>');
    });

    test('after 10 wrong passwords the right one is refused too, on the sign-in page and on Connected apps (I9)', async () => {
      const browser = bridge.browser();
      const page = await browser.get(bridge.authorizationUrl().url);
      const attempt = (password: string) => browser.submit(formWith(page, 'login'), { login: 'bob', password });
      for (let i = 0; i < 10; i++) expect((await attempt('wrong')).status).toBe(422);
      const limited = await attempt(PASSWORD);
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      const connected = await browser.get('/connected-apps');
      const refused = await browser.submit(formWith(connected, 'login'), {
        login: 'bob',
        password: PASSWORD,
      });
      expect(refused.status).toBe(429);
    });

    test('every page forbids scripts and frames and leaks no address (RFC 9700 section 4.2.4, 4.16)', async () => {
      const browser = bridge.browser();
      const signIn = await browser.get(bridge.authorizationUrl().url);
      const consent = await browser.submit(formWith(signIn, 'login'), { login: 'alice', password: PASSWORD });
      const error = await ask({ client_id: 'nobody' });
      for (const page of [signIn, consent, error, await browser.get('/connected-apps')]) {
        const policy = page.headers.get('content-security-policy') ?? '';
        expect(policy).toContain("default-src 'none'");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).not.toContain('script-src');
        expect(policy).not.toContain('unsafe');
        expect(page.headers.get('referrer-policy')).toBe('no-referrer');
        expect(page.headers.get('cache-control')).toContain('no-store');
        expect(page.html).not.toMatch(/<script|style=|onclick=/);
      }
      expect(consent.headers.get('content-security-policy')).toContain("form-action 'self' http://127.0.0.1:49152;");
    });
  });

  describe('NUL, which PostgreSQL’s text cannot hold', () => {
    test('in client_id is an unknown app: a page that says so, and never a redirect', async () => {
      for (const client_id of ['\0', `${DESKTOP}\0`, `\0${DESKTOP}`]) {
        const page = await ask({ client_id });
        expect(page).toMatchObject({ status: 400, left: undefined });
        expect(page.html).toContain('invalid_client');
        const refused = await bodyOf(await bridge.refresh('x', client_id));
        expect(refused).toMatchObject({ status: 401, error: 'invalid_client' });
      }
    });

    test.each(['redirect_uri', 'scope', 'state', 'code_challenge', 'resource', 'prompt', 'login_hint', 'max_age'])(
      'in %s is no fault of the bridge',
      async (name) => {
        const page = await ask({ [name]: 'a\0b' });
        expect(page.status).toBeLessThan(500);
        expect(page.left?.searchParams.get('error')).not.toBe('server_error');
      },
    );

    test('in a code, a token, an address or a form is no fault of the bridge', async () => {
      const { code, verifier } = await bridge.code();
      expect((await bridge.exchange(`${code}\0`, verifier)).status).toBe(400);
      expect((await bridge.exchange(code, `${verifier}\0`)).status).toBe(400);
      expect((await bridge.refresh('\0')).status).toBe(400);
      expect((await bridge.revoke('\0')).status).toBe(200);
      expect((await bridge.browser().get('/sign-in/%00')).status).toBe(400);
      const browser = bridge.browser();
      const page = await browser.get('/connected-apps');
      const wrong = await browser.submit(formWith(page, 'login'), { login: 'alice\0', password: PASSWORD });
      expect(wrong.status).toBe(422);
      const apps = await browser.submit(formWith(page, 'login'), { login: 'alice', password: PASSWORD });
      const form = formWith(apps, 'action', 'sign-out');
      const end = await browser.submit(form, { grant: '\0' }, ['action', 'end']);
      expect(end.status).toBe(404);
    });
  });

  describe('scopes, resources and partners', () => {
    test('RFC 6749 section 3.3: what the app may not have is not offered, and a forged tick is not granted', async () => {
      const browser = bridge.browser();
      const redirect_uri = `${WEB_ORIGIN}/signed-in`;
      const { url, verifier } = bridge.authorizationUrl({
        client_id: WEB,
        redirect_uri,
        scope: 'messages.read messages.send',
      });
      const consent = await bridge.toConsent(browser, url);
      const form = formWith(consent, 'scope');
      expect(form.checkboxes.map((box) => box.value)).toEqual(['messages.read']);
      const { left } = await browser.submit(form, { scope: ['messages.read', 'messages.send', 'admin'] }, [
        'decision',
        'allow',
      ]);
      const response = await bridge.exchange(left!.searchParams.get('code')!, verifier, {
        client_id: WEB,
        redirect_uri,
      });
      expect(claimsOf(((await response.json()) as Tokens).access_token).scope).toBe('messages.read');
    });

    test('what was not asked for is not granted, however it is ticked', async () => {
      const tokens = await bridge.signIn({
        ask: { scope: 'messages.read' },
        scopes: ['messages.read', 'messages.send'],
      });
      expect(claimsOf(tokens.access_token).scope).toBe('messages.read');
    });

    test('RFC 6749 section 4.1.2.1: nothing that can be granted is invalid_scope, at once', async () => {
      for (const scope of [undefined, 'openid profile', 'public.read', 'admin']) {
        expect((await ask({ scope })).left?.searchParams.get('error')).toBe('invalid_scope');
      }
    });

    test('a ceiling that was lowered narrows the next token', async () => {
      const tokens = await bridge.signIn({ scopes: ['messages.read', 'messages.send'] });
      await sql`update app set scopes = array['messages.read'] where client_id = ${DESKTOP}`.execute(
        bridge.database.tables(),
      );
      const next = (await (await bridge.refresh(tokens.refresh_token)).json()) as Tokens;
      await sql`update app set scopes = (select scopes from partner where id = app.partner) where client_id = ${DESKTOP}`.execute(
        bridge.database.tables(),
      );
      expect(claimsOf(next.access_token).scope).toBe('messages.read');
    });

    test('RFC 8707 section 2: no token for another resource', async () => {
      const { left } = await ask({ resource: 'https://evil.example/' });
      expect(left?.searchParams.get('error')).toBe('invalid_target');
    });

    test.each(['pending', 'suspended', 'ended'])(
      'no app of a partner that is %s gets a code, even in the middle of it',
      async (status) => {
        const browser = bridge.browser();
        const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url);
        const { code, verifier } = await bridge.code();
        await bridge.setPartnerStatus(status);
        try {
          expect(await ask({})).toMatchObject({ status: 400, left: undefined });
          const late = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, [
            'decision',
            'allow',
          ]);
          expect(late.left).toBeUndefined();
          expect((await bridge.exchange(code, verifier)).status).toBeGreaterThanOrEqual(400);
        } finally {
          await bridge.setPartnerStatus('approved');
        }
      },
    );

    test('an erased person gets no token', async () => {
      const { code, verifier } = await bridge.code({ login: 'bob' });
      await sql`update person set erased_at = clock_timestamp() where id = 'bob'`.execute(bridge.database.tables());
      const refused = await bridge.exchange(code, verifier);
      await sql`update person set erased_at = null where id = 'bob'`.execute(bridge.database.tables());
      expect(await bodyOf(refused)).toMatchObject({ status: 400, ...INVALID_GRANT });
    });
  });

  describe('the Host header and other origins', () => {
    /** The request as bytes: no client would send these. */
    const raw = (request: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(bridge.origin).port), '127.0.0.1', () => socket.write(request));
        let answer = '';
        socket.on('data', (bytes) => (answer += bytes));
        socket.on('close', () => resolve(answer));
        socket.on('error', reject);
      });

    test.each([
      [
        'Host',
        'GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      ],
      [
        'X-Forwarded-Host',
        'GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n',
      ],
      [
        'the request target',
        'GET http://evil.example/oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      ],
    ])('RFC 8414 section 3.3: the addresses are PUBLIC_URL’s, whatever %s says', async (_, request) => {
      const answer = await raw(request);
      expect(answer).toMatch(/^HTTP\/1\.1 200/);
      expect(answer).not.toContain('evil');
      const metadata = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Record<
        string,
        string
      >;
      expect(metadata).toMatchObject({
        issuer: `${bridge.origin}/oidc`,
        token_endpoint: `${bridge.origin}/oidc/token`,
      });
    });

    test('a sign-in with a wrong Host leads nowhere else', async () => {
      const { url } = bridge.authorizationUrl();
      const answer = await raw(`GET ${url} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/location: \/sign-in\//i);
      expect(answer).not.toContain('evil');
    });

    test('the token endpoint answers a web app in its own origin only, and says so to the browser', async () => {
      const from = (origin: string, client_id: string) =>
        bridge.token({ grant_type: 'refresh_token', refresh_token: 'x', client_id }, { origin });
      const own = await from(WEB_ORIGIN, WEB);
      expect(own.headers.get('access-control-allow-origin')).toBe(WEB_ORIGIN);
      const other = await from('https://evil.example', WEB);
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
      expect(await bodyOf(other)).toMatchObject({ error: 'invalid_request' });
      expect((await from('https://evil.example', DESKTOP)).headers.get('access-control-allow-origin')).toBeNull();
    });
  });

  test('what the database holds of codes and refresh tokens is worth nothing to whoever reads it', async () => {
    const { code } = await bridge.code();
    const { refresh_token } = await bridge.signIn();
    const { rows } = await sql<{ row: string }>`select (a.*)::text as row from oidc_artifact a`.execute(
      bridge.database.tables(),
    );
    const all = rows.map(({ row }) => row).join('\n');
    expect(all).not.toContain(code);
    expect(all).not.toContain(refresh_token);
  });

  test('an unknown interaction, and one that is over, is a page and not a stack', async () => {
    const page = await bridge.browser().get(`/sign-in/${randomUUID()}`);
    expect(page).toMatchObject({ status: 400 });
    expect(page.html).toContain('no longer open');
  });
});
