import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Grants } from '@drawbridge/consent';
import { launchChromium } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';
import { tabTo } from './keyboard.js';

describe('The pages of the authority in Chromium', () => {
  let bridge: AuthorityHarness;
  let browser: Browser;
  beforeAll(async () => {
    [bridge, browser] = await Promise.all([AuthorityHarness.start('postgres'), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await bridge[Symbol.asyncDispose]();
  });

  const open = async (path: string, context: BrowserContext): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(new URL(path, bridge.origin).href);
    return page;
  };
  const signIn = async (page: Page) => {
    await page.getByLabel('Login').fill('alice');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  test('in German, a person in another zone sees their own times and no complaint of the browser, and ends an app', async () => {
    await bridge.signIn({ login: 'bob' });
    const context = await browser.newContext({ locale: 'de-DE', timezoneId: 'Asia/Kolkata' });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(new URL('/connected-apps', bridge.origin).href);
    await page.getByLabel('Anmeldename').fill('bob');
    await page.getByLabel('Passwort').fill(PASSWORD);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    const since = page.locator('dd time').first();
    expect(await since.textContent()).toMatch(/GMT\+5:30$/);
    expect(await since.getAttribute('title')).toMatch(/ UTC$/);
    await page.getByRole('button', { name: 'Zugriff beenden' }).click();
    await page.getByRole('button', { name: 'Ja, Zugriff beenden' }).click();
    await page.getByRole('heading', { name: 'Tunebox hat keinen Zugriff mehr' }).waitFor();
    expect(await page.locator('.evidence, details p').first().isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('what the app says of the person’s languages comes before what the browser says (OpenID Connect Core section 3.1.2.1)', async () => {
    const inGerman = expect.stringContaining('<html lang="de"');
    const signIn = await bridge.ask({ ui_locales: 'xx de-CH en' });
    expect(signIn.html).toEqual(inGerman);
    const consent = await bridge.toConsent(bridge.browser(), bridge.authorizationUrl({ ui_locales: 'de' }).url);
    expect(consent.html).toEqual(inGerman);
    expect(await bridge.ask({ client_id: 'nobody', ui_locales: 'de' })).toMatchObject({ status: 400, html: inGerman });
    expect((await bridge.ask({ ui_locales: 'fr xx-' })).html).toContain('<html lang="en"');
    const metadata = await fetch(`${bridge.origin}/oidc/.well-known/openid-configuration`);
    expect(await metadata.json()).toMatchObject({ ui_locales_supported: ['en', 'de'] });
  });

  test('the record is downloaded as a file, by a link alone', async () => {
    const { grant } = await bridge.signIn({ login: 'alice' });
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await open('/connected-apps', context);
    await signIn(page);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download everything on the record (JSON lines)' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^drawbridge-record-\d{4}-\d\d-\d\d\.jsonl$/);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ kind: 'grant_created', grant }),
    );
    await context.close();
  });

  test('the whole way works with the keyboard alone and without JavaScript, and Chrome lets the form lead back to the app', async () => {
    const app = createServer((_, response) => response.end('back in the app')).listen(0, '127.0.0.1');
    await once(app, 'listening');
    const answered = once(app, 'request') as Promise<[IncomingMessage]>;
    const redirect_uri = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`;
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await open(bridge.authorizationUrl({ redirect_uri }).url, context);
    const { keyboard } = page;
    await tabTo(page, '#login');
    await keyboard.type('alice');
    await keyboard.press('Tab');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    await tabTo(page, 'input[value="messages.read"]');
    await keyboard.press('Space');
    await tabTo(page, 'button[value=allow]');
    await keyboard.press('Enter');
    const [request] = await answered;
    expect(request.url).toMatch(/^\/callback\?code=/);
    expect(request.headers.referer).toBeUndefined();
    await page.getByText('back in the app').waitFor();
    await context.close();
    app.close();
    app.closeAllConnections();
  });

  test('single scopes are taken back with the keyboard alone and without JavaScript', async () => {
    const { grant } = await bridge.signIn({ login: 'bob', scopes: ['messages.read', 'contacts.read'] });
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await open('/connected-apps', context);
    const { keyboard } = page;
    await tabTo(page, '#login');
    await keyboard.type('bob');
    await keyboard.press('Tab');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    await tabTo(page, 'input[value="messages.read"]');
    await keyboard.press('Space');
    await tabTo(page, 'button[value=narrow]');
    await keyboard.press('Enter');
    await page.getByText('It stays connected, and may still:').waitFor();
    await tabTo(page, 'button[value=yes]');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tunebox may do less now' }).waitFor();
    expect((await bridge.app.get(Grants).find(grant))?.scopes).toEqual(['contacts.read']);
    await context.close();
  });
});
