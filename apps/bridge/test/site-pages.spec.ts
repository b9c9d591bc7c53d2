import { type BridgeProcess, launchChromium, startBridge } from '@drawbridge/testing';
import type { Browser } from 'playwright-core';
import { EXAMINATION_MS, examinePage, VIEWS } from './examine-page.js';

/** What a developer who follows the address of an error, or a person who guesses one, is shown. */
const PAGES = [
  ['start', '/'],
  ['errors', '/errors'],
  ['error-code', '/errors/scope_missing'],
  ['close-code', '/errors/4403'],
  ['not-found', '/nothing/here'],
] as const;

describe('The start page and the pages of the errors, in Chromium', () => {
  let bridge: BridgeProcess;
  let browser: Browser;
  beforeAll(async () => {
    [bridge, browser] = await Promise.all([startBridge({ database: 'pglite' }), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await bridge[Symbol.asyncDispose]();
  });

  test.each(VIEWS)(
    'are accessible and fit, seen $name',
    async ({ name, colorScheme, width, height }) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height } });
      const page = await context.newPage();
      for (const [title, path] of PAGES) {
        await page.goto(new URL(path, bridge.publicUrl).href);
        expect(await examinePage(page, title, name)).toEqual([]);
      }
      await context.close();
    },
    EXAMINATION_MS,
  );
});
