import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type BridgeProcess, freePort, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, Page } from 'playwright-core';
import { EXAMINATION_MS, examinePage, VIEWS } from './examine-page.js';

const SCRIPT = fileURLToPath(new URL('../../../scripts/demo-tableside.mjs', import.meta.url));

/** A free port such that the one of the demo's Tableside is free too. */
async function freePortWithRoom(): Promise<number> {
  for (;;) {
    const port = await freePort();
    const probe = createServer().listen(port + 2, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    probe.close();
    if (isFree) return port;
  }
}

async function signIn(page: Page, decision: 'allow' | 'deny'): Promise<void> {
  await page.getByRole('button', { name: 'Show what my friends share' }).click();
  await page.locator('input[name=login]').fill('alice');
  await page.locator('input[name=password]').fill('drawbridge');
  await page.locator('input[name=password]').press('Enter');
  if (decision === 'allow') await page.locator('input[name=scope]').first().waitFor();
  if (decision === 'allow') for (const box of await page.locator('input[name=scope]').all()) await box.check();
  await page.locator(`button[name=decision][value=${decision}]`).click();
}

describe('Tableside, the demo app on the web, in Chromium', () => {
  let bridge: BridgeProcess;
  let browser: Browser;
  let script: ChildProcess;
  let address: string;
  beforeAll(async () => {
    const env = { PORT: String(await freePortWithRoom()) };
    [bridge, browser] = await Promise.all([startBridge({ database: 'postgres', env }), launchChromium()]);
    script = spawn(process.execPath, [SCRIPT, '--url', bridge.publicUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(createInterface(script.stdout!), 'line')) as [string];
    address = /http:\S+/.exec(said)![0];
  });
  afterAll(async () => {
    script.kill();
    await once(script, 'exit');
    await browser.close();
    await bridge[Symbol.asyncDispose]();
  });

  test('a person allows it, sees what friends share about a dish and nothing private, and ends it (I1, I2)', async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(`${address}#lentil-soup`);
    await signIn(page, 'allow');
    await page.getByRole('heading', { name: 'Alice Moreau’s friends' }).waitFor();
    const friends = page.locator('#friends li');
    await friends.first().waitFor();
    expect(await friends.allTextContents()).toEqual([
      'Dave Lindqvist wrote a note about Lentil soup with lemonNov 23, 2026',
      'Carol Haddad is cooking Lentil soup with lemonNov 22, 2026',
      'Bob Okafor rated Lentil soup with lemonNov 21, 2026',
    ]);
    // The code is in no address that somebody could look over or go back to.
    expect(page.url()).toBe(`${address}#lentil-soup`);
    await page.getByRole('link', { name: 'Plum galette' }).click();
    await page.getByText('Bob Okafor baked Plum galette').waitFor();
    expect(await friends.count()).toBe(1);

    await page.goto(`${bridge.publicUrl}/connected-apps`);
    await page.goBack();
    await page.getByRole('button', { name: 'Show what my friends share' }).waitFor();
    await signIn(page, 'allow');
    await page.getByText('Bob Okafor baked Plum galette').waitFor();
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByText('You are disconnected.').waitFor();
    expect(await friends.count()).toBe(0);
    await signIn(page, 'deny');
    await page.getByText('You said no.').waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  test.each(VIEWS)(
    'is accessible and fits, seen $name',
    async ({ name, colorScheme, width, height }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height } });
      const page = await context.newPage();
      await page.goto(address);
      expect(await examinePage(page, 'tableside', name)).toEqual([]);
      await signIn(page, 'allow');
      await page.getByText('Carol Haddad is cooking').waitFor();
      expect(await examinePage(page, 'tableside-connected', name)).toEqual([]);
      await context.close();
    },
    EXAMINATION_MS,
  );
});
