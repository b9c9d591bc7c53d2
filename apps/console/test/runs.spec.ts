import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { type BridgeProcess, FaultProxy, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, Page } from 'playwright-core';
import { openConsole, seatOf, signIn } from './tester.js';

const JEST = fileURLToPath(new URL('../../../node_modules/jest/bin/jest.js', import.meta.url));
const NAME = 'A message sent while the other side was offline arrives once';
const ADMIN_TOKEN = 'a-token-of-the-tests';
const TEXT = 'While you were offline';

let bridge: BridgeProcess;
let browser: Browser;
let page: Page;
let folder: string;
let exported: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-runs-'));
  [bridge, browser] = await Promise.all([startBridge({ database: 'postgres' }), launchChromium()]);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await openConsole(context, bridge.internalUrl);
  await signIn(page, 'left', 'alice');
  await signIn(page, 'right', 'bob');
});
afterAll(async () => {
  await browser.close();
  await bridge[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const button = (name: string) => page.getByRole('button', { name, exact: true }).click();
const heard = (side: 'left' | 'right', text: string) => seatOf(page, side).locator('.messages').getByText(text);

async function say(side: 'left' | 'right', text: string): Promise<void> {
  const field = seatOf(page, side).getByLabel('Message', { exact: true });
  await field.fill(text);
  await field.press('Enter');
}

/** Runs a test file as a tester does, in a folder where there is nothing else. */
function jest(text: string, env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const runFolder = mkdtempSync(join(folder, 'jest-'));
  writeFileSync(join(runFolder, 'package.json'), '{}');
  writeFileSync(join(runFolder, 'recorded.test.js'), text);
  // The options of this run of Jest are none of its own.
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const child = spawn(process.execPath, [JEST, '--ci'], { cwd: runFolder, env: { ...rest, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      output += bytes;
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

/** What axe finds in the panel, in both colours, as it is now. */
async function examined(): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const axe = new AxeBuilder({ page }).setLegacyMode().include('.tools');
    if (colorScheme === 'dark') axe.withRules('color-contrast');
    const { violations } = await axe.analyze();
    found.push(...violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html).join(' ')}`));
    const pictures = process.env.DRAWBRIDGE_PICTURES;
    if (!pictures) continue;
    await page.screenshot({ path: `${pictures}/runs-${colorScheme}.png` });
    await page.setViewportSize({ width: 320, height: 1_800 });
    await button('Tools');
    await page.screenshot({ path: `${pictures}/runs-${colorScheme}-320.png` });
    await page.setViewportSize({ width: 1440, height: 900 });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  return found;
}

async function downloaded(name: string): Promise<string> {
  const download = page.waitForEvent('download');
  await button(name);
  return readFileSync(await (await download).path(), 'utf8');
}

async function replayed(): Promise<string | null> {
  await button('Replay');
  await page.locator('.verdict[data-verdict]').waitFor();
  return page.locator('.verdict').getAttribute('data-verdict');
}

describe('A run', () => {
  let recording: string;

  test('is recorded: what the two people did and what came of it, and nothing else', async () => {
    await page.getByRole('tab', { name: 'Runs' }).click();
    await page.getByLabel('What the run shows').fill(NAME);
    await button('Record');
    await seatOf(page, 'right').getByLabel('Network').uncheck();
    await say('left', TEXT);
    await heard('left', TEXT).waitFor();
    await seatOf(page, 'right').getByLabel('Network').check();
    await heard('right', TEXT).waitFor();
    await button('Stop recording');
    await page.getByRole('heading', { name: NAME }).waitFor();
    const done = await page.locator('.steps [data-kind=done] bdi').allInnerTexts();
    expect(done).toEqual([
      'Alice Moreau connects',
      'Bob Okafor connects',
      'Bob Okafor goes offline',
      'Alice Moreau sends message.send',
      'Bob Okafor connects, and goes on where they were',
    ]);
    const expected = await page.locator('.steps [data-kind=expected] bdi').allInnerTexts();
    expect(expected.toSorted()).toEqual([
      'Alice Moreau gets message.created, once',
      'Alice Moreau is answered ok to message.send',
      'Bob Okafor gets message.created, once',
    ]);
    recording = await downloaded('Save to a file');
    expect(recording).not.toMatch(/eyJ|"proof"|"token"|"nonce"|[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  test('is there after the page was loaded anew, and when another was recorded, though nobody kept it', async () => {
    await page.reload();
    for (const side of ['left', 'right'] as const)
      await seatOf(page, side).locator('.state[data-state=live]').waitFor();
    await page.getByRole('heading', { name: NAME }).waitFor();
    await page.getByLabel('What the run shows').fill(NAME);
    await button('Record');
    await button('Stop recording');
    await page.getByRole('heading', { name: `${NAME} (2)` }).waitFor();
    const lately = page.getByRole('list', { name: 'Recorded or changed lately' });
    await expect(lately.locator('.plain').allTextContents()).resolves.toEqual([`${NAME} (2)`, NAME]);
    await lately.getByRole('button', { name: `Forget ${NAME} (2)` }).click();
    await lately.getByRole('button', { name: NAME, exact: true }).click();
    expect(await page.locator('.steps [data-kind=done]').count()).toBe(5);
  });

  test('is replayed in the page, and passes: the people go on afterwards where they were', async () => {
    expect(await replayed()).toBe('passed');
    expect(await page.locator('.steps li:not([data-state=passed])').count()).toBe(0);
    await Promise.all([heard('left', TEXT).nth(1).waitFor(), heard('right', TEXT).nth(1).waitFor()]);
    expect(await examined()).toEqual([]);
  });

  test('fails in the page where something else comes of it, and the step says what', async () => {
    const [before, after] = [recording.lastIndexOf(TEXT), recording.lastIndexOf(TEXT) + TEXT.length];
    const other = `${recording.slice(0, before)}Something else${recording.slice(after)}`;
    await page.getByLabel('Load from a file').setInputFiles({
      name: 'other.drawbridge.json',
      mimeType: 'application/json',
      buffer: Buffer.from(other),
    });
    expect(await replayed()).toBe('failed');
    await page
      .locator('.steps [data-state=failed]')
      .getByText(`message.text is "${TEXT}", not "Something else"`)
      .waitFor();
    await page.getByLabel('Load from a file').setInputFiles({
      name: 'recorded.drawbridge.json',
      mimeType: 'application/json',
      buffer: Buffer.from(recording),
    });
    exported = await downloaded('Export as a Jest test');
  });

  test('is a test that Jest runs without anything else, and that passes', async () => {
    const { code, output } = await jest(exported);
    expect(output).toContain(`✓ ${NAME}`);
    expect(code).toBe(0);
  });

  test('is a test that fails where a message comes twice, and says so', async () => {
    await using proxy = await FaultProxy.to(bridge.publicUrl);
    proxy.repeatFirstEvents();
    const elsewhere = exported.replace(/new WebSocket\(`.*?`,/, `new WebSocket('${proxy.url}/bridge',`);
    expect(elsewhere).not.toBe(exported);
    const { code, output } = await jest(elsewhere);
    expect(output).toMatch(/To the LEFT person: seq (\d+) with prev \d+ came after \1/);
    expect(code).toBe(1);
  });

  test('is replayed against another server, when that knows this console’s address', async () => {
    await using other = await startBridge({ database: 'postgres', env: { ADMIN_TOKEN } });
    await button('Keep in this browser');
    await register(other, `${bridge.internalUrl}/console/`);
    await page.getByLabel('Its public address').fill('http://127.0.0.1:1');
    await button('Use this server');
    await page.getByRole('alert').getByText('No bridge answers at http://127.0.0.1:1').waitFor();
    await page.getByLabel('Its public address').fill(other.publicUrl);
    await Promise.all([page.waitForEvent('load'), button('Use this server')]);
    await page.locator('.server', { hasText: other.publicUrl }).waitFor();
    // What that bridge calls a grant may be the id of another one here.
    await page.getByRole('tab', { name: 'Operator' }).click();
    await page.getByText('is for the bridge that serves this console').waitFor();
    expect(await page.locator('#operator-token').count()).toBe(0);
    await signIn(page, 'left', 'carol');
    await signIn(page, 'right', 'dave');
    await page.getByRole('tab', { name: 'Runs' }).click();
    await button(NAME);
    expect(await replayed()).toBe('passed');
    await Promise.all([heard('left', TEXT).waitFor(), heard('right', TEXT).waitFor()]);
    await Promise.all([page.waitForEvent('load'), button('Back to this console’s own')]);
    await seatOf(page, 'left').getByRole('heading', { name: 'Alice Moreau' }).waitFor();
  });

  test('of edits, deletions, reactions, a refused token and the end of a consent is replayed too', async () => {
    const command = async (line: string, frame: string) => {
      await say('left', line);
      await page.locator('.row', { hasText: frame }).last().waitFor();
    };
    const raw = (event: string, data: object) =>
      command(`/raw ${JSON.stringify({ event, id: '{{id}}', data })}`, `ok ${event}`);
    await page.getByRole('button', { name: 'Clear' }).click();
    await button('Record');
    await say('left', 'To be changed');
    await seatOf(page, 'left').locator('.messages li:not(.waiting)', { hasText: 'To be changed' }).waitFor();
    await raw('message.edit', { message: '{{message}}', text: 'Changed' });
    await raw('reaction.add', { message: '{{message}}', emoji: '🌒' });
    await raw('message.delete', { message: '{{message}}' });
    await say('left', '/token');
    await command('/drop', 'unauthenticated');
    await seatOf(page, 'left').locator('.state[data-state=live]').waitFor();
    await raw('session.close', {});
    await seatOf(page, 'left').locator('.state[data-state=ended]').waitFor();
    await button('Stop recording');
    await expect(page.locator('.steps [data-kind=done] bdi').allTextContents()).resolves.toEqual([
      'Alice Moreau connects',
      'Bob Okafor connects',
      ...['message.send', 'message.edit', 'reaction.add', 'message.delete'].map((sent) => `Alice Moreau sends ${sent}`),
      'Alice Moreau loses the connection',
      'Alice Moreau connects with a broken token, and is refused',
      'Alice Moreau connects, and goes on where they were',
      'Alice Moreau sends session.close',
    ]);
    await signIn(page, 'left', 'alice');
    expect(await replayed()).toBe('passed');
    expect(await page.locator('.steps li:not([data-state=passed])').count()).toBe(0);
  });
});

/** As an operator does who lets the console of another bridge in. */
async function register({ internalUrl }: BridgeProcess, redirectUri: string): Promise<void> {
  const admin = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(`${internalUrl}/admin/v1${path}`, { ...init, headers });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const { partners } = (await admin('/partners')) as { partners: { id: string; name: string }[] };
  const { id } = partners.find(({ name }) => name === 'Drawbridge')!;
  const redirectUris = [`${internalUrl}/console/`, redirectUri];
  await admin(`/partners/${id}/apps/drawbridge-console`, { method: 'PATCH', body: JSON.stringify({ redirectUris }) });
}
