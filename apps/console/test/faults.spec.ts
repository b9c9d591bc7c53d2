import { AxeBuilder } from '@axe-core/playwright';
import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openConsole, seatOf, signIn } from './tester.js';

const TOKEN = 'a-token-of-the-tests';

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  const env = { ADMIN_TOKEN: TOKEN, DRAIN_MS: '500' };
  [bridge, browser] = await Promise.all([startBridge({ database: 'postgres', env }), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await openConsole(context, bridge.internalUrl);
  await signIn(page, 'left', 'alice');
  await signIn(page, 'right', 'bob');
});
afterAll(async () => {
  await browser.close();
  await bridge[Symbol.asyncDispose]();
});

const tab = (name: string) => page.getByRole('tab', { name }).click();
const button = (name: string) => page.getByRole('button', { name, exact: true }).click();
const drawn = (state: string) => page.locator(`.states .box.current[data-state=${state}]`).waitFor();
/** The states that were gone through, newest first, as the panel tells them. */
const statesSeen = (state: string, why: string) =>
  page.locator('.stays tbody tr', { hasText: state }).filter({ hasText: why }).first().waitFor();
const search = (words: string) => page.getByLabel('Search the frames').fill(words);
const row = (words: string) => page.getByRole('option', { name: words }).first().waitFor();

async function say(side: 'left' | 'right', text: string): Promise<void> {
  const field = seatOf(page, side).getByLabel('Message', { exact: true });
  await field.fill(text);
  await field.press('Enter');
}

const heard = (side: 'left' | 'right', text: string) => seatOf(page, side).locator('.messages').getByText(text);

