import { Endings, Grants } from '@drawbridge/consent';
import { SCOPES } from '@drawbridge/protocol';
import { everyDatabase, type FormBrowser, type FormPage, formWith, shownText } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AuthorityHarness, bodyOf, PASSWORD } from './authority-harness.js';

describe.each(everyDatabase)('Connected apps on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  beforeEach(async () => {
    const tables = bridge.database.tables();
    await sql`delete from consent_receipt`.execute(tables);
    await sql`delete from consent_grant`.execute(tables);
    await sql`delete from person_session`.execute(tables);
  });

  const open = async (browser: FormBrowser, login = 'alice'): Promise<FormPage> => {
    const page = await browser.get('/connected-apps');
    return browser.submit(formWith(page, 'login'), { login, password: PASSWORD });
  };
  const grantsOn = (page: FormPage) =>
    page.forms.flatMap((form) => form.fields.filter(([name]) => name === 'grant').map(([, value]) => value));
  const press = (browser: FormBrowser, page: FormPage, grant: string, over: Record<string, string> = {}) =>
    browser.submit(formWith(page, 'grant', grant), over, ['action', 'end']);
  const scopesOf = async (grant: string) => (await bridge.app.get(Grants).find(grant))?.scopes;
  const confirm = (browser: FormBrowser, page: FormPage) =>
    browser.submit(formWith(page, 'confirm'), {}, ['confirm', 'yes']);

  test('shows a card per grant; one is ended after being asked, with the moment it took effect; the other stays (I2)', async () => {
    const [one, two] = [await bridge.signIn(), await bridge.signIn({ scopes: ['contacts.read'] })];
    await bridge.signIn({ login: 'bob' });
    const browser = bridge.browser();
    const page = await open(browser);
    expect(grantsOn(page).toSorted()).toEqual([one.grant, two.grant].toSorted());
    expect(page.html).toContain('See who your contacts are');

    const question = await press(browser, page, one.grant);
    expect((await bridge.grantRow(one.grant)).ended_at).toBeNull();
    const statement = await confirm(browser, question);
    expect(shownText(statement)).toContain('Tunebox no longer has access');
    const { effective_at, end_reason } = await bridge.grantRow(one.grant);
    expect(end_reason).toBe('revoked_by_person');
    expect(statement.html).toContain(effective_at!.toISOString());
    expect((await bridge.refresh(one.refresh_token)).status).toBe(400);
    expect((await bridge.refresh(two.refresh_token)).status).toBe(200);

    const after = await browser.get('/connected-apps');
    expect(grantsOn(after)).toEqual([two.grant]);
    expect(after.html).toContain('You ended it.');
    // A form that was still open in another tab gives the same receipt again.
    expect((await confirm(browser, question)).html).toContain(effective_at!.toISOString());
  });

  test('scopes are taken back after being asked, without a new sign-in, and the page says since when (I1, I2)', async () => {
    const { grant, refresh_token } = await bridge.signIn({ scopes: ['messages.read', 'messages.send', 'profile'] });
    const other = await bridge.signIn();
    const browser = bridge.browser();
    const form = formWith(await open(browser), 'grant', grant);
    expect(form.checkboxes.map(({ name, value, checked }) => checked && name === 'scope' && value)).toEqual([
      'messages.read',
      'messages.send',
      'profile',
    ]);
    const question = await browser.submit(form, { scope: 'messages.send' }, ['action', 'narrow']);
    expect(question.html).toContain('Read your conversations');
    expect(await scopesOf(grant)).toEqual(['messages.read', 'messages.send', 'profile']);
    const statement = await confirm(browser, question);
    expect(statement.html).toContain('Tunebox');
    expect(statement.html).toContain('may do less now');
    const { rows } = await sql<{ effective_at: Date; kind: string; scopes: string[] }>`
      select effective_at, kind, scopes from consent_receipt`.execute(bridge.database.tables());
    expect(rows).toEqual([{ effective_at: expect.any(Date), kind: 'grant_narrowed', scopes: ['messages.send'] }]);
    expect(statement.html).toContain(rows[0]!.effective_at.toISOString());
    expect(await scopesOf(grant)).toEqual(['messages.send']);
    expect(await scopesOf(other.grant)).not.toEqual(['messages.send']);
    const refreshed = (await bodyOf(await bridge.refresh(refresh_token))) as { scope: string };
    expect(refreshed.scope.split(' ').filter((scope) => scope !== 'openid')).toEqual(['messages.send']);
    // The form that asked, sent again: what is gone is gone.
    expect((await confirm(browser, question)).html).toContain('Nothing was unticked');
  });

  test('what a grant has not got cannot be ticked into it, and the last thing it may do is taken by ending it', async () => {
    const { grant } = await bridge.signIn({ scopes: ['messages.send', 'profile'] });
    const bob = await bridge.signIn({ login: 'bob' });
    const browser = bridge.browser();
    const page = await open(browser);
    const form = formWith(page, 'grant', grant);
    const scope = ['messages.read', 'messages.send', 'profile'];
    const widened = await browser.submit(form, { scope, confirm: 'yes' }, ['action', 'narrow']);
    expect([widened.status, widened.html.includes('Nothing was unticked')]).toEqual([422, true]);
    const nothing = await browser.submit(form, { scope: 'profile', confirm: 'yes' }, ['action', 'narrow']);
    expect([nothing.status, nothing.html.includes('choose “End access” instead')]).toEqual([422, true]);
    const someoneElses = await browser.submit(form, { grant: bob.grant, confirm: 'yes' }, ['action', 'narrow']);
    expect(someoneElses.status).toBe(404);
    expect(await scopesOf(grant)).toEqual(['messages.send', 'profile']);
  });

  test('a grant from which everything was taken says so, and can still be ended', async () => {
    const { grant } = await bridge.signIn({ scopes: ['contacts.read'] });
    await bridge.app.get(Endings).setAppCeiling({ app: 'tunebox-desktop', scopes: ['messages.read'], by: 'olga' });
    const browser = bridge.browser();
    const page = await open(browser);
    expect(page.html).toContain('It can do nothing at present');
    expect(formWith(page, 'grant', grant).buttons).toEqual([{ name: 'action', value: 'end' }]);
    const statement = await confirm(browser, await press(browser, page, grant));
    expect(statement.html).toContain('no longer has access');
    await sql`delete from consent_feed where kind = 'app_narrowed'`.execute(bridge.database.tables());
    await sql`update app set scopes = ${[...SCOPES]}::text[] where client_id = 'tunebox-desktop'`.execute(
      bridge.database.tables(),
    );
  });

  test('a card says what the client calls itself, as text, and where the person signed in', async () => {
    const { grant } = await bridge.signIn({ browser: bridge.browser({ 'user-agent': 'X11; Linux Firefox/140.0' }) });
    const browser = bridge.browser();
    const unnamed = await open(browser);
    expect(shownText(unnamed)).toContain('Not named yet, signed in with Firefox on Linux');
    await sql`update consent_grant set client_name = '<b>Kitchen</b> & "bath"' where id = ${grant}`.execute(
      bridge.database.tables(),
    );
    const page = await browser.get('/connected-apps');
    expect(page.html).toContain('<bdi>&lt;b>Kitchen&lt;/b> &amp; &quot;bath&quot;</bdi>');
    expect(shownText(await press(browser, page, grant))).toContain(
      'Tunebox (&lt;b>Kitchen&lt;/b> &amp; &quot;bath&quot;)',
    );
  });

  test('two sign-ins of one app are told apart by when they began, in the list, before one is ended, and afterwards', async () => {
    const [one, two] = [await bridge.signIn(), await bridge.signIn()];
    const begun = async (grant: string) => (await bridge.app.get(Grants).find(grant))!.createdAt.toISOString();
    const browser = bridge.browser();
    const page = await open(browser);
    for (const { grant } of [one, two]) {
      expect(page.html).toContain(`<time datetime="${await begun(grant)}" data-as="instant">`);
      expect((await press(browser, page, grant)).html).toContain(await begun(grant));
    }
    await confirm(browser, await press(browser, page, one.grant));
    const after = await browser.get('/connected-apps');
    expect(after.html).toContain(`Allowed <time datetime="${await begun(one.grant)}"`);
    // One alone needs no more than the minute.
    expect(after.html).toContain(`<time datetime="${await begun(two.grant)}" data-as="minute">`);
  });

  test('a link to one sign-in leads to it over the form, also one that has ended, and says when it is none of this person’s', async () => {
    const [own, other] = [await bridge.signIn(), await bridge.signIn()];
    const bobs = await bridge.signIn({ login: 'bob' });
    const browser = bridge.browser();
    const at = (grant: string) => `/connected-apps?grant=${grant}`;
    const wrong = await browser.submit(formWith(await browser.get(at(own.grant)), 'login'), {
      login: 'alice',
      password: 'x',
    });
    const page = await browser.submit(formWith(wrong, 'login'), { login: 'alice', password: PASSWORD });
    expect(page.url.href).toBe(`${bridge.origin}${at(own.grant)}#grant-${own.grant}`);
    const led = (html: string) => html.split('The link that you followed is about this one').slice(1);
    expect(led(page.html)).toHaveLength(1);
    expect(led(page.html)[0]).toMatch(new RegExp(`id="grant-[^"]*${own.grant}`));
    expect(led(page.html)[0]!.indexOf(own.grant)).toBeLessThan(led(page.html)[0]!.indexOf('</article>'));
    expect(page.html).toContain(`id="grant-${other.grant}"`);
    await confirm(browser, await press(browser, page, own.grant));
    const ended = await browser.get(at(own.grant));
    expect(led(ended.html)[0]).toContain(`id="grant-${own.grant}"`);
    const none = 'about something else than what you have allowed';
    expect((await browser.get(at(bobs.grant))).html).toContain(none);
    for (const path of ['/connected-apps?grant=%3Cb%3E', '/connected-apps?grant=a&grant=b', at(other.grant)])
      expect((await browser.get(path)).html).not.toContain(none);
  });

  test('ends all of a person’s grants at once and nobody else’s', async () => {
    const mine = [await bridge.signIn(), await bridge.signIn()];
    const other = await bridge.signIn({ login: 'bob' });
    const browser = bridge.browser();
    const page = await open(browser);
    const question = await browser.submit(formWith(page, 'action', 'end-all'), {}, ['action', 'end-all']);
    const statement = await confirm(browser, question);
    expect(statement.html.match(/no longer has access/g)).toHaveLength(2);
    for (const { grant } of mine) expect((await bridge.grantRow(grant)).effective_at).not.toBeNull();
    expect((await bridge.grantRow(other.grant)).ended_at).toBeNull();
  });

  test('another person’s grant is not there, whoever names it', async () => {
    const bobs = await bridge.signIn({ login: 'bob' });
    const own = await bridge.signIn();
    const browser = bridge.browser();
    const page = await open(browser);
    for (const grant of [bobs.grant, 'nothing', '']) {
      const refused = await press(browser, page, own.grant, { grant, confirm: 'yes' });
      expect(refused.status).toBe(404);
    }
    expect((await bridge.grantRow(bobs.grant)).ended_at).toBeNull();
  });

  test('a form with a missing, forged or another session’s token ends nothing (CSRF)', async () => {
    const { grant } = await bridge.signIn();
    const [browser, other] = [bridge.browser(), bridge.browser()];
    const page = await open(browser);
    const [, others = ''] = (await open(other, 'bob')).forms[0]!.fields.find(([name]) => name === 'csrf')!;
    for (const csrf of ['', 'forged', others]) {
      expect((await press(browser, page, grant, { csrf, confirm: 'yes' })).status).toBe(403);
    }
    expect((await bridge.grantRow(grant)).ended_at).toBeNull();
  });

  test('the sign-in gives the browser another cookie, and a sign-in for an app is none for this page', async () => {
    const browser = bridge.browser();
    await bridge.signIn({ browser });
    const page = await browser.get('/connected-apps');
    expect(formWith(page, 'password')).toBeDefined();
    const before = page.headers.getSetCookie();
    expect(before[0]).toMatch(/^drawbridge_connected_apps=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    await open(browser);
    const signedIn = bridge.browser({ cookie: before[0]!.split(';')[0]! });
    expect(formWith(await signedIn.get('/connected-apps'), 'password')).toBeDefined();
  });

  test('a session ends by signing out and after 15 minutes without use', async () => {
    const browser = bridge.browser();
    const page = await open(browser);
    await sql`update person_session set last_seen_at = last_seen_at - interval '15 minutes'`.execute(
      bridge.database.tables(),
    );
    const late = await browser.submit(formWith(page, 'action', 'sign-out'), {}, ['action', 'end-all']);
    expect(late.html).toContain('You were signed out');
    const again = await browser.submit(formWith(late, 'login'), { login: 'alice', password: PASSWORD });
    expect(again.html).toContain('No app is connected');
    const out = await browser.submit(formWith(again, 'action', 'sign-out'), {}, ['action', 'sign-out']);
    expect(formWith(out, 'password')).toBeDefined();
    const { rows } = await sql`select from person_session`.execute(bridge.database.tables());
    expect(rows).toHaveLength(0);
  });
});
