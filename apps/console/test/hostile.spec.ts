import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser, BrowserContext, Page, WebSocketRoute } from 'playwright-core';
import { openConsole, seatOf, signIn } from './tester.js';

let bridge: BridgeProcess;
let browser: Browser;
let context: BrowserContext;
let stranger: Server;
beforeAll(async () => {
  const env = { SENDS_PER_S: '1000000' };
  [bridge, browser] = await Promise.all([startBridge({ database: 'pglite', env }), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  stranger = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html').end('<h1>A page of somebody else</h1>');
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await browser.close();
  stranger.close();
  await bridge[Symbol.asyncDispose]();
});

const consoleUrl = () => `${bridge.internalUrl}/console/`;

async function strangersPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`http://localhost:${(stranger.address() as AddressInfo).port}/`);
  return page;
}

describe('A page of somebody else', () => {
  test.each(['', '?sign-in=left', '?code=theirs&state=theirs', '?error=access_denied&state=theirs'])(
    'that opens the console (%j) has no handle to it, and begins no sign-in in it',
    async (query) => {
      const page = await strangersPage();
      const opened = context.waitForEvent('page');
      await page.evaluate(
        (url) => Object.assign(window, { opened: window.open(url, 'drawbridge-left') }),
        consoleUrl() + query,
      );
      const console = await opened;
      // It went on as a console, as for a tester who followed a link.
      await console.getByRole('button', { name: 'Sign in' }).first().waitFor();
      expect(await page.evaluate(() => (window as unknown as { opened: Window }).opened.closed)).toBe(true);
      expect(await console.evaluate(() => [window.opener, window.name, sessionStorage.length])).toEqual([null, '', 0]);
      expect(console.url()).not.toContain(bridge.publicUrl);
      await Promise.all([page.close(), console.close()]);
    },
  );

  test('reads nothing of it, and frames nothing of it', async () => {
    const page = await strangersPage();
    const url = consoleUrl();
    expect(await page.evaluate((at) => fetch(at).then(String, (error) => error.name), `${url}settings.json`)).toBe(
      'TypeError',
    );
    const asScript = (at: string) =>
      new Promise((resolve) => {
        const script = Object.assign(document.createElement('script'), {
          src: at,
          onload: () => resolve('read'),
          onerror: () => resolve('refused'),
        });
        document.body.append(script);
      });
    expect(await page.evaluate(asScript, `${url}settings.json`)).toBe('refused');
    await page.evaluate(
      (at) => document.body.append(Object.assign(document.createElement('iframe'), { src: at })),
      url,
    );
    await page.waitForFunction(() => window.frames.length === 1);
    expect(page.frames().map((frame) => frame.url())).not.toContain(url);
    await page.close();
  });
});

/** What a broken or hostile bridge might put in the place of a message; `at` is what its place says. */
const MESSAGES: readonly Record<string, unknown>[] = [
  { text: '<img src=x onerror=alert(1)> {{token}} \u202e\u0000', from: { id: 'bob', name: '<b>Bob</b>\u202e' } },
  { title: { id: '1', kind: 'track', name: '<i>x</i>', url: 'javascript:alert(1)' } },
  { text: { type: 'script', props: { dangerouslySetInnerHTML: { __html: '<b>x</b>' } }, constructor: null, __k: 1 } },
  { from: { id: 'bob', name: { __k: 1 } } },
  { text: ['a', [{ b: 1 }]] },
  { reactions: undefined },
  { reactions: 5 },
  { from: null },
  { text: 'A'.repeat(262_144) },
];
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
/** And in the place of what is passing. */
const FRAMES = [
  '{"event":"__proto__","data":{"__proto__":{"text":"x"}}}',
  '{"event":"constructor","data":{"code":{"__k":1}}}',
  '{"event":"error","data":{"code":{"x":1},"issues":5,"docs":7}}',
  '{"event":"error","data":{"code":"javascript:alert(1)","docs":"javascript:alert(1)"}}',
  '{"event":"typing","data":{"code":["a",{"b":1}],"text":{"a":1}}}',
  `{"event":"presence","data":{"x":${nested(200)}}}`,
  `{"event":"presence","data":{"x":${nested(20_000)}}}`,
  `{"event":"presence","data":{"text":"${'A'.repeat(65_536)}"}}`,
  `{"event":"${'e'.repeat(65_536)}","data":{}}`,
];