/** What axe finds in a panel, in both colours, as it is now. */
async function examined(name: string): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page }).setLegacyMode().include('.tools');
    // In the dark it is the same page in other colours.
    if (colorScheme === 'dark') axe.withRules('color-contrast');
    const { violations } = await axe.analyze();
    found.push(...violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html).join(' ')}`));
    const pictures = process.env.DRAWBRIDGE_PICTURES;
    if (!pictures) continue;
    await page.locator('#tool-panel').evaluate((element) => element.scrollTo(0, 0));
    await page.screenshot({ path: `${pictures}/${name}-${colorScheme}.png` });
    if (colorScheme === 'dark') continue;
    await page.setViewportSize({ width: 320, height: 1_400 });
    await button('Tools');
    await page.screenshot({ path: `${pictures}/${name}-320.png` });
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

describe('The fault panel', () => {
  beforeAll(async () => {
    await tab('Faults');
    await page.locator('.stays summary').click();
  });

  test('draws what the SDK makes of a connection that is dropped: reconnecting, and live again', async () => {
    await drawn('live');
    await button('Drop the connection');
    await statesSeen('reconnecting', 'connection_lost');
    await drawn('live');
    await page.getByText(/^live: connected\. From catching-up/).waitFor();
  });

  test('sends a message twice, and it arrives once (I5)', async () => {
    await page.getByLabel('Send twice').fill('1');
    await page.getByLabel('Send twice').press('Tab');
    await say('left', 'Sent twice');
    await search('sent a second time');
    await row('duplicate');
    await say('left', 'And after it');
    await heard('right', 'And after it').waitFor();
    expect(await heard('right', 'Sent twice').count()).toBe(1);
    expect(await heard('left', 'Sent twice').count()).toBe(1);
  });

  test('holds what arrives, and lets it go in order', async () => {
    await page.getByLabel('Pause reading').check();
    await say('right', 'While you were not reading');
    await page.getByText(/\([1-9]\d* waiting\)/).waitFor();
    expect(await heard('left', 'While you were not reading').count()).toBe(0);
    await button('Make everything well again');
    await heard('left', 'While you were not reading').waitFor();
  });

  test('has a token refused, and the SDK gets another one and goes on', async () => {
    await button('Expire the token now');
    await search('unauthenticated');
    await row('error session.open');
    await row('4401 unauthenticated');
    await drawn('live');
    await say('left', 'With another token');
    await heard('right', 'With another token').waitFor();
    expect(await examined('faults')).toEqual([]);
  });
});

describe('The consent, as its person has it', () => {
  test('is narrowed on Connected apps, and the frames say so at once', async () => {
    const opened = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'narrow or end it on Connected apps' }).click();
    const apps = await opened;
    await apps.locator('input[name=login]').fill('alice');
    await apps.locator('input[name=password]').fill('drawbridge');
    await apps.locator('input[name=password]').press('Enter');
    await apps.locator('input[name=scope][value="presence.read"]').uncheck();
    await apps.locator('button[value=narrow]').click();
    await apps.locator('button[name=confirm]').click();
    await search('grant.changed');
    await row('received grant.changed');
    await apps.close();
  });
});

describe('The latency panel', () => {
  test('measures pings and deliveries, in a picture and in figures', async () => {
    await tab('Latency');
    await page.getByLabel('Pings, one after the other').fill('20');
    await page.getByRole('button', { name: 'Ping', exact: true }).click();
    await page.getByText(/^20 pings of Alice Moreau: p50 \d.* ms/).waitFor();
    await page.getByRole('row', { name: /Alice Moreau to Bob Okafor [1-9]\d* \d/ }).waitFor();
    await page.getByRole('row', { name: /Bob Okafor to Alice Moreau [1-9]\d* \d/ }).waitFor();
    expect(await page.locator('.chart canvas').count()).toBe(2);
    expect(await examined('latency')).toEqual([]);
  });
});

describe('The operator panel', () => {
  const take = async (what: string, label: string) => {
    await page.getByRole('button', { name: what }).click();
    await page.getByRole('form', { name: label }).getByRole('button', { name: label }).click();
  };
  const ended = (side: 'left' | 'right', reason: string) =>
    seatOf(page, side).locator('.state', { hasText: reason }).waitFor();
  const receipt = (title: string) => page.locator('.receipt', { hasText: title }).first();

  test('asks for another token where this one is nobody’s, and keeps the right one out of every store', async () => {
    await tab('Operator');
    await page.getByLabel('An operator’s token').fill('nobody');
    await button('Use it');
    await page.getByRole('alert').getByText('unauthenticated').waitFor();
    await page.getByLabel('An operator’s token').fill(TOKEN);
    await button('Use it');
    await page.locator('[data-partner=Drawbridge]').waitFor();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    expect(kept + (await page.content())).not.toContain(TOKEN);
  });

  test('leaves each tool where it was scrolled to, and the page as high as the window', async () => {
    const panel = page.locator('#tool-panel');
    const top = () => panel.evaluate((element) => element.scrollTop);
    await tab('Faults');
    await panel.evaluate((element) => element.scrollTo(0, 150));
    // What is hidden for the eye and scrolled out of sight once made the page itself scroll.
    expect(await page.evaluate('document.documentElement.scrollHeight - innerHeight')).toBe(0);
    await tab('Help');
    expect(await top()).toBe(0);
    await tab('Faults');
    expect(await top()).toBe(150);
    await tab('Operator');
  });

  test('ends a grant: the person’s side is closed, nothing of what was read stays, and the receipt comes in (I2)', async () => {
    await button('Look');
    await page.setViewportSize({ width: 1440, height: 420 });
    await page.getByRole('button', { name: 'End the grant of Alice Moreau' }).click();
    const confirm = page.getByRole('form').getByRole('button', { name: 'End the grant of Alice Moreau' });
    const place = await confirm.boundingBox();
    expect(place!.y + place!.height).toBeLessThan(420);
    await confirm.click();
    await page.setViewportSize({ width: 1440, height: 900 });
    await ended('left', 'revoked_by_operator');
    expect(await seatOf(page, 'left').locator('.messages').count()).toBe(0);
    const found = receipt('The end of Alice Moreau’s grant');
    await found.getByText('4403 revoked_by_operator').waitFor();
    await found.getByText('the receipt is complete').waitFor();
    await found.getByText('its own word (ack)').waitFor();
    await found.getByText('the operator root').waitFor();
    expect(await found.locator('dd').nth(1).textContent()).toBe('tried in the console revoked_by_operator');
    expect(await found.evaluate((element) => element === document.activeElement)).toBe(true);
    await page
      .locator('[data-grant]', { hasText: 'Alice Moreau' })
      .getByText(/^ended \d\d:\d\d.*, had begun/)
      .waitFor();
    await say('right', 'Not-for-Alice');
    await heard('right', 'Not-for-Alice').waitFor();
    await search('Not-for-Alice');
    await row('received message.created');
    expect(await page.locator('.row[data-side=left]').count()).toBe(0);
    expect(await found.locator('.came li').first().textContent()).toContain('asked for');
    expect(await examined('operator')).toEqual([]);
  });

  test('shows the receipt of a sign-out too', async () => {
    await seatOf(page, 'right').getByRole('button', { name: 'Sign out' }).click();
    await receipt('The end of Bob Okafor’s grant').getByText('the receipt is complete').waitFor();
    await receipt('The end of Bob Okafor’s grant').getByText('4403 signed_out').first().waitFor();
    await receipt('The end of Bob Okafor’s grant').getByText('the app', { exact: true }).waitFor();
  });

  test('suspends the console’s own partner, after it said whom that concerns: both are closed', async () => {
    await signIn(page, 'left', 'carol');
    // Another one has come to where she was, and her grant is still hers.
    await page.locator('[data-grant] h4', { hasText: 'Alice Moreau' }).first().waitFor();
    await signIn(page, 'right', 'bob');
    await page.locator('[data-partner=Drawbridge]').getByRole('button', { name: 'Suspend' }).click();
    const form = page.getByRole('form', { name: 'Suspend Drawbridge' });
    await form.getByText('It ends 2 grants of 1 app (2 people)').waitFor();
    await form.getByRole('button', { name: 'Suspend Drawbridge' }).click();
    await Promise.all([ended('left', 'partner_suspended'), ended('right', 'partner_suspended')]);
    await receipt('The suspension of Drawbridge').getByText('2 connections closed, 2 grants ended').waitFor();
    await take('Resume Drawbridge', 'Resume Drawbridge');
    await page.locator('[data-partner=Drawbridge]').getByRole('button', { name: 'Suspend' }).waitFor();
  });

  test('drains the gateway: the SDK is told that it goes away', async () => {
    await signIn(page, 'left', 'alice');
    await page.locator('[data-gateway]').getByRole('button', { name: 'Drain' }).click();
    await page.getByText('It is the only gateway').waitFor();
    await page
      .locator('[data-gateway]')
      .getByRole('button', { name: /^Drain / })
      .click();
    await search('going_away');
    await row('received going_away');
    await page.locator('[data-gateway]').getByText('draining').waitFor();
    await seatOf(page, 'left').locator('.state[data-state=reconnecting]').waitFor();
  });
});
