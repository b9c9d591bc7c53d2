import { People } from '@drawbridge/people';
import { everyDatabase, type FormBrowser, type FormPage, formWith } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';

describe.each(everyDatabase)('How long a password opens anything, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  const connectedApps = async (login: string) => {
    const browser = bridge.browser();
    const page = await browser.submit(formWith(await browser.get('/connected-apps'), 'login'), {
      login,
      password: PASSWORD,
    });
    expect(page.html).toContain('Signed in as');
    return browser;
  };
  const isSignedIn = async (browser: FormBrowser) =>
    (await browser.get('/connected-apps')).html.includes('Signed in as');
  const atConsent = async () => {
    const browser = bridge.browser();
    return { browser, page: await bridge.toConsent(browser, bridge.authorizationUrl().url) };
  };
  const atDevicesConsent = async () => {
    const code = await bridge.deviceCode();
    const browser = bridge.browser();
    const typed = await browser.submit(formWith(await browser.get(code.verification_uri_complete), 'user_code'));
    return { browser, page: await browser.submit(formWith(typed, 'login'), { login: 'alice', password: PASSWORD }) };
  };
  const allow = ({ browser, page }: { browser: FormBrowser; page: FormPage }) =>
    browser.submit(formWith(page, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
  const grantsThere = async () => {
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from consent_grant`.execute(
      bridge.database.tables(),
    );
    return rows[0]!.n;
  };
  const idle = (minutes: number) =>
    sql`update person_session set last_seen_at = last_seen_at - ${minutes} * interval '1 minute'`.execute(
      bridge.database.tables(),
    );

  test('a new password ends every session of the person, and every sign-in that is not finished, and nobody else’s', async () => {
    const own = [await connectedApps('alice'), await connectedApps('alice')];
    const bobs = await connectedApps('bob');
    const unfinished = [await atConsent(), await atDevicesConsent()];
    await new People(bridge.database).put({ id: 'alice', handle: 'alice', name: 'Alice Arden', password: PASSWORD });
    for (const browser of own) expect(await isSignedIn(browser)).toBe(false);
    expect(await isSignedIn(bobs)).toBe(true);
    const before = await grantsThere();
    for (const one of unfinished) {
      const answer = await allow(one);
      expect(answer).toMatchObject({ status: 400, left: undefined });
      expect((await one.browser.get(one.page.url)).status).toBe(400);
    }
    expect(await grantsThere()).toBe(before);
  });

  test('after 15 minutes without a request, nobody is signed in, and a consent that waits is over', async () => {
    const browser = await connectedApps('alice');
    const [late, inTime, onDevice] = [await atConsent(), await atConsent(), await atDevicesConsent()];
    await idle(14);
    expect(await isSignedIn(browser)).toBe(true);
    expect((await allow(inTime)).left?.searchParams.has('code')).toBe(true);
    await idle(1);
    const before = await grantsThere();
    expect(await allow(late)).toMatchObject({ status: 400, left: undefined });
    expect((await allow(onDevice)).status).toBe(400);
    expect(await grantsThere()).toBe(before);
    expect(await isSignedIn(browser)).toBe(true);
    await idle(15);
    expect(await isSignedIn(browser)).toBe(false);
  });
});
