import {
  type DeviceCode,
  everyDatabase,
  FormBrowser,
  type FormPage,
  formWith,
  ProofKey,
  shownText,
} from '@drawbridge/testing';
import { sql } from 'kysely';
import { DEVICE_LIMITS } from '../../src/authority/device-codes.js';
import {
  AuthorityHarness,
  bodyOf,
  claimsOf,
  DESKTOP,
  DEVICE_GRANT,
  INVALID_GRANT,
  PASSWORD,
  type Tokens,
  TV,
} from './authority-harness.js';

describe.each(everyDatabase)('Sign-in on a device (RFC 8628) on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  beforeEach(() => run(sql`delete from sign_in_failure`));

  const run = (statement: ReturnType<typeof sql>) => statement.execute(bridge.database.tables());
  const typeCode = async (browser: FormBrowser, code: string) =>
    browser.submit(formWith(await browser.get('/device'), 'user_code'), { user_code: code });
  const toConsent = async (browser: FormBrowser, code: DeviceCode, login = 'alice') =>
    browser.submit(formWith(await typeCode(browser, code.user_code), 'login'), { login, password: PASSWORD });
  const allow = async (browser: FormBrowser, page: FormPage, scope = ['messages.read', 'contacts.read']) =>
    browser.submit(formWith(page, 'scope'), { scope }, ['decision', 'allow']);
  const tokensOf = async (code: DeviceCode) => {
    const response = await bridge.poll(code);
    expect(response.status).toBe(200);
    return (await response.json()) as Tokens;
  };
  const grantsThere = async () =>
    Number(
      (await sql<{ n: number }>`select count(*) as n from consent_grant`.execute(bridge.database.tables())).rows[0]!.n,
    );
  const PENDING = { status: 400, error: 'authorization_pending' };

  test('a device gets a code, a person types it, signs in and consents, and the device gets tokens like any other', async () => {
    const code = await bridge.deviceCode({}, { 'user-agent': 'Tunebox/7.1 (SmartTV)' });
    expect(code).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${bridge.origin}/device`,
      verification_uri_complete: `${bridge.origin}/device?user_code=${code.user_code}`,
      expires_in: 600,
      interval: 5,
    });
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);

    const browser = bridge.browser({ 'user-agent': 'X11; Linux Firefox/140.0' });
    const first = await browser.get(code.verification_uri_complete);
    expect(formWith(first, 'user_code').fields).toContainEqual(['user_code', code.user_code]);
    expect(first.html).not.toContain('<script');
    const asked = await browser.submit(formWith(first, 'user_code'));
    expect(shownText(asked)).toMatch(/Tunebox on TV .*Tunebox Ltd/);
    expect(shownText(asked)).toContain('less than a minute ago');
    expect(shownText(asked)).toContain('127.0.0.1, the network you are on now');
    expect(shownText(asked)).toContain('Tunebox/7.1 (SmartTV)');
    expect(shownText(asked)).toContain('See who your contacts are');
    expect(shownText(asked)).toContain('Go on only if you began this yourself');
    expect(shownText(asked)).not.toContain('Send messages as you');

    const consent = await browser.submit(formWith(asked, 'login'), { login: 'alice', password: PASSWORD });
    expect(formWith(consent, 'scope').checkboxes.map(({ value, checked }) => [value, checked])).toEqual([
      ['messages.read', false],
      ['contacts.read', false],
    ]);
    const all = await browser.submit(formWith(consent, 'scope'), {}, ['decision', 'tick-all']);
    expect(formWith(all, 'scope').checkboxes.every(({ checked }) => checked)).toBe(true);
    const none = await browser.submit(formWith(all, 'scope'), { scope: [] }, ['decision', 'allow']);
    expect([none.status, shownText(none)]).toEqual([422, expect.stringContaining('Tick at least one thing')]);
    expect(await grantsThere()).toBe(0);
    const done = await allow(browser, none, ['contacts.read']);
    expect(shownText(done)).toContain('Tunebox on TV is connected');
    expect(shownText(await browser.get('/device'))).toContain('Tunebox on TV is connected');

    const tokens = await tokensOf(code);
    expect(tokens.scope).toBe('contacts.read');
    expect(claimsOf(tokens.id_token!)).toMatchObject({ sub: 'alice', aud: TV });
    const { grant_id, auth_time, ...claims } = claimsOf(tokens.access_token);
    expect(claims).toMatchObject({
      sub: 'alice',
      client_id: TV,
      scope: 'contacts.read',
      aud: `${bridge.origin}/bridge`,
    });
    expect(Math.abs(Date.now() / 1000 - (auth_time as number))).toBeLessThan(60);

    const refreshed = (await (await bridge.refresh(tokens.refresh_token, TV)).json()) as Tokens;
    expect(claimsOf(refreshed.access_token)).toMatchObject({ grant_id, auth_time, scope: 'contacts.read' });

    const apps = await browser.submit(formWith(await browser.get('/connected-apps'), 'login'), {
      login: 'alice',
      password: PASSWORD,
    });
    expect(shownText(apps)).toContain('signed in with a code on Tunebox/7.1 (SmartTV), allowed in Firefox on Linux');
  });

  test('the page says from where a code was asked for, behind a proxy too, and whether this browser is there', async () => {
    const proxied = await AuthorityHarness.on(bridge.database, { publicUrl: 'https://bridge.example' });
    const from = (address: string) => ({ 'x-forwarded-for': `198.51.100.1, ${address}` });
    for (const [device, person, said] of [
      ['203.0.113.9', '203.0.113.9', '203.0.113.9, the network you are on now'],
      ['203.0.113.9', '203.0.113.10', '203.0.113.9, not the network you are on now'],
      ['2001:db8:0:1::5', '2001:db8::1:0:0:0:6', '2001:db8:0:1::/64, the network you are on now'],
    ] as const) {
      const code = await proxied.deviceCode({}, from(device));
      const asked = await typeCode(proxied.browser(from(person)), code.user_code);
      expect(shownText(asked)).toContain(said);
    }
    await proxied.closeApp();
  });

  test('a code is found however it is typed', async () => {
    const { user_code } = await bridge.deviceCode();
    const [one, two] = user_code.toLowerCase().split('-');
    for (const typed of [`${one}${two}`, ` ${one} – ${two} `, `${one}.${two}`.toUpperCase()]) {
      expect(formWith(await typeCode(bridge.browser(), typed), 'login').fields).toContainEqual([
        'user_code',
        user_code.replace('-', ''),
      ]);
    }
    expect(await typeCode(bridge.browser(), ' - ')).toMatchObject({ status: 422 });
  });

  test('who did not begin it refuses, before and after signing in, and the device learns that', async () => {
    const before = await bridge.deviceCode();
    const browser = bridge.browser();
    const asked = await typeCode(browser, before.user_code);
    expect(shownText(await browser.submit(formWith(asked, 'decision', 'deny'), {}, ['decision', 'deny']))).toContain(
      'Not connected',
    );
    expect(await bodyOf(await bridge.poll(before))).toMatchObject({ status: 400, error: 'access_denied' });

    const after = await bridge.deviceCode();
    const consent = await toConsent(browser, after);
    const grants = await grantsThere();
    const denied = await browser.submit(formWith(consent, 'decision', 'deny'), {}, ['decision', 'deny']);
    expect(shownText(denied)).toContain('Not connected');
    // A form still open elsewhere changes nothing any more.
    expect(shownText(await allow(browser, consent))).toContain('Not connected');
    expect(await bodyOf(await bridge.poll(after))).toMatchObject({ status: 400, error: 'access_denied' });
    expect(await grantsThere()).toBe(grants);
    expect(await typeCode(bridge.browser(), after.user_code)).toMatchObject({ status: 400 });
  });

  test('a device that polls too early is slowed down by 5 s each time, whichever process it asks', async () => {
    const other = await AuthorityHarness.on(bridge.database);
    const code = await bridge.deviceCode();
    const wait = (s: number) => run(sql`update device_sign_in set polled_at = polled_at - ${s} * interval '1 s'`);
    const SLOW = { status: 400, error: 'slow_down' };
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);
    expect(await bodyOf(await other.poll(code))).toMatchObject(SLOW);
    await wait(6);
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(SLOW);
    await wait(14);
    expect(await bodyOf(await other.poll(code))).toMatchObject(SLOW);
    await wait(20);
    await other.closeApp();
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);
    await Promise.all(Array.from({ length: 20 }, () => bridge.poll(code)));
    await wait(DEVICE_LIMITS.intervalMaxS);
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);
    // Nobody waits for an answer that is there.
    const browser = bridge.browser();
    await allow(browser, await toConsent(browser, code));
    expect((await bridge.poll(code)).status).toBe(200);
  });

  test('a code that has run out opens nothing: not for typing, not for signing in, not for consenting, not for the device', async () => {
    const code = await bridge.deviceCode();
    const [typing, consenting] = [bridge.browser(), bridge.browser()];
    const asked = await typeCode(typing, code.user_code);
    const consent = await toConsent(consenting, code);
    await run(sql`update oidc_artifact set expires_at = clock_timestamp(),
      payload = (payload::jsonb || '{"exp": 1}'::jsonb)::text where model = 'DeviceCode'`);
    const over = { status: 400, html: expect.stringContaining('This code is over') };
    expect(await typeCode(bridge.browser(), code.user_code)).toMatchObject(over);
    expect(await typing.submit(formWith(asked, 'login'), { login: 'alice', password: PASSWORD })).toMatchObject(over);
    const grants = await grantsThere();
    expect(await allow(consenting, consent)).toMatchObject(over);
    expect(await grantsThere()).toBe(grants);
    expect(await bodyOf(await bridge.poll(code))).toMatchObject({ status: 400, error: 'expired_token' });
  });

  test('a device code used again ends its grant, and a second one is not made (I2)', async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    await allow(browser, await toConsent(browser, code));
    const { access_token, refresh_token } = await tokensOf(code);
    const grants = await grantsThere();
    expect(await bodyOf(await bridge.poll(code))).toMatchObject({ status: 400, ...INVALID_GRANT });
    expect(await bridge.grantRow(claimsOf(access_token).grant_id as string)).toMatchObject({
      end_reason: 'token_replayed',
    });
    expect((await bridge.refresh(refresh_token, TV)).status).toBe(400);
    expect(await grantsThere()).toBe(grants);
  });

  test('of polls that come at once, one gets tokens at most', async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    await allow(browser, await toConsent(browser, code));
    const statuses = (await Promise.all(Array.from({ length: 5 }, () => bridge.poll(code)))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(statuses.filter((status) => status === 400).length).toBeGreaterThanOrEqual(4);
  });

  test('of two browsers that allow at once one wins, and the other is told; pressing twice is pressing once', async () => {
    const code = await bridge.deviceCode();
    const [one, two] = [bridge.browser(), bridge.browser()];
    const pages = [await toConsent(one, code), await toConsent(two, code, 'bob')] as const;
    const grants = await grantsThere();
    const answers = await Promise.all([allow(one, pages[0]), allow(two, pages[1]), allow(one, pages[0])]);
    expect(await grantsThere()).toBe(grants + 1);
    const winner = claimsOf((await tokensOf(code)).access_token).sub;
    const won = answers.map((page) => shownText(page).includes('is connected'));
    expect(won).toEqual(winner === 'alice' ? [true, false, true] : [false, true, false]);
    const loser = winner === 'alice' ? two : one;
    expect(shownText(await loser.get('/device'))).toContain('This code is over');
    expect(await typeCode(bridge.browser(), code.user_code)).toMatchObject({ status: 400 });
  });

  test('of allowing and denying at once one wins: there is a grant with tokens, or neither', async () => {
    for (let round = 0; round < 6; round++) {
      const code = await bridge.deviceCode();
      const browser = bridge.browser();
      const consent = await toConsent(browser, code);
      const grants = await grantsThere();
      const deny = () => browser.submit(formWith(consent, 'decision', 'deny'), {}, ['decision', 'deny']);
      await Promise.all(round % 2 === 0 ? [allow(browser, consent), deny()] : [deny(), allow(browser, consent)]);
      const answer = await bridge.poll(code);
      const made = (await grantsThere()) - grants;
      if (answer.status === 200) expect(made).toBe(1);
      else expect([made, await bodyOf(answer)]).toEqual([0, expect.objectContaining({ error: 'access_denied' })]);
    }
  });

  test('a consent that is ended before the device asks gives it nothing (I2)', async () => {
    const [one, two] = [await bridge.deviceCode(), await bridge.deviceCode()];
    const browser = bridge.browser();
    const newest = async () => {
      const { rows } = await sql<{ id: string }>`select id from consent_grant order by created_at desc limit 1`.execute(
        bridge.database.tables(),
      );
      return rows[0]!.id;
    };
    await allow(browser, await toConsent(browser, one));
    const apps = await browser.submit(formWith(await browser.get('/connected-apps'), 'login'), {
      login: 'alice',
      password: PASSWORD,
    });
    const card = formWith(apps, 'grant', await newest());
    const question = await browser.submit(card, {}, ['action', 'end']);
    await browser.submit(formWith(question, 'confirm'), {}, ['confirm', 'yes']);
    expect(await bodyOf(await bridge.poll(one))).toMatchObject({ status: 400, ...INVALID_GRANT });
    // Ended by somebody who does not tell oidc-provider.
    await allow(browser, await toConsent(browser, two));
    await bridge.endings.end({ grants: [await newest()], reason: 'revoked_by_operator', by: 'bridge' });
    expect(await bodyOf(await bridge.poll(two))).toMatchObject({ status: 400, ...INVALID_GRANT });
  });

  test('a consent goes on after a process that died between the decision and the answer', async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    const consent = await toConsent(browser, code);
    await run(sql`update device_sign_in d set outcome = 'allowed', decided_by = v.browser from device_visit v where v.code = d.code
      and d.user_code = ${code.user_code.replace('-', '')}`);
    expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);
    expect(shownText(await allow(browser, consent))).toContain('is connected');
    await tokensOf(code);
  });

  describe('Wrong tries (I9)', () => {
    const WRONG = 'BBBB-BBBB';

    test('a browser may type so many wrong codes, and then not the right one either', async () => {
      const code = await bridge.deviceCode();
      const browser = bridge.browser();
      for (let tries = 0; tries < DEVICE_LIMITS.wrongCodesPerBrowser; tries++) {
        expect(await typeCode(browser, WRONG)).toMatchObject({ status: 422 });
      }
      const limited = await typeCode(browser, code.user_code);
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(shownText(limited)).toContain('too many failed attempts');
      expect((await typeCode(bridge.browser(), code.user_code)).status).toBe(200);
    });

    test('a network may type so many, with however many browsers, at once or in turn', async () => {
      const code = await bridge.deviceCode();
      const pages = await Promise.all(
        Array.from({ length: DEVICE_LIMITS.wrongCodesPerNetwork + 10 }, () => typeCode(bridge.browser(), WRONG)),
      );
      expect(pages.filter(({ status }) => status === 422)).toHaveLength(DEVICE_LIMITS.wrongCodesPerNetwork);
      expect((await typeCode(bridge.browser(), code.user_code)).status).toBe(429);
    });

    test('right codes count for nothing', async () => {
      const browser = bridge.browser();
      for (let times = 0; times <= DEVICE_LIMITS.wrongCodesPerBrowser; times++) {
        expect((await typeCode(browser, (await bridge.deviceCode()).user_code)).status).toBe(200);
      }
    });

    test('a code bears five wrong passwords', async () => {
      const code = await bridge.deviceCode();
      const fails = async (password = 'wrong') => {
        const browser = bridge.browser();
        return browser.submit(formWith(await typeCode(browser, code.user_code), 'login'), { login: 'alice', password });
      };
      for (let tries = 1; tries < DEVICE_LIMITS.wrongTries; tries++) expect((await fails()).status).toBe(422);
      expect(await fails()).toMatchObject({ status: 400, html: expect.stringContaining('too many wrong tries') });
      expect(await bodyOf(await bridge.poll(code))).toMatchObject({ status: 400, error: 'access_denied' });
      expect(await typeCode(bridge.browser(), code.user_code)).toMatchObject({ status: 400 });
    });
  });

  describe('Forms from elsewhere', () => {
    test('without the token of its cookie, with that of another browser, or from another site, nothing is done', async () => {
      const code = await bridge.deviceCode();
      const [mine, other] = [bridge.browser(), bridge.browser()];
      const form = formWith(await typeCode(mine, code.user_code), 'login');
      const credentials = { login: 'alice', password: PASSWORD };
      const theirs = formWith(await typeCode(other, code.user_code), 'login').fields.find(
        ([name]) => name === 'csrf',
      )![1];
      for (const csrf of ['', 'forged', theirs]) {
        const refused = await mine.submit(form, { ...credentials, csrf });
        expect([refused.status, shownText(refused)]).toEqual([403, expect.stringContaining('too old or did not come')]);
        expect(formWith(refused, 'user_code').fields).toContainEqual(['user_code', code.user_code]);
      }
      const elsewhere = new FormBrowser(bridge.origin, { 'sec-fetch-site': 'cross-site' });
      expect((await typeCode(elsewhere, code.user_code)).status).toBe(403);
    });

    test('the sign-in changes the cookie: whoever planted or read the one before has no part in the consent', async () => {
      const code = await bridge.deviceCode();
      const person = bridge.browser();
      const asked = await typeCode(person, code.user_code);
      const cookie = person.cookieHeader('/device');
      const consent = await person.submit(formWith(asked, 'login'), { login: 'alice', password: PASSWORD });
      expect(formWith(consent, 'scope').checkboxes).toHaveLength(2);
      const attacker = await fetch(`${bridge.origin}/device`, { headers: { cookie } });
      expect(await attacker.text()).toContain('name="user_code"');
      const body = new URLSearchParams([...formWith(consent, 'scope').fields, ['scope', 'messages.read']]);
      body.append('decision', 'allow');
      const posted = await fetch(`${bridge.origin}/device`, { method: 'POST', headers: { cookie }, body });
      expect(posted.status).toBe(403);
      expect(await bodyOf(await bridge.poll(code))).toMatchObject(PENDING);
    });

    test('no script reads the cookie', async () => {
      const response = await fetch(`${bridge.origin}/device`);
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^drawbridge_device=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
      ]);
      expect(response.headers.get('content-security-policy')).toContain("form-action 'self'");
    });
  });

  describe('Apps and partners', () => {
    afterEach(async () => {
      await bridge.setPartnerStatus('approved');
      await run(
        sql`update app set removed_at = null, scopes = array['messages.read', 'messages.send', 'contacts.read', 'profile'] where client_id = ${TV}`,
      );
    });

    test('an app of another kind gets no code, and one for devices signs in in no other way', async () => {
      const refused = { status: 400, error: 'unauthorized_client' };
      expect(await bodyOf(await bridge.askForDevice({ client_id: DESKTOP }))).toMatchObject(refused);
      expect(await bodyOf(await bridge.poll(await bridge.deviceCode(), { client_id: DESKTOP }))).toMatchObject(refused);
      expect(await bodyOf(await bridge.exchange('a-code', 'a-verifier', { client_id: TV }))).toMatchObject(refused);
      expect(await bridge.ask({ client_id: TV })).toMatchObject({ status: 400, left: undefined });
    });

    test('a code that nobody could allow anything with is not given', async () => {
      const refused = { status: 400, error: 'invalid_scope' };
      for (const scope of ['', 'profile', 'openid', 'presence.read', 'constructor']) {
        expect(await bodyOf(await bridge.askForDevice({ scope }))).toMatchObject(refused);
      }
    });

    test.each(['pending', 'suspended', 'ended'])(
      'an app of a partner that is %s gets no code, and no consent with an earlier one',
      async (status) => {
        const code = await bridge.deviceCode();
        const browser = bridge.browser();
        const asked = await typeCode(browser, code.user_code);
        const consenting = bridge.browser();
        const consent = await toConsent(consenting, code);
        await bridge.setPartnerStatus(status);
        const grants = await grantsThere();
        const refused = { status: 400, html: expect.stringContaining('This app cannot be connected') };
        expect(await browser.submit(formWith(asked, 'login'), { login: 'alice', password: PASSWORD })).toMatchObject(
          refused,
        );
        expect(await allow(consenting, consent)).toMatchObject(refused);
        expect(await typeCode(bridge.browser(), code.user_code)).toMatchObject(refused);
        expect(await grantsThere()).toBe(grants);
        expect(await bodyOf(await bridge.askForDevice())).toMatchObject({ status: 401, error: 'invalid_client' });
        expect(await bodyOf(await bridge.poll(code))).toMatchObject({ status: 401, error: 'invalid_client' });
      },
    );

    test('a removed app gets no code, and what the app may do no longer is not offered', async () => {
      const code = await bridge.deviceCode();
      await run(sql`update app set scopes = array['contacts.read'] where client_id = ${TV}`);
      const browser = bridge.browser();
      const consent = await toConsent(browser, code);
      expect(formWith(consent, 'scope').checkboxes.map(({ value }) => value)).toEqual(['contacts.read']);
      // A box that was not there is no scope.
      await allow(browser, consent, ['contacts.read', 'messages.read']);
      expect((await tokensOf(code)).scope).toBe('contacts.read');
      await run(sql`update app set removed_at = clock_timestamp() where client_id = ${TV}`);
      expect(await bodyOf(await bridge.askForDevice())).toMatchObject({ status: 401, error: 'invalid_client' });
    });

    test('tokens of a device are bound to its key where it shows one (RFC 9449)', async () => {
      const code = await bridge.deviceCode();
      const browser = bridge.browser();
      await allow(browser, await toConsent(browser, code));
      const key = new ProofKey();
      const poll = { grant_type: DEVICE_GRANT, device_code: code.device_code, client_id: TV };
      const response = await key.post(`${bridge.origin}/oidc/token`, poll);
      const tokens = (await response.json()) as Tokens;
      expect(tokens.token_type).toBe('DPoP');
      expect(claimsOf(tokens.access_token).cnf).toEqual({ jkt: key.thumbprint });
      expect((await bridge.refresh(tokens.refresh_token, TV)).status).toBe(400);
    });
  });

  test("oidc-provider's own pages for codes are not there", async () => {
    for (const path of ['/oidc/device', '/oidc/Device/', '/oidc/device/auth', '/oidc/device/anything']) {
      expect((await fetch(bridge.origin + path)).status).toBe(404);
    }
    expect((await fetch(`${bridge.origin}/oidc/device`, { method: 'POST' })).status).toBe(404);
    const metadata = await fetch(`${bridge.origin}/oidc/.well-known/openid-configuration`);
    expect(await metadata.json()).toMatchObject({ device_authorization_endpoint: `${bridge.origin}/oidc/device/auth` });
  });

  test('the database holds no device code and no cookie that could be used', async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    await toConsent(browser, code);
    const { rows } = await sql<{ all: string }>`
      select (select json_agg(a)::text from oidc_artifact a) || (select json_agg(d)::text from device_sign_in d)
        || (select json_agg(v)::text from device_visit v) as all`.execute(bridge.database.tables());
    expect(rows[0]!.all).toContain(code.user_code.replace('-', ''));
    expect(rows[0]!.all).not.toContain(code.device_code);
    const secret = /drawbridge_device=([\w-]{43})/.exec(browser.cookieHeader('/device'))![1]!;
    expect(rows[0]!.all).not.toContain(secret);
  });
});