describe('What a broken or hostile bridge sends', () => {
  let page: Page;
  /** The connections of alice, the newest last, and the `seq` that came last on each. */
  const connections: { socket: WebSocketRoute; seq: number; conversation: string; isPutInto: boolean }[] = [];
  let spoilsContacts = false;
  const errors: string[] = [];
  beforeAll(async () => {
    page = await context.newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.routeWebSocket(/\/bridge$/, (socket) => {
      const server = socket.connectToServer();
      const connection = { socket, seq: 0, conversation: '', isPutInto: false };
      socket.onMessage((text) => server.send(text));
      server.onMessage((text) => {
        const frame = JSON.parse(String(text));
        if (frame.data.mailbox && frame.data.person.id === 'alice') connections.push(connection);
        // Its numbers are taken where something was put in before it, and the SDK would rightly connect anew.
        if (connection.isPutInto && frame.seq !== undefined) return;
        connection.seq = frame.seq ?? frame.data.mailbox?.head ?? connection.seq;
        connection.conversation = frame.data.conversations?.[0]?.id ?? connection.conversation;
        const isSpoilt = spoilsContacts && frame.data.contacts;
        socket.send(isSpoilt ? JSON.stringify({ ...frame, data: { contacts: [null] } }) : text);
      });
    });
    await page.goto(consoleUrl());
    // Alice last, and Bob's has come to rest: what the route hands to a page that opens a window is lost now and then.
    await signIn(page, 'right', 'bob');
    await page.locator('.row', { hasText: 'ok conversation.read' }).waitFor();
    await signIn(page, 'left', 'alice');
    await page.getByRole('tab', { name: 'Send' }).click();
    await seatOf(page, 'left').locator('.messages li').first().waitFor();
  });
  afterAll(() => page.close());

  /** Puts it among what the bridge sends to alice, and looks at it when it is there. */
  async function lookedAt(text: string): Promise<string | null> {
    // Where no entry is chosen the list follows its end, and only rows in sight are drawn.
    await page.locator('.timeline').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Escape');
    connections.at(-1)!.socket.send(text);
    const barrier = `barrier.${crypto.randomUUID()}`;
    connections.at(-1)!.socket.send(JSON.stringify({ event: barrier, data: {} }));
    await page
      .locator('.row', { hasText: barrier })
      .waitFor()
      .catch(async (cause) => {
        const rows = await page.locator('.row').allInnerTexts();
        const state = await seatOf(page, 'left').locator('.state').textContent();
        const seen = {
          about: text.slice(0, 200),
          connections: connections.length,
          state,
          errors,
          rows: rows.slice(-12),
        };
        throw new Error(`The barrier is not there: ${JSON.stringify(seen)}`, { cause });
      });
    await page.keyboard.press('End');
    // Up to the frame itself: the barrier, and what the SDK sent of it, are behind it.
    for (let up = 0; up < 12; up++) {
      const shown = await page.locator('.details pre').textContent();
      const isIt = await page.locator('.details .problem').count();
      if (isIt > 0 && !shown?.includes('barrier.')) return shown;
      await page.keyboard.press('ArrowUp');
    }
    throw new Error('It is not among the last frames.');
  }

  const message = (more: object) => {
    const connection = connections.at(-1)!;
    const { conversation } = connection;
    connection.isPutInto = true;
    const position = 1_000_000 + connection.seq;
    const [prev, seq] = [connection.seq, ++connection.seq];
    const from = { id: 'bob', name: 'Bob' };
    const whole = {
      id: crypto.randomUUID(),
      conversation,
      position,
      from,
      text: 'x',
      reactions: [],
      sentAt: '',
      ...more,
    };
    return JSON.stringify({ event: 'message.created', seq, prev, data: { message: whole } });
  };

  test('is drawn as text, and takes nothing of the page away', async () => {
    for (const more of MESSAGES) await lookedAt(message(more));
    for (const frame of FRAMES) await lookedAt(frame);
    expect(errors).toEqual([]);
    expect(await page.locator('.broken').count()).toBe(0);
    expect(await page.locator('#app :is(img, script, b b, i i)').count()).toBe(0);
    const links = await page
      .locator('#app a')
      .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).protocol));
    expect(new Set(links)).toEqual(new Set(['http:']));
  });

  test('is checked as far as it can be, and a check that fails keeps nobody from what arrived', async () => {
    expect(await lookedAt(`{"event":"presence","data":{"x":${nested(200)}}}`)).toContain(nested(200));
  });

  test('that cannot be drawn takes its own part of the page alone', async () => {
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByLabel('Search the frames').fill('ok contacts.list');
    const lists = page.locator('.row', { hasText: 'ok contacts.list' });
    /** A connection that comes back asks for everything again. */
    const asked = async () => {
      const count = await lists.count();
      await page.getByRole('button', { name: 'Drop the connection' }).click();
      await lists.nth(count).waitFor();
    };
    spoilsContacts = true;
    await asked();
    await page.locator('.people .broken').getByText('The person on the left could not be drawn').waitFor();
    spoilsContacts = false;
    const right = seatOf(page, 'right');
    await right.getByLabel('Message', { exact: true }).fill('I am still here');
    await right.getByLabel('Message', { exact: true }).press('Enter');
    await right.locator('.messages').getByText('I am still here').waitFor();
    await asked();
    await page.getByRole('button', { name: 'Draw it again' }).click();
    await seatOf(page, 'left').getByRole('heading', { name: 'Alice Moreau' }).waitFor();
  });
});

test('A long word, which anybody may send, has places to break at: browsers take a second for each such message', async () => {
  const page = await openConsole(context, bridge.internalUrl);
  // Until a conversation is open, nothing can be written into it.
  for (const side of ['left', 'right'] as const) await seatOf(page, side).locator('.messages li').first().waitFor();
  const field = seatOf(page, 'right').getByLabel('Message', { exact: true });
  await field.fill('A'.repeat(4_000));
  await field.press('Enter');
  await seatOf(page, 'left').locator('.messages wbr').first().waitFor({ state: 'attached' });
  await page.locator('.row', { hasText: 'message.created' }).last().click();
  await page.locator('.details pre wbr').first().waitFor({ state: 'attached' });
  const longest = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.querySelector('#app')!, NodeFilter.SHOW_TEXT);
    let most = 0;
    while (walker.nextNode()) {
      const isOneLine = walker.currentNode.parentElement!.closest('.row, option') !== null;
      const words = isOneLine ? [] : walker.currentNode.textContent!.split(/\s/);
      most = Math.max(most, ...words.map(({ length }) => length));
    }
    return most;
  });
  expect(longest).toBeLessThanOrEqual(128);
});
