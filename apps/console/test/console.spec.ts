import { randomUUID } from 'node:crypto';
import { AxeBuilder } from '@axe-core/playwright';
import { BridgeClient, type BridgeProcess, launchChromium, signIn as signInAs, startBridge } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openConsole, seatOf, signIn, tabTo } from './tester.js';

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  const env = { COMMANDS_PER_S: '1000000', SENDS_PER_S: '1000000' };
  [bridge, browser] = await Promise.all([startBridge({ database: 'postgres', env }), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await openConsole(context, bridge.internalUrl);
});
afterEach(() => picture('after'));
afterAll(async () => {
  await browser.close();
  await bridge[Symbol.asyncDispose]();
});

/** Set to a folder to look at what the tests see. */
const PICTURES = process.env.DRAWBRIDGE_PICTURES;
const picture = async (name: string) => PICTURES && page.screenshot({ path: `${PICTURES}/console-${name}.png` });

const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { name: 'middle', colorScheme: 'light', width: 1024, height: 768 },
  { name: '320', colorScheme: 'light', width: 320, height: 640 },
] as const;

async function examine(name: string): Promise<string[]> {
  const problems: string[] = [];
  for (const { name: view, colorScheme, width, height } of VIEWS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    const axe = new AxeBuilder({ page }).setLegacyMode();
    // In the dark it is the same page in other colours.
    if (view === 'dark') axe.withRules('color-contrast');
    else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
    const { violations } = view === 'middle' ? { violations: [] } : await axe.analyze();
    for (const { id, nodes } of violations)
      problems.push(`${name} ${view}: ${id} ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`);
    const isTooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
    if (await page.evaluate<boolean>(isTooWide)) problems.push(`${name} ${view} is too wide`);
    await picture(`${name}-${view}`);
  }
  await page.setViewportSize(VIEWS[0]);
  await page.emulateMedia({ colorScheme: 'light' });
  return problems;
}

