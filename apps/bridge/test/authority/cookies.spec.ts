import { everyDatabase, formWith } from '@drawbridge/testing';
import { SIGN_IN_LIMITS } from '../../src/authority/sign-in-cookies.js';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';

describe.each(everyDatabase)('Cookies, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  const pair = (line: string) => line.slice(0, line.indexOf(';'));
  /** A sign-in that has begun: where it is, and the cookie that it is bound by. */
  const begin = async (at = bridge, cookie = '') => {
    const { url } = at.authorizationUrl();
    const response = await fetch(at.origin + url, { redirect: 'manual', headers: { cookie } });
    const lines = response.headers.getSetCookie();
    const page = response.headers.get('location')!;
    return { page, lines, id: page.split('/').at(-1)!, cookie: pair(lines.at(-1)!) };
  };
  const statusOf = async (page: string, cookie: string, at = bridge) =>
    (await fetch(at.origin + page, { redirect: 'manual', headers: { cookie } })).status;

  describe('behind https', () => {
    let secure: AuthorityHarness;
    beforeAll(async () => {
      secure = await AuthorityHarness.on(bridge.database, { publicUrl: 'https://bridge.example' });
    });
    afterAll(() => secure.closeApp());

    const HOST_ONLY =
      /^__Host-drawbridge_[\w.-]+=[\w.-]+;( Max-Age=\d+;)? Path=\/;( Expires=[^;]+;)? HttpOnly; Secure; SameSite=Lax$/;

    test('RFC 6265bis section 4.1.3.2: every one is __Host-, so that no neighbouring host can set it', async () => {
      const started = await begin(secure);
      const asked = await fetch(`${secure.origin}/connected-apps`);
      const lines = [...started.lines, ...asked.headers.getSetCookie()];
      const device = await fetch(`${secure.origin}/device`);
      lines.push(...device.headers.getSetCookie());
      // Signing in adds two: the session, and that the person is known in this browser.
      const [binding = ''] = asked.headers.getSetCookie().map(pair);
      const csrf = /name="csrf" value="([^"]+)"/.exec(await asked.text())![1]!;
      const signedIn = await fetch(`${secure.origin}/connected-apps`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: binding },
        body: new URLSearchParams({ login: 'alice', password: PASSWORD, csrf }),
      });
      expect(signedIn.status).toBe(303);
      lines.push(...signedIn.headers.getSetCookie());
      expect(lines).toHaveLength(5);
      for (const line of lines) expect(line).toMatch(HOST_ONLY);
    });

    test('a sign-in is opened by its own cookie, and by none that a neighbouring host could set', async () => {
      const { page, cookie, id } = await begin(secure);
      expect(await statusOf(page, cookie, secure)).toBe(200);
      const plain = cookie.replace('__Host-', '');
      for (const other of ['', plain, `drawbridge_sign_in=${id}`, `drawbridge_sign_in=${id}; drawbridge_resume=${id}`])
        expect(await statusOf(page, other, secure)).toBe(400);
    });

    // Chromium lets a neighbouring host set these, and sends the byte A0 as it is.
    test('a name that is __Host- after white space of another kind is not __Host-', async () => {
      const { page, cookie } = await begin(secure);
      const [binding = ''] = (await fetch(`${secure.origin}/connected-apps`)).headers.getSetCookie().map(pair);
      const [device = ''] = (await fetch(`${secure.origin}/device`)).headers.getSetCookie().map(pair);
      for (const before of ['\u00a0', 'a=b;\u00a0', 'a=b; \u00a0']) {
        expect(await statusOf(page, before + cookie, secure)).toBe(400);
        for (const [path, planted] of [
          ['/connected-apps', binding],
          ['/device', device],
        ] as const) {
          const asked = await fetch(secure.origin + path, { headers: { cookie: before + planted } });
          // Whoever brings none is given one.
          expect(asked.headers.getSetCookie()).toHaveLength(1);
        }
      }
      expect(await statusOf(page, `a=b;\t${cookie}`, secure)).toBe(200);
    });
  });

  test('a sign-in is opened by no other sign-in’s cookie, whatever it is called, and by none that was made up', async () => {
    const [one, two] = [await begin(), await begin()];
    const [, signature] = two.cookie.split('=');
    const name = `drawbridge_sign_in.${one.id}`;
    for (const cookie of [two.cookie, `${name}=${signature}`, `${name}=${one.id}`, `${name}=`, name]) {
      expect(await statusOf(one.page, cookie)).toBe(400);
      expect(await statusOf(`/oidc/auth/${one.id}`, cookie)).toBe(400);
    }
    expect(await statusOf(one.page, `${two.cookie}; ${one.cookie}`)).toBe(200);
  });

  test('it goes with the end of the sign-in, and nothing is left of oidc-provider’s own', async () => {
    const browser = bridge.browser();
    const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url);
    const names = () => browser.cookieNames().toSorted();
    expect(names()).toEqual(['drawbridge_known_browser', expect.stringMatching(/^drawbridge_sign_in\.[\w-]{21,}$/)]);
    await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
    expect(names()).toEqual(['drawbridge_known_browser']);
  });

  test('a browser keeps the latest unfinished sign-ins, and the oldest give way (I9)', async () => {
    const browser = bridge.browser();
    const pages: string[] = [];
    for (let n = 0; n < SIGN_IN_LIMITS.unfinished + 2; n++) {
      pages.push((await browser.get(bridge.authorizationUrl().url)).url.pathname);
    }
    expect(browser.cookieNames()).toHaveLength(SIGN_IN_LIMITS.unfinished);
    const statuses: number[] = [];
    for (const page of pages) statuses.push((await browser.get(page)).status);
    expect(statuses).toEqual([400, 400, ...Array(SIGN_IN_LIMITS.unfinished).fill(200)]);
  });
});
