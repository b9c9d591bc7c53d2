import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  BridgeClient,
  everyDatabase,
  exchange,
  FormBrowser,
  formWith,
  freePort,
  ProofKey,
  shownText,
  startBridge,
} from '@drawbridge/testing';
import { sql } from 'kysely';
import { Secrets } from '../../src/secrets.js';
import { AuthorityHarness, claimsOf, DESKTOP, DESKTOP_REDIRECT, PASSWORD, type Tokens } from './authority-harness.js';
import { startOn, TestIssuer } from './issuer.js';

describe.each(everyDatabase)('Sign-in at the platform’s own provider, on %s', (kind) => {
  let bridge: AuthorityHarness;
  let issuer: TestIssuer;
  beforeAll(async () => {
    const port = await freePort();
    issuer = await TestIssuer.start(`http://127.0.0.1:${port}`);
    bridge = await AuthorityHarness.start(kind, { port, signIn: issuer.config });
  });
  afterAll(async () => {
    await bridge[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  /** The address that the provider sends this browser back to, which it has not gone to yet. */
  const sentBack = async (browser: FormBrowser, login: string, address = bridge.authorizationUrl().url) =>
    issuer.answer(await browser.get(startOn(await browser.get(address))), login);

  test('a person signs in there, afresh, and finds the consent page; the app gets their tokens', async () => {
    const browser = bridge.browser();
    const { url, verifier } = bridge.authorizationUrl();
    const page = await browser.get(url);
    expect(page.html).toContain('Tunebox Ltd');
    expect(page.html).not.toContain('type="password"');
    const consent = await issuer.signInFrom(browser, page, 'alice');
    expect(Object.fromEntries(issuer.asked.at(-1)!)).toMatchObject({
      prompt: 'login',
      max_age: '0',
      scope: 'openid',
      code_challenge_method: 'S256',
      redirect_uri: `${bridge.origin}/sign-in/callback`,
    });
    expect(shownText(consent)).toContain('You are signed in as Alice Arden.');
    const form = formWith(consent, 'scope');
    expect(form.checkboxes.filter(({ checked }) => checked)).toEqual([]);
    const allowed = await browser.submit(form, { scope: 'messages.read' }, ['decision', 'allow']);
    expect(allowed.left!.origin + allowed.left!.pathname).toBe(DESKTOP_REDIRECT);
    const answer = await bridge.exchange(allowed.left!.searchParams.get('code')!, verifier);
    const tokens = (await answer.json()) as Tokens;
    expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'alice', client_id: DESKTOP, scope: 'messages.read' });
  });

  test('the app’s word on the person’s languages goes with them, to the provider and back, and nothing else goes as one', async () => {
    const browser = bridge.browser();
    const ask = { ui_locales: 'de-CH en' };
    const back = await sentBack(browser, 'alice', bridge.authorizationUrl(ask).url);
    expect(issuer.asked.at(-1)!.get('ui_locales')).toBe('de-CH en');
    back.searchParams.set('iss', 'https://evil.example');
    const page = await browser.get(back);
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('Die Anmeldung hat nicht geklappt')]);
    await sentBack(browser, 'alice', bridge.authorizationUrl({ ui_locales: 'x&prompt=none' }).url);
    expect(issuer.asked.at(-1)!.get('ui_locales')).toBeNull();
  });

  test('a person may go back to the app without signing in, and the way to the provider is another browser’s to nobody', async () => {
    const browser = bridge.browser();
    const page = await browser.get(bridge.authorizationUrl().url);
    const elsewhere = await bridge.browser().get(startOn(page));
    expect([elsewhere.status, elsewhere.left]).toEqual([400, undefined]);
    const { left } = await browser.submit(formWith(page, 'decision'), {}, ['decision', 'deny']);
    expect(left!.searchParams.get('error')).toBe('access_denied');
  });

  test('a person connects a device: the code, the provider, the consent', async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    const typed = await browser.get(code.verification_uri_complete);
    const asked = await browser.submit(formWith(typed, 'user_code'));
    expect(asked.html).toContain('Go on only if you began this yourself');
    expect(asked.html).not.toContain('type="password"');
    const consent = await issuer.signInFrom(browser, asked, 'bob');
    expect(consent.html).toContain('Bob Brook');
    const done = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
    expect(done.html).toContain('is connected');
    expect(claimsOf(((await (await bridge.poll(code)).json()) as Tokens).access_token)).toMatchObject({ sub: 'bob' });
  });

  test('nobody goes on to the provider for a code without having been shown the page for it', async () => {
    const { user_code: code } = await bridge.deviceCode();
    const userCode = code.replace('-', '');
    const [browser, other] = [bridge.browser(), bridge.browser()];
    const asked = await browser.submit(formWith(await browser.get(`/device?user_code=${code}`), 'user_code'));
    await other.get('/device');
    for (const [who, address] of [
      [other, startOn(asked)],
      [bridge.browser(), startOn(asked)],
      [browser, `/device/start?user_code=${userCode}`],
      [browser, `/device/start?user_code=${userCode}&ticket=forged`],
      [browser, startOn(asked).replace(userCode, 'BBBBBBBB')],
    ] as const) {
      const page = await who.get(address);
      expect([page.url.pathname, page.left]).toEqual(['/device', undefined]);
    }
    const denied = await browser.submit(formWith(asked, 'decision', 'deny'), {}, ['decision', 'deny']);
    expect(denied.html).toContain('Not connected');
    // Refused meanwhile: whoever comes back from the provider is told so.
    const late = await browser.get(startOn(asked));
    expect((await browser.get(await issuer.answer(late, 'alice'))).html).toContain('no longer open');
  });

  test('Connected apps is signed in to there, and its session has the same rules', async () => {
    const browser = bridge.browser();
    const page = await browser.get('/connected-apps');
    expect(page.html).not.toContain('type="password"');
    const apps = await issuer.signInFrom(browser, page, 'alice');
    expect([apps.url.href, shownText(apps)]).toEqual([
      `${bridge.origin}/connected-apps`,
      expect.stringContaining('Signed in as Alice Arden'),
    ]);
    // What the browser held before is worth nothing.
    const planted = bridge.browser({ cookie: page.headers.getSetCookie()[0]!.split(';')[0]! });
    expect(startOn(await planted.get('/connected-apps'))).toBe('/connected-apps/start');
    const out = await browser.submit(formWith(apps, 'action', 'sign-out'), {}, ['action', 'sign-out']);
    expect(startOn(out)).toBe('/connected-apps/start');
    // A link to one sign-in leads there over the provider.
    const at = `/connected-apps?grant=${randomUUID()}`;
    const led = await issuer.signInFrom(bridge.browser(), await bridge.browser().get(at), 'alice');
    expect(`${led.url.pathname}${led.url.search}`).toBe(at);
    // Signed in there as they may be: the next time they are asked again.
    await issuer.signInFrom(browser, out, 'alice');
    expect(issuer.asked.at(-1)!.get('prompt')).toBe('login');
    await sql`update person_session set last_seen_at = last_seen_at - interval '15 minutes'`.execute(
      bridge.database.tables(),
    );
    expect(startOn(await browser.get('/connected-apps'))).toBe('/connected-apps/start');
  });

  test('whoever signs in to Connected apps over a session ends it', async () => {
    const browser = bridge.browser();
    await issuer.signInFrom(browser, await browser.get('/connected-apps'), 'alice');
    const back = await issuer.answer(await browser.get('/connected-apps/start'), 'bob');
    const cookie = browser.cookieHeader('/connected-apps');
    const seen = async () =>
      shownText({ html: await (await fetch(`${bridge.origin}/connected-apps`, { headers: { cookie } })).text() });
    expect(await seen()).toContain('Signed in as Alice Arden');
    expect(shownText(await browser.get(back))).toContain('Signed in as Bob Brook');
    expect(await seen()).not.toContain('Alice Arden');
  });

  test('a password is refused wherever one was taken, also a right one (fail closed)', async () => {
    const [app, apps, device] = [bridge.browser(), bridge.browser(), bridge.browser()];
    const right = { login: 'alice', password: PASSWORD };
    const asked = await app.get(bridge.authorizationUrl().url);
    const code = await bridge.deviceCode();
    const onDevice = await device.submit(formWith(await device.get(code.verification_uri_complete), 'user_code'));
    const csrfOf = (html: string) => /name="csrf" value="([^"]+)"/.exec(html)![1]!;
    const connected = await apps.get('/connected-apps');
    // That page has no form left whose token could be taken; Secrets makes the one of its cookie.
    const cookie = connected.headers.getSetCookie()[0]!.split(';')[0]!.split('=')[1]!;
    const csrf = bridge.app.get(Secrets).formToken(cookie);
    const form = (path: string) => ({ action: new URL(path, bridge.origin), fields: [], checkboxes: [], buttons: [] });
    const refused = [
      await app.submit(form(asked.url.pathname), { csrf: csrfOf(asked.html), ...right }),
      await device.submit(form('/device'), { csrf: csrfOf(onDevice.html), user_code: code.user_code, ...right }),
      await apps.submit(form('/connected-apps'), { csrf, ...right }),
    ];
    for (const page of refused) {
      expect([page.status, page.left]).toEqual([403, undefined]);
      expect(page.html).toContain('Nobody signs in with a password here.');
      expect(startOn(page)).toContain('/start');
    }
    expect(startOn(await apps.get('/connected-apps'))).toBe('/connected-apps/start');
  });

  test('an answer is taken once, by whichever process, and from the browser that was sent there alone', async () => {
    const second = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin, signIn: issuer.config });
    const browser = bridge.browser();
    const back = await sentBack(browser, 'alice');
    const stranger = bridge.browser();
    await sentBack(stranger, 'bob');
    for (const other of [stranger, bridge.browser()]) {
      const page = await other.get(back);
      expect([page.status, page.html]).toEqual([400, expect.stringContaining('This sign-in is no longer open')]);
    }
    const cookie = browser.cookieHeader('/sign-in/callback');
    const come = (origin: string) =>
      fetch(origin + back.pathname + back.search, { headers: { cookie }, redirect: 'manual' });
    const answers = await Promise.all([come(bridge.origin), come(second.origin), come(second.origin)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 400, 400]);
    expect((await come(bridge.origin)).status).toBe(400);
    const consent = await browser.get(answers.find(({ status }) => status === 303)!.headers.get('location')!);
    expect(consent.html).toContain('Alice Arden');
    await second.closeApp();
  });

  test('nobody is signed in to an attacker’s account by following a link (login CSRF)', async () => {
    const back = await sentBack(bridge.browser(), 'bob', '/connected-apps');
    const victim = bridge.browser();
    await victim.get('/connected-apps');
    await sentBack(victim, 'alice', '/connected-apps');
    expect((await victim.get(back)).status).toBe(400);
    expect(startOn(await victim.get('/connected-apps'))).toBe('/connected-apps/start');
  });

  test('somebody else’s code put into one’s own answer is refused by the provider (code injection, PKCE)', async () => {
    const [attacker, victim] = [bridge.browser(), bridge.browser()];
    const stolen = (await sentBack(victim, 'alice')).searchParams.get('code')!;
    const own = await sentBack(attacker, 'bob');
    own.searchParams.set('code', stolen);
    const page = await attacker.get(own);
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('code_refused')]);
  });

  test('an answer with another’s `iss` is refused before the code is sent anywhere (mix-up)', async () => {
    const browser = bridge.browser();
    const back = await sentBack(browser, 'alice');
    back.searchParams.set('iss', 'https://evil.example');
    expect((await browser.get(back)).html).toContain('invalid_answer');
  });

  test('a state that is too old, unknown, absent or there twice is none', async () => {
    const browser = bridge.browser();
    const back = await sentBack(browser, 'alice');
    const { search } = back;
    const state = back.searchParams.get('state')!;
    for (const query of ['', '?code=a', '?state=a&code=a', `${search}&state=${state}`, '?state=%00&code=a']) {
      expect((await browser.get(`/sign-in/callback${query}`)).status).toBe(400);
    }
    await sql`update issuer_sign_in set started_at = started_at - interval '30 minutes'`.execute(
      bridge.database.tables(),
    );
    expect((await browser.get(back)).html).toContain('This sign-in is no longer open');
  });

  test('of a browser’s unfinished sign-ins the latest stay (I9)', async () => {
    const browser = bridge.browser();
    for (let begun = 0; begun < 10; begun++) await browser.get('/connected-apps/start');
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from issuer_sign_in group by browser order by n desc limit 1`.execute(
      bridge.database.tables(),
    );
    expect(rows).toEqual([{ n: 8 }]);
  });

  test('whoever comes back to a sign-in that is over, or in which somebody signed in meanwhile, changes nothing', async () => {
    const browser = bridge.browser();
    const { url } = bridge.authorizationUrl();
    const page = await browser.get(url);
    const [one, two, three] = [
      await issuer.answer(await browser.get(startOn(page)), 'alice'),
      await issuer.answer(await browser.get(startOn(page)), 'bob'),
      await issuer.answer(await browser.get(startOn(page)), 'bob'),
    ];
    await browser.get(one);
    const consent = await browser.get(two);
    expect(consent.html).toContain('Alice Arden');
    expect((await browser.get(startOn(page))).html).toContain('Alice Arden');
    await browser.submit(formWith(consent, 'decision'), {}, ['decision', 'deny']);
    expect((await browser.get(three)).html).toContain('This sign-in is no longer open');
  });
});

describe('A bridge whose people sign in at the platform’s provider', () => {
  test('starts and serves while the provider is down, says so, and signs people in when it is up: to an open WebSocket', async () => {
    const port = await freePort();
    await using issuer = await TestIssuer.start(`http://127.0.0.1:${port}`);
    await issuer.down();
    const env = { PORT: String(port), LOG_LEVEL: 'info', ...issuer.settings };
    await using bridge = await startBridge({ database: 'postgres', env });
    const browser = new FormBrowser(bridge.publicUrl);
    const verifier = randomBytes(32).toString('base64url');
    const question = new URLSearchParams({
      response_type: 'code',
      client_id: DESKTOP,
      redirect_uri: DESKTOP_REDIRECT,
      scope: 'openid messages.read',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const page = await browser.get(`/oidc/auth?${question}`);
    const down = await browser.get(startOn(page));
    expect([down.status, down.html]).toEqual([
      503,
      expect.stringContaining('Signing in is not possible at the moment'),
    ]);
    expect((await fetch(`${bridge.internalUrl}/readyz`)).status).toBe(200);

    await issuer.up();
    const again = await browser.get(/<a class="button" href="([^"]+)"/.exec(down.html)![1]!);
    const consent = await issuer.signInFrom(browser, again, 'alice');
    const { left } = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, [
      'decision',
      'allow',
    ]);
    const answer = { code: left!.searchParams.get('code')!, redirectUri: DESKTOP_REDIRECT, verifier };
    const tokens = await exchange(bridge, { clientId: DESKTOP, key: new ProofKey() }, answer);
    const alice = await BridgeClient.connect(bridge.publicUrl);
    expect(await alice.open(tokens)).toMatchObject({ person: { id: 'alice' } });
    await alice.close();
    const metrics = await (await fetch(`${bridge.internalUrl}/metrics`)).text();
    for (const outcome of ['signed_in', 'provider_unreachable']) {
      expect(metrics).toContain(`drawbridge_provider_sign_ins_total{outcome="${outcome}"} 1`);
    }
    expect(bridge.output()).toMatch(/"refusal":"provider_unreachable"/);
    for (const secret of [issuer.config.clientSecret, tokens.accessToken])
      expect(bridge.output()).not.toContain(secret);
  });
});
