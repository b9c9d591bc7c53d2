import { launchChromium } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';
import { tabTo } from './keyboard.js';

describe('The pages of a sign-in on a device in Chromium', () => {
  let bridge: AuthorityHarness;
  let browser: Browser;
  beforeAll(async () => {
    [bridge, browser] = await Promise.all([AuthorityHarness.start('postgres'), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await bridge[Symbol.asyncDispose]();
  });

  const open = async (address: string, context: BrowserContext): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(new URL(address, bridge.origin).href);
    return page;
  };

  test('the whole way works with the keyboard alone and without JavaScript, and opening the link decides nothing', async () => {
    const code = await bridge.deviceCode();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await open(code.verification_uri_complete, context);
    await page.reload();
    expect(await (await bridge.poll(code)).json()).toMatchObject({ error: 'authorization_pending' });
    const { keyboard } = page;
    await tabTo(page, '#user_code');
    await keyboard.press('Enter');
    await page.getByLabel('Login').waitFor();
    await tabTo(page, '#login');
    await keyboard.type('alice');
    await keyboard.press('Tab');
    await keyboard.type(PASSWORD);
    await keyboard.press('Enter');
    await page.getByRole('checkbox').first().waitFor();
    await tabTo(page, 'input[value="contacts.read"]');
    await keyboard.press('Space');
    await tabTo(page, 'button[value=allow]');
    await keyboard.press('Enter');
    await page.getByText('is connected').waitFor();
    expect(await (await bridge.poll(code)).json()).toMatchObject({ scope: 'contacts.read' });
    // Going back shows what was shown, and repeats nothing.
    await page.reload();
    await page.getByText('is connected').waitFor();
    await context.close();
  });
});
