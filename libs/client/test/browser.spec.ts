import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { AdminClient, PARTNER, ROOT_TOKEN } from '../../../apps/bridge/test/admin/admin-harness.js';
import type { PageWorld } from './web-page.js';

/** What the page gives to the test, in the page. */
declare const world: PageWorld;

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
let site: Server;
let address: string;
beforeAll(async () => {
  const env = { ADMIN_TOKEN: ROOT_TOKEN };
  [bridge, browser] = await Promise.all([startBridge({ database: 'postgres', env }), launchChromium()]);
  const { outputFiles } = await build({
    entryPoints: ['libs/client/test/web-page.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  site = createServer((request, response) => {
    const isScript = request.url === '/app.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    const settings = JSON.stringify({ url: bridge.publicUrl, redirectUri: address });
    const html = `<!doctype html><title>A web app</title><link rel="icon" href="data:,"><script>const settings = ${settings}</script><script type="module" src="/app.js"></script>`;
    response.end(isScript ? outputFiles[0]!.text : html);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const operator = new AdminClient(bridge.internalUrl);
  const partner = await operator.partner();
  await operator.done('POST', `/partners/${partner}/approve`, { reason: 'reviewed' });
  const app = {
    clientId: 'a-web-app',
    name: 'A web app',
    kind: 'web',
    redirectUris: [address],
    scopes: PARTNER.scopes,
  };
  await operator.done('POST', `/partners/${partner}/apps`, app);
  context = await browser.newContext();
});
afterAll(async () => {
  await browser.close();
  site.closeAllConnections();
  site.close();
  await bridge[Symbol.asyncDispose]();
});

async function open(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForFunction(() => 'world' in globalThis);
  return page;
}

const connect = (page: Page) => page.evaluate(() => world.connect());
const isLive = (page: Page) => page.waitForFunction(() => world.state() === 'live');

describe('The SDK in Chromium', () => {
  test('what is nobody’s is one person’s when two claim it, in one transaction', async () => {
    const page = await open();
    const { owners, kept, gone } = await page.evaluate(() => world.claimTwice());
    expect(owners[1]).toBe(owners[0]);
    expect(kept).toMatchObject([{ localId: 'nobodys', person: owners[0] }]);
    expect(gone).toBe('gone');
    await page.close();
  });

  test('signs in by redirect, keeps a key that no script can read, and takes the code out of the address', async () => {
    const page = await open();
    expect(await page.evaluate(() => world.isSignedIn())).toBe(false);
    await page.evaluate(() => void world.signIn());
    await page.locator('input[name=login]').fill('alice');
    await page.locator('input[name=password]').fill('drawbridge');
    await page.locator('input[name=password]').press('Enter');
    await page.locator('input[name=scope]').first().waitFor();
    for (const box of await page.locator('input[name=scope]').all()) await box.check();
    await page.locator('button[name=decision][value=allow]').click();
    await page.waitForFunction(() => 'world' in globalThis);
    expect(await page.evaluate(() => world.finished)).toBe(true);
    expect(page.url()).toBe(address);
    expect(await page.evaluate(() => world.keyIsSecret())).toBe(true);
    await connect(page);
    await isLive(page);
    await page.evaluate(() => world.send('bob', 'From a web page'));
    await page.waitForFunction(() => world.texts.includes('From a web page'));
    await page.close();
  });

  test('takes nothing for the end of a sign-in that it has not begun, and leaves the address as it is', async () => {
    const page = await context.newPage();
    const elsewhere = `${address}?code=of-another-service&state=guess&page=2`;
    await page.goto(elsewhere);
    await page.waitForFunction(() => 'world' in globalThis);
    expect(await page.evaluate(() => world.finished)).toBe(false);
    expect(page.url()).toBe(elsewhere);
    await page.close();
  });

  test('a tab that was closed while the bridge was away leaves its messages, and the next one sends them once (I5)', async () => {
    const page = await open();
    await connect(page);
    await isLive(page);
    const watching = await open();
    await connect(watching);
    await isLive(watching);
    await bridge.kill();
    await page.evaluate(() => {
      void world.send('bob', 'Written offline');
      void world.send('bob', 'And so was this');
    });
    await page.waitForFunction(async () => (await world.waiting()) === 2);
    await page.close();
    await bridge.start();
    await isLive(watching);
    const next = await open();
    await connect(next);
    await watching.waitForFunction(() => world.texts.length === 2);
    await next.waitForFunction(async () => (await world.waiting()) === 0);
    await next.evaluate(() => world.send('bob', 'The last'));
    await watching.waitForFunction(() => world.texts.includes('The last'));
    expect(await watching.evaluate(() => world.texts)).toEqual(['Written offline', 'And so was this', 'The last']);
  });

  test('what two tabs have written offline arrives once, also from the one that is closed before it is back (I5)', async () => {
    const [staying, leaving] = [await open(), await open()];
    for (const page of [staying, leaving]) {
      await connect(page);
      await isLive(page);
    }
    await bridge.kill();
    await staying.evaluate(() => void world.send('bob', 'By the tab that stays'));
    await leaving.evaluate(() => void world.send('bob', 'By the tab that leaves'));
    for (const page of [staying, leaving]) await page.waitForFunction(async () => (await world.waiting()) === 1);
    await leaving.close();
    await bridge.start();
    await staying.waitForFunction(() => world.texts.length === 2);
    await staying.evaluate(() => world.send('bob', 'The last'));
    await staying.waitForFunction(() => world.texts.includes('The last'));
    const texts = await staying.evaluate(() => world.texts);
    expect(texts.toSorted()).toEqual(['By the tab that leaves', 'By the tab that stays', 'The last']);
    expect(await staying.evaluate(() => world.waiting())).toBe(0);
    await staying.close();
  });

  test('what a tab leaves that is closed is sent by one that has been connected all the time, whichever came first (I5)', async () => {
    for (const isFirst of [true, false]) {
      const open1 = await open();
      const open2 = await open();
      const [staying, leaving] = isFirst ? [open1, open2] : [open2, open1];
      await open1.evaluate((hasToken) => world.connect({ hasToken }), isFirst);
      await open2.evaluate((hasToken) => world.connect({ hasToken }), !isFirst);
      await isLive(staying);
      await leaving.evaluate(() => void world.send('bob', 'Left behind'));
      await leaving.waitForFunction(async () => (await world.waiting()) === 1);
      await leaving.close();
      await staying.waitForFunction(() => world.texts.length === 1);
      await staying.waitForFunction(async () => (await world.waiting()) === 0);
      expect(await staying.evaluate(() => world.texts)).toEqual(['Left behind']);
      await staying.close();
    }
  });

  test('a sign-in that was used is forgotten in every tab, though nobody can read its key', async () => {
    const [page, other] = [await open(), await open()];
    await connect(page);
    await isLive(page);
    await page.evaluate(() => world.forget());
    for (const each of [page, other]) {
      expect(await each.evaluate(() => world.isSignedIn())).toBe(false);
      await each.close();
    }
  });
});
