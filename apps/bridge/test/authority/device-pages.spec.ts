import { type DeviceCode, launchChromium } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { EXAMINATION_MS, examinePage, VIEWS } from '../examine-page.js';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';
import { tabTo } from './keyboard.js';

describe('The pages of a sign-in on a device in Chromium', () => {
  let bridge: AuthorityHarness;
  let browser: Browser;
  beforeAll(async () => {
    [bridge, browser] = await Promise.all([AuthorityHarness.start('pglite'), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await bridge[Symbol.asyncDispose]();
  });
  beforeEach(() => sql`delete from sign_in_failure`.execute(bridge.database.tables()));

  const open = async (address: string, context: BrowserContext): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(new URL(address, bridge.origin).href);
    return page;
  };
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const signIn = async (page: Page, password: string) => {
    await page.getByLabel('Login').fill('alice');
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  };
  const tv = (userAgent = 'Tunebox/7.1 (SmartTV; Linux)'): Promise<DeviceCode> =>
    bridge.deviceCode({}, { 'user-agent': userAgent });
  const examine = async (...shown: Parameters<typeof examinePage>) => expect(await examinePage(...shown)).toEqual([]);

  test.each(VIEWS)(
    'are accessible and fit, seen $name',
    async ({ name, colorScheme, width, height }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height } });
      const page = await open('/device', context);
      await examine(page, 'device', name);
      await page.getByLabel('Code').fill('bbbb bbbb');
      await press(page, 'Continue');
      await examine(page, 'device-unknown', name);
      const code = await tv();
      await page.goto(code.verification_uri_complete);
      await examine(page, 'device-prefilled', name);
      await press(page, 'Continue');
      await examine(page, 'device-sign-in', name);
      await signIn(page, 'wrong');
      await examine(page, 'device-sign-in-wrong', name);
      await signIn(page, PASSWORD);
      await examine(page, 'device-consent', name);
      await press(page, 'Allow');
      await examine(page, 'device-consent-none', name);
      await press(page, 'Tick all');
      await press(page, 'Allow');
      await examine(page, 'device-allowed', name);
      await page.getByRole('link', { name: 'Type another code' }).click();
      await page.getByLabel('Code').fill(code.user_code);
      await press(page, 'Continue');
      await examine(page, 'device-over', name);

      const long = await tv(`Whatever-${'x'.repeat(280)}`);
      await sql`update oidc_artifact set payload = replace(payload, '127.0.0.1', '2001:db8:4711:cafe') where model = 'DeviceCode'`.execute(
        bridge.database.tables(),
      );
      await page.goto(long.verification_uri_complete);
      await press(page, 'Continue');
      await examine(page, 'device-elsewhere', name);
      await press(page, 'I did not begin this: refuse it');
      await examine(page, 'device-denied', name);
      await context.close();
    },
    EXAMINATION_MS,
  );

  test('the whole way works with the keyboard alone and without JavaScript, and opening the link decides nothing', async () => {
    const code = await tv();
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
