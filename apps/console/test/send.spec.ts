import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openConsole, seatOf, signIn } from './tester.js';

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  [bridge, browser] = await Promise.all([startBridge({ database: 'postgres' }), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await openConsole(context, bridge.internalUrl);
  await page.getByRole('tab', { name: 'Send' }).click();
  await signIn(page, 'left', 'alice');
  await signIn(page, 'right', 'bob');
});
afterAll(async () => {
  await browser.close();
  await bridge[Symbol.asyncDispose]();
});

const tools = () => page.getByRole('region', { name: 'Tools' });
const outcome = () => page.getByRole('region', { name: 'What came of it' });
const findings = () => page.getByRole('list', { name: 'What is wrong with the frame' });
const kind = () => tools().getByLabel('Frame of the kind');
const pictures = process.env.DRAWBRIDGE_PICTURES;
const picture = async (name: string) => {
  if (pictures) await page.screenshot({ path: `${pictures}/send-${name}.png` });
};

describe('The console sends by hand', () => {
  test('a message from the form, whose clientId is new for the next one and the same when it is repeated (I5)', async () => {
    await kind().selectOption('message.send');
    await tools().getByLabel('to', { exact: true }).check();
    await tools().getByLabel('to required').fill('bob');
    await tools().getByLabel('text required').fill('From the form');
    const clientId = tools().getByLabel('clientId required');
    const first = await clientId.inputValue();
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to message.send').waitFor();
    await page.locator('.row[data-side=right]').getByText('From the form').first().waitFor();
    expect(await clientId.inputValue()).not.toBe(first);
    await outcome().getByRole('button', { name: 'Send the same again' }).click();
    await outcome().getByText('a duplicate: nothing was sent').waitFor();
    await picture('form');
    await outcome().getByRole('button', { name: 'What came back' }).click();
    await page.getByRole('complementary', { name: 'The chosen entry' }).getByText('answer to message.send').waitFor();
    expect(await page.locator('.row .mark').allTextContents()).toEqual([]);
  });

  test('an invalid frame: its problem is listed with its line, and sent anyway the bridge refuses it', async () => {
    await tools().getByLabel('JSON text').check();
    const raw = tools().getByLabel('Frame', { exact: true });
    await raw.fill('{\n  "event": "conversation.history",\n  "id": "{{id}}",\n  "data": {"limit": 0}\n}');
    await findings().getByText('Line 4: /data/conversation is missing.').waitFor();
    await tools().getByRole('button', { name: 'Send anyway' }).click();
    await outcome().getByRole('link', { name: 'invalid_data' }).waitFor();
    await outcome().getByText('limit', { exact: true }).waitFor();
    await picture('refused');
    await page.locator('.row .mark').getByText('schema').first().waitFor();
    await raw.fill('{"event": "ping"');
    await findings().getByText('This is not JSON').waitFor();
    await tools().getByRole('button', { name: 'Send anyway' }).click();
    await outcome().getByRole('link', { name: 'bad_frame' }).waitFor();
  });

  test('a request that was saved is there after the page was loaded again, and copied for wscat it has no token', async () => {
    await kind().selectOption('session.refresh');
    await tools().getByLabel('Name').fill('Renew');
    await tools().getByRole('button', { name: 'Save the frame' }).click();
    await page.reload();
    await seatOf(page, 'left').locator('.state[data-state=live]').waitFor();
    await tools().getByLabel('Use one').selectOption('Renew');
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to session.refresh').waitFor();
    await outcome().getByRole('button', { name: 'What was sent' }).click();
    const details = page.getByRole('complementary', { name: 'The chosen entry' });
    await details.getByRole('button', { name: 'Copy as wscat' }).click();
    const copied = async (has: string) => {
      await page.waitForFunction(async (part) => (await navigator.clipboard.readText()).includes(part), has);
      return page.evaluate(() => navigator.clipboard.readText());
    };
    expect(await copied('-s drawbridge.v1')).not.toMatch(/eyJ/);
    await details.getByRole('button', { name: 'Copy', exact: true }).click();
    expect(await copied('{{token}}')).not.toMatch(/eyJ/);
    // While one is looked at the list stays where that is.
    await details.getByRole('button', { name: 'Close the details' }).click();
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toMatch(/eyJ/);
  });

  test('lists and objects from the form, and requests from a file; copied for wscat, what is known is filled in', async () => {
    await kind().selectOption('recommendation.send');
    await tools().getByRole('button', { name: 'Add one to to' }).click();
    await findings().getByText('to 2 must not be empty.').waitFor();
    await tools().getByLabel('to 2').fill('carol');
    await tools().getByRole('group', { name: 'title' }).getByLabel('name').fill('From the form');
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to recommendation.send').waitFor();
    await kind().selectOption('activity.list');
    await tools().getByLabel('about', { exact: true }).check();
    await findings().getByText('about, kind is missing.').waitFor();
    await tools().getByLabel('about', { exact: true }).uncheck();
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to activity.list').waitFor();
    const text = JSON.stringify({ event: 'typing.start', id: '{{id}}', data: { conversation: '{{conversation}}' } });
    const file = JSON.stringify({ format: 'drawbridge-requests/1', requests: [{ name: 'From a file', text }] });
    const buffer = Buffer.from(file);
    const large = { name: 'large.json', mimeType: 'application/json', buffer: Buffer.alloc(16_777_217, ' ') };
    await tools().getByLabel('Import').setInputFiles(large);
    await tools()
      .getByRole('alert')
      .getByText('large.json has 16,777,217 bytes, and 16,777,216 is the most.')
      .waitFor();
    await tools().getByLabel('Import').setInputFiles({ name: 'r.json', mimeType: 'application/json', buffer });
    await tools().getByLabel('Use one').selectOption('From a file');
    await tools().getByRole('button', { name: 'Copy as wscat' }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('typing.start'));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/"conversation":"[0-9a-f-]{36}"/);
    expect(copied).not.toMatch(/eyJ|\{\{/);
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to typing.start').waitFor();
  });

  test('slash commands by keyboard alone: completed with Tab, chosen with arrows, and an error says what to do', async () => {
    const field = tools().getByLabel('Command', { exact: true });
    await field.focus();
    await page.keyboard.type('/cl');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await picture('completion');
    await page.keyboard.press('Tab');
    expect(await field.inputValue()).toBe('/close ');
    await page.keyboard.type('99');
    await page.keyboard.press('Enter');
    await tools().getByText('A whole number from 3000 to 4999 is needed').waitFor();
    await field.fill('/close 4000 bye');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: '4000 bye' }).first().waitFor();
    await seatOf(page, 'left').locator('.state[data-state=live]').waitFor();
    // It is live again, and says of what time that was.
    await tools()
      .getByText(/^\d\d:\d\d:\d\d\.\d{3} The connection was closed with 4000\.$/)
      .waitFor();
    const message = seatOf(page, 'right').getByLabel('Message', { exact: true });
    await page.getByRole('button', { name: 'Clear' }).click();
    await message.fill('/pi');
    // Deleted, it was never a message that somebody types.
    for (const _ of '/pi') await message.press('Backspace');
    await message.fill('/ping');
    await page.keyboard.press('Enter');
    // The barrier: it went on the same connection after whatever the field had sent.
    await outcome().getByText('ok to ping').waitFor();
    const said = seatOf(page, 'right').locator('.said');
    await said.getByText(/ ok after [\d.]+ ms\. Among the frames it is hidden/).waitFor();
    await page.getByLabel('Search the frames').fill('typing.start');
    await page.getByText(/^0 of /).waitFor();
    await page.getByLabel('Search the frames').fill('');
    await message.fill('/raw {"bad":1}');
    await page.keyboard.press('Enter');
    await page.locator('.row', { hasText: 'not_a_frame' }).waitFor();
    // All of them are in the menu, which scrolls; what was said can be put away.
    await message.fill('/');
    await page.getByRole('listbox', { name: 'Commands' }).getByText('/help').waitFor();
    await page.keyboard.press('Escape');
    await message.fill('');
    await seatOf(page, 'right').getByRole('button', { name: 'Dismiss' }).click();
    await said.waitFor({ state: 'detached' });
  });

  test('what is written while the network is away comes into sight, also for whoever has scrolled up', async () => {
    const seat = seatOf(page, 'right');
    const list = seat.locator('.messages');
    const message = seat.getByLabel('Message', { exact: true });
    for (const line of ['one', 'two', 'three', 'four']) {
      await message.fill(Array(8).fill(`${line} of many lines of words`).join(' '));
      await page.keyboard.press('Enter');
    }
    await list.getByText('four of many').waitFor();
    await seat.getByLabel('Network').uncheck();
    await list.evaluate((element) => {
      element.scrollTop = 0;
    });
    // It is told of in the frame after.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    await message.fill('written in a tunnel');
    await message.press('Enter');
    const written = list.getByText('written in a tunnel');
    await written.waitFor();
    const isInSight = () =>
      written.evaluate((element) => {
        const [it, all] = [element.getBoundingClientRect(), element.closest('ol')!.getBoundingClientRect()];
        return it.bottom <= all.bottom + 1 && it.top >= all.top;
      });
    expect(await isInSight()).toBe(true);
    await seat.getByLabel('Network').check();
    await seat.locator('.state[data-state=live]').waitFor();
  });

  test('a handshake without the SDK, opened by the tester themself', async () => {
    await tools().getByRole('button', { name: 'Connect by hand' }).click();
    await seatOf(page, 'left').getByText('by hand').waitFor();
    await page.getByRole('option', { name: 'hello' }).last().waitFor();
    await tools().getByRole('button', { name: 'Send', exact: true }).click();
    await outcome().getByText('ok to session.open').waitFor();
    await picture('by-hand');
    await tools().getByRole('button', { name: 'Give it back to the SDK' }).click();
    await seatOf(page, 'left').locator('.state[data-state=live]').waitFor();
  });
});
