import { randomUUID } from 'node:crypto';
import { everyDatabase, formWith } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AuthorityHarness, bodyOf, DESKTOP, PASSWORD } from './authority-harness.js';

describe.each(everyDatabase)('Attacks on the forms of sign-in and consent, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  beforeEach(async () => {
    await sql`delete from sign_in_failure`.execute(bridge.database.tables());
  });

  describe('the person is asked every time', () => {
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

    test('the consent page says that the app is able to read messages, only where it asks to read them', async () => {
      const consent = async (scope: string) =>
        (await bridge.toConsent(bridge.browser(), bridge.authorizationUrl({ scope }).url)).html;
      const sentence = 'is able to read the messages it shows you';
      expect(await consent('profile messages.read')).toContain(sentence);
      const without = await consent('profile messages.send contacts.read');
      expect(without).toContain('You can end it at any moment');
      expect(without).not.toContain(sentence);
    });

    test('every page forbids scripts and frames and leaks no address (RFC 9700 section 4.2.4, 4.16)', async () => {
      const browser = bridge.browser();
      const signIn = await browser.get(bridge.authorizationUrl().url);
      const consent = await browser.submit(formWith(signIn, 'login'), { login: 'alice', password: PASSWORD });
      const error = await bridge.ask({ client_id: 'nobody' });
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
        const page = await bridge.ask({ client_id });
        expect(page).toMatchObject({ status: 400, left: undefined });
        expect(page.html).toContain('invalid_client');
        const refused = await bodyOf(await bridge.refresh('x', client_id));
        expect(refused).toMatchObject({ status: 401, error: 'invalid_client' });
      }
    });

    test.each(['redirect_uri', 'scope', 'state', 'code_challenge', 'resource', 'prompt', 'login_hint', 'max_age'])(
      'in %s is no fault of the bridge',
      async (name) => {
        const page = await bridge.ask({ [name]: 'a\0b' });
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

  test('an unknown interaction, and one that is over, is a page and not a stack', async () => {
    const page = await bridge.browser().get(`/sign-in/${randomUUID()}`);
    expect(page).toMatchObject({ status: 400 });
    expect(page.html).toContain('no longer open');
  });
});
