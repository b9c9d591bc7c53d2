import { everyDatabase, type FormBrowser, formWith } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';

const COOKIE = 'drawbridge_known_browser';

describe.each(everyDatabase)('A browser that somebody signed in with before, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  beforeEach(async () => {
    await sql`delete from sign_in_failure`.execute(bridge.database.tables());
  });

  const attempt = async (browser: FormBrowser, login: string, password: string) => {
    const page = await browser.get('/connected-apps');
    return (await browser.submit(formWith(page, 'login'), { login, password })).status;
  };
  const signOut = async (browser: FormBrowser) => {
    const page = await browser.get('/connected-apps');
    await browser.submit(formWith(page, 'action', 'sign-out'), {}, ['action', 'sign-out']);
  };
  const lockOut = async (login: string) => {
    for (let i = 0; i < 11; i += 1) await attempt(bridge.browser(), login, 'wrong');
    expect(await attempt(bridge.browser(), login, PASSWORD)).toBe(429);
  };

  test('stays a way to Connected apps while strangers lock the login, and is one for everybody who signed in with it', async () => {
    const browser = bridge.browser();
    await bridge.signIn({ browser, login: 'alice' });
    expect(await attempt(browser, 'bob', PASSWORD)).toBe(200);
    await signOut(browser);
    await lockOut('alice');
    await lockOut('bob');
    expect(await attempt(browser, 'alice', 'wrong')).toBe(422);
    expect(await attempt(browser, 'alice', PASSWORD)).toBe(200);
    await signOut(browser);
    expect(await attempt(browser, 'bob', PASSWORD)).toBe(200);
  });

  test('is nothing to others, known or not: their logins answer as in any browser, and no cookie can be made', async () => {
    const own = bridge.browser();
    expect(await attempt(own, 'bob', PASSWORD)).toBe(200);
    await signOut(own);
    for (const login of ['alice', 'nobody']) {
      for (let i = 0; i < 10; i += 1) expect(await attempt(bridge.browser(), login, 'wrong')).toBe(422);
      expect(await attempt(own, login, PASSWORD)).toBe(429);
      for (const forged of ['', 'alice', `${'a'.repeat(22)}.${'b'.repeat(43)}`]) {
        const browser = bridge.browser({ cookie: `${COOKIE}=${forged}` });
        const page = await browser.get('/connected-apps');
        const session = page.headers.getSetCookie()[0]!.split(';')[0]!;
        const answer = await fetch(`${bridge.origin}/connected-apps`, {
          method: 'POST',
          headers: { cookie: `${session}; ${COOKIE}=${forged}` },
          body: new URLSearchParams({
            ...Object.fromEntries(formWith(page, 'login').fields),
            login,
            password: PASSWORD,
          }),
        });
        expect(answer.status).toBe(429);
      }
    }
  });

  test('has a cookie without a name in it, for this site alone, that outlives the session', async () => {
    const browser = bridge.browser();
    const page = await browser.get('/connected-apps');
    const binding = page.headers.getSetCookie()[0]!.split(';')[0]!;
    const fields = { ...Object.fromEntries(formWith(page, 'login').fields), login: 'alice', password: PASSWORD };
    const signedIn = await fetch(`${bridge.origin}/connected-apps`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: binding },
      body: new URLSearchParams(fields),
    });
    expect(signedIn.status).toBe(303);
    expect(signedIn.headers.getSetCookie().find((cookie) => cookie.startsWith(COOKIE))).toMatch(
      /^drawbridge_known_browser=[\w-]{22}\.[\w-]{43}; Max-Age=31536000; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    );
  });
});
