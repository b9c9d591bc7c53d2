import type { Browser, Page } from 'playwright-core';
import { JOURNEYS, type Journey } from './journeys.js';
import type { Stage } from './stage.js';

/** How a page is looked at. */
export interface View {
  readonly name: string;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

export const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1440, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1440, height: 900 },
  { name: 'light-320', colorScheme: 'light', width: 320, height: 640 },
  { name: 'dark-320', colorScheme: 'dark', width: 320, height: 640 },
] as const satisfies readonly View[];
const WITHIN_MS = 20_000;

/** Goes the ways, each in a browser of its own, and gives every state on them to whoever looks. */
export async function walk(
  { stage, browser, locale = 'en' }: { stage: Stage; browser: Browser; locale?: string },
  look: (page: Page, state: string) => Promise<void>,
  journeys: readonly Journey[] = JOURNEYS,
): Promise<void> {
  for (const journey of journeys) {
    const context = await browser.newContext({ locale, colorScheme: 'light', viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(WITHIN_MS);
    const statuses = new Map<Page, number>();
    const page = await context.newPage();
    const listen = (on: Page) =>
      on.on('response', (response) => {
        if (response.request().isNavigationRequest()) statuses.set(on, response.status());
      });
    listen(page);
    context.on('page', listen);
    let at = 'its beginning';
    const shown = async (state: string, status = 200, on = page) => {
      at = state;
      if (statuses.get(on) !== status) throw new Error(`${state} came with ${statuses.get(on)}, not ${status}`);
      await look(on, `${journey.name}/${state}`);
      await view(on, VIEWS[0]);
    };
    try {
      await journey.go({ stage, page, shown });
    } catch (cause) {
      throw new Error(`On the way "${journey.name}", at or after ${at}, on ${page.url()}`, { cause });
    }
    await context.close();
  }
}

export async function view(page: Page, { colorScheme, width, height }: View): Promise<void> {
  // What fades from one to the other would be seen half way.
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height });
}
