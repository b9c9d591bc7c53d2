import { randomUUID } from 'node:crypto';
import { AxeBuilder } from '@axe-core/playwright';
import { launchChromium } from '@drawbridge/testing';
import type { Browser, Page } from 'playwright-core';
import { EXAMPLE_PASSWORD } from '../src/seed.js';
import { World } from './world.js';

let world: World;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([World.start(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.[Symbol.asyncDispose]();
});

async function bobsPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(world.settings.url);
  await page.getByLabel('Login').fill('bob');
  await page.getByLabel('Password').fill(EXAMPLE_PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Alice Arden' }).click();
  return page;
}

const write = async (page: Page, text: string) => {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
};

const seen = (page: Page, text: string) => page.locator('#messages li', { hasText: text });
const has = (text: string) => (frame: { event: string; data: object }) =>
  frame.event.startsWith('message.') && JSON.stringify(frame.data).includes(text);

test('Bob writes in the company’s page, Alice answers in Tunebox and ends it there, and he goes on (I1, I2)', async () => {
  const page = await bobsPage();
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const alice = await world.connect('alice');

  await write(page, 'Are you there?');
  const frame = await alice.waitFor(has('Are you there?'));
  const { message } = frame.data as { message: { conversation: string; from: object; via?: object } };
  expect(message).toMatchObject({ from: { id: 'u-1002', name: 'Bob Brook' } });
  expect(message.via).toBeUndefined();
  const { conversation } = message;
  await alice.request('message.send', { conversation, text: 'In my <i>music</i> player', clientId: randomUUID() });
  // As it was written, and not as markup.
  const answer = seen(page, 'In my <i>music</i> player');
  await answer.waitFor();
  expect(await answer.locator('.via').textContent()).toBe('via Tunebox');
  expect(await answer.locator('.meta strong').textContent()).toBe('Alice Arden');

  const hers = await browser.newContext();
  const connected = await hers.newPage();
  await connected.goto(`${world.bridge.publicUrl}/connected-apps`);
  await connected.locator('a.button').click();
  expect(new URL(connected.url()).origin).toBe(world.settings.url);
  await connected.getByLabel('Login').fill('alice');
  await connected.getByLabel('Password').fill(EXAMPLE_PASSWORD);
  await connected.keyboard.press('Enter');
  await connected.locator('button[name=action][value=end]').click();
  await connected.locator('button[name=confirm][value=yes]').click();
  expect(await alice.closed).toMatchObject({ code: 4403, reason: 'revoked_by_person' });

  await write(page, 'She is gone there, and I am still here');
  await seen(page, 'I am still here').waitFor();
  const again = await world.connect('alice');
  const page2 = await again.request<{ messages: { text: string }[] }>('conversation.history', { conversation });
  expect(page2.messages.map(({ text }) => text).slice(0, 3)).toEqual([
    'She is gone there, and I am still here',
    'In my <i>music</i> player',
    'Are you there?',
  ]);
  expect(JSON.stringify(alice.frames)).not.toContain('I am still here');
  expect(problems).toEqual([]);
  await Promise.all([again.close(), page.close(), hers.close()]);
});

/** Set to a folder to look at every page as a picture. */
const PICTURES = process.env.DRAWBRIDGE_PICTURES;
const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1100, height: 800 },
  { name: 'dark', colorScheme: 'dark', width: 1100, height: 800 },
  { name: '320px', colorScheme: 'light', width: 320, height: 640 },
] as const;

test.each(VIEWS)(
  'Its pages are accessible and fit, seen $name',
  async ({ name, colorScheme, width, height }) => {
    const context = await browser.newContext({ colorScheme, viewport: { width, height } });
    const page = await context.newPage();
    const examine = async (what: string) => {
      if (PICTURES) await page.screenshot({ path: `${PICTURES}/example-${what}-${name}.png` });
      const tooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
      expect(await page.evaluate<boolean>(tooWide)).toBe(false);
      // In another width it is the same page, and in the dark other colours of it.
      if (name === '320px') return;
      const axe = new AxeBuilder({ page }).setLegacyMode();
      const { violations } = await (name === 'dark' ? axe.withRules('color-contrast') : axe).analyze();
      expect(violations.map(({ id, nodes }) => `${what}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
        [],
      );
    };
    await page.goto(`${world.settings.url}/sign-in`);
    await examine('sign-in');
    await page.getByLabel('Login').fill('bob');
    await page.getByLabel('Password').fill(EXAMPLE_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('New chat').click();
    await examine('chats');
    await page.getByRole('link', { name: 'Friday band' }).click();
    await seen(page, 'I bring the drums.').waitFor();
    await examine('group');
    await page.goBack();
    await page.getByRole('link', { name: 'Alice Arden' }).click();
    await page.locator('#messages summary').last().click();
    await examine('direct');
    await context.close();
  },
  120_000,
);
