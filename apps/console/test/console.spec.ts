import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, BrowserContext } from 'playwright-core';
import { openConsole, seatOf, signIn } from './tester.js';

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ database: 'pglite' }), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
});
afterAll(async () => {
  await browser.close();
  await bridge[Symbol.asyncDispose]();
});

describe('The console', () => {
  test('signs two people in, each through the real flow, and shows what they say to each other and every frame of it', async () => {
    const page = await openConsole(context, bridge.internalUrl);
    await signIn(page, 'left', 'alice');
    await signIn(page, 'right', 'bob');
    const text = 'Can you read this?';
    await seatOf(page, 'left').getByLabel('Message', { exact: true }).fill(text);
    await seatOf(page, 'left').getByLabel('Message', { exact: true }).press('Enter');
    await seatOf(page, 'right').locator('.messages').getByText(text).waitFor();
    await page.getByLabel('Search the frames').fill(text);
    await page.getByRole('option', { name: 'message.created' }).nth(1).waitFor();
    const pictures = process.env.DRAWBRIDGE_PICTURES;
    if (pictures) await page.screenshot({ path: `${pictures}/console-chat.png` });
  });
});