describe('The console', () => {
  test('says how to begin', async () => {
    expect(await examine('empty')).toEqual([]);
    await expect(seatOf(page, 'left').textContent()).resolves.toContain('As alice, bob, carol, dave');
  });

  test('signs two people in, each through the real flow, and shows what they say to each other and every frame of it', async () => {
    const refused: string[] = [];
    context.on('response', (answer) => answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`));
    await signIn(page, 'left', 'alice');
    await signIn(page, 'right', 'bob');
    // A browser's own console shows each of these as an error.
    expect(refused).toEqual([]);
    const text = 'Can you read this?';
    const field = seatOf(page, 'left').getByLabel('Message', { exact: true });
    await field.fill(text);
    await field.press('Enter');
    await seatOf(page, 'right').locator('.messages').getByText(text).waitFor();
    // Bob has it open, so he has read it.
    await seatOf(page, 'left').locator('.messages li', { hasText: text }).getByText(', read').waitFor();
    await page.getByLabel('Search the frames').fill(text);
    await page.getByRole('option', { name: 'message.created' }).nth(1).waitFor();
    expect(await page.locator('.row').count()).toBe(4);
    expect(await examine('chat')).toEqual([]);
    await page.getByLabel('Search the frames').fill('');
  });

  test('stays at the newest frame until somebody scrolls up or looks at one, and then says how many are newer', async () => {
    const frames = page.getByRole('listbox', { name: 'Frames' });
    const isAtEnd = () =>
      page.waitForFunction(() => {
        const { scrollTop, clientHeight, scrollHeight } = document.querySelector('.timeline')!;
        return scrollTop + clientHeight >= scrollHeight - 1;
      });
    await isAtEnd();
    const newest = page.locator('.row').last();
    const number = await newest.getAttribute('aria-posinset');
    await newest.click();
    await page.getByLabel('The chosen entry').waitFor();
    const right = seatOf(page, 'right').getByLabel('Message', { exact: true });
    await right.fill('Something newer');
    await right.press('Enter');
    await page.getByRole('button', { name: /^\d+ newer/ }).waitFor();
    // The details below it have not covered it, and what came has not pushed it away.
    const chosen = frames.getByRole('option', { selected: true });
    expect(await chosen.getAttribute('aria-posinset')).toBe(number);
    const [row, box] = [await chosen.boundingBox(), await frames.boundingBox()];
    expect(row!.y + row!.height).toBeLessThanOrEqual(box!.y + box!.height + 1);
    await page.getByRole('button', { name: /^\d+ newer/ }).click();
    await isAtEnd();
    await page.keyboard.press('Escape');
    await frames.hover();
    const end = await frames.evaluate(({ scrollTop }) => scrollTop);
    await page.mouse.wheel(0, -200);
    await page.waitForFunction((before) => document.querySelector('.timeline')!.scrollTop < before, end);
    await right.fill('And newer');
    await right.press('Enter');
    await page.getByRole('button', { name: /^\d+ newer/ }).click();
    await isAtEnd();
    await page.getByRole('button', { name: /^\d+ newer/ }).waitFor({ state: 'detached' });
  });

  test('shows the last message of a chat, however little room there is for it', async () => {
    const left = seatOf(page, 'left');
    const isAtEnd = () =>
      page.waitForFunction(() => {
        const { scrollTop, clientHeight, scrollHeight } = document.querySelector('.messages')!;
        return scrollHeight > clientHeight && scrollTop + clientHeight >= scrollHeight - 1;
      });
    await page.setViewportSize({ width: 1440, height: 500 });
    await isAtEnd();
    await left.getByLabel('Message', { exact: true }).fill('/help');
    await left.getByLabel('Message', { exact: true }).press('Enter');
    await left.getByText('/ping: Ask the bridge').waitFor();
    await isAtEnd();
    // On a phone the list stays within its own person's part.
    await page.setViewportSize({ width: 320, height: 700 });
    const list = await left.locator('.said').boundingBox();
    const other = await seatOf(page, 'right').boundingBox();
    expect(list!.height).toBeGreaterThan(40);
    expect(list!.y + list!.height).toBeLessThanOrEqual(other!.y);
    await page.setViewportSize(VIEWS[0]);
  });

  test('keeps both people over a reload of the page', async () => {
    await page.reload();
    for (const side of ['left', 'right'] as const)
      await seatOf(page, side).locator('.state[data-state=live]').waitFor();
    await expect(seatOf(page, 'right').getByRole('heading').textContent()).resolves.toBe('Bob Okafor');
  });

  test('lets one person be offline: what the other one sends then arrives when they are back, once', async () => {
    const [left, right] = [seatOf(page, 'left'), seatOf(page, 'right')];
    await right.getByLabel('Network').uncheck();
    await right.locator('.state[data-state=reconnecting]').waitFor();
    // It is still theirs, whatever connection it is.
    await page.getByLabel('Search the frames').fill('reconnecting');
    // The second one is of a connection that never opened.
    const states = page.locator('.row[data-side=right][data-kind=state] .who');
    await states.nth(1).waitFor();
    expect((await states.allTextContents()).filter((name) => !name.startsWith('Bob'))).toEqual([]);
    await page.getByLabel('Search the frames').fill('');
    await left.getByLabel('Message', { exact: true }).fill('While you were away');
    await left.getByLabel('Message', { exact: true }).press('Enter');
    await left.locator('.messages').getByText('While you were away').waitFor();
    await right.getByLabel('Message', { exact: true }).fill('I write in a tunnel');
    await right.getByLabel('Message', { exact: true }).press('Enter');
    await right.locator('.messages .waiting').getByText('queued').waitFor();
    await right.getByLabel('Network').check();
    await right.locator('.state[data-state=live]').waitFor();
    // The barrier: what Bob wrote in the tunnel came after it, and has gone round.
    await left.locator('.messages').getByText('I write in a tunnel').waitFor();
    expect(await right.locator('.messages').getByText('While you were away').count()).toBe(1);
    expect(await left.locator('.messages').getByText('I write in a tunnel').count()).toBe(1);
  });

  test('explains a refusal and an end: the code, what it means, and a link to the rest', async () => {
    await page.getByRole('tab', { name: 'Send' }).click();
    await seatOf(page, 'right').getByRole('button', { name: 'Sign out' }).click();
    await seatOf(page, 'right').locator('.state[data-state=ended]').getByText('signed_out').waitFor();
    // Nothing of what he could read is left on the page.
    expect(await seatOf(page, 'right').locator('.messages').count()).toBe(0);
    await page.getByLabel('Whose').selectOption('right');
    await page.getByLabel('Kind', { exact: true }).selectOption('connection');
    await page.getByRole('option', { name: '4403 signed_out' }).click();
    // What was Bob's stays his, whoever signs in there next.
    expect(await page.locator('.row', { hasText: '4403 signed_out' }).textContent()).toContain('Bob Okafor');
    const details = page.getByLabel('The chosen entry');
    await details.getByRole('link', { name: 'signed_out' }).waitFor();
    expect(await details.textContent()).toContain('sign-in');
    expect(await examine('ended')).toEqual([]);
    await page.getByLabel('Whose').selectOption('both');
    await page.getByLabel('Kind', { exact: true }).selectOption('all');
  });

  test('is used by keyboard alone: a sign-in, a message, and a frame looked at', async () => {
    await tabTo(page, '.seat[data-side=right] button.go');
    const popup = page.waitForEvent('popup');
    await page.keyboard.press('Enter');
    const window = await popup;
    const { keyboard } = window;
    await tabTo(window, 'input[name=login]');
    await keyboard.type('bob');
    await keyboard.press('Tab');
    await keyboard.type('drawbridge');
    await keyboard.press('Enter');
    await window.locator('input[name=scope]').first().waitFor();
    await tabTo(window, 'button[value=tick-all]');
    await keyboard.press('Enter');
    await window.locator('input[name=scope]:checked').first().waitFor();
    await tabTo(window, 'button[value=allow]');
    await keyboard.press('Enter');
    await seatOf(page, 'right').locator('.state[data-state=live]').waitFor();

    await tabTo(page, '#left-text');
    await page.keyboard.type('No mouse here');
    await page.keyboard.press('Enter');
    await seatOf(page, 'right').locator('.messages').getByText('No mouse here').waitFor();
    await tabTo(page, '.timeline');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.getByLabel('The chosen entry').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('The chosen entry').waitFor({ state: 'detached' });
  });

  test('stays usable with 10,000 frames: few rows are drawn, and a search answers at once', async () => {
    const tokens = await signInAs(bridge, { login: 'alice', password: 'drawbridge', clientId: 'tunebox-desktop' });
    const device = await BridgeClient.connect(bridge.publicUrl);
    await device.open(tokens);
    const send = (text: string) => device.request('message.send', { to: 'bob', text, clientId: randomUUID() });
    const sends = 5_000;
    await page.getByRole('button', { name: 'Clear' }).click();
    for (let done = 0; done < sends; done += 250) {
      const batch = Array.from({ length: 250 }, (_, index) => send(`number ${done + index}`));
      await Promise.all(batch);
    }
    const last = `number ${sends - 1}`;
    // Both of them have everything that was sent.
    await page.getByLabel('Search the frames').fill('message.created');
    await page.waitForFunction(
      (count) => document.querySelector('.row')?.getAttribute('aria-setsize') === count,
      String(2 * sends),
      { timeout: 90_000 },
    );
    expect(await page.locator('.row').count()).toBeLessThan(80);
    const ms = await page.evaluate(async (text) => {
      const field = document.querySelector<HTMLInputElement>('#search')!;
      const since = performance.now();
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      while (document.querySelectorAll('.row').length !== 2) await new Promise(requestAnimationFrame);
      return performance.now() - since;
    }, `message.created "${last}"`);
    expect(ms).toBeLessThan(1_000);
    await page.getByLabel('Search the frames').fill('');
    await page.locator('.timeline').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.getByLabel('The chosen entry').waitFor();
    await picture('many');
    expect(device.problems).toEqual([]);
    await device.close();
  });
});
