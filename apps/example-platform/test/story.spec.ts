import { randomUUID } from 'node:crypto';
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
  await alice.request('message.send', { conversation, text: 'In my music player', clientId: randomUUID() });
  const answer = seen(page, 'In my music player');
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
    'In my music player',
    'Are you there?',
  ]);
  expect(JSON.stringify(alice.frames)).not.toContain('I am still here');
  expect(problems).toEqual([]);
  await Promise.all([again.close(), page.close(), hers.close()]);
});
