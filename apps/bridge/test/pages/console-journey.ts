import type { Page } from 'playwright-core';
import type { Journey } from './journeys.js';
import { PASSWORD } from './stage.js';

const PANELS = ['Send', 'Runs', 'Faults', 'Latency', 'Operator', 'Help'];

/**
 * The console's parts and tools, with two of the demo's people on it: for the pictures. Its own tests look at what it does
 * and whether everybody can use it.
 */
export const CONSOLE_JOURNEY: Journey = {
  name: 'console-at-work',
  async go({ stage, page, shown }) {
    await page.goto(`${stage.bridge.internalUrl}/console/`);
    await signsIn(page, 'left', 'alice');
    await signsIn(page, 'right', 'bob');
    for (const [side, text] of [
      ['left', 'Lights off tonight?'],
      ['right', 'Lights off, door at 2:41. 🌒'],
    ] as const) {
      await page.locator(`#${side}-text`).fill(text);
      await page.locator(`#${side}-text`).press('Enter');
      await page.locator('.seat[data-side=left] .messages').getByText(text).last().waitFor();
    }
    await shown('people');
    await inPlace(page, 'Frames');
    await page.locator('.row', { hasText: 'message.created' }).last().click();
    await shown('frames');
    await inPlace(page, 'Tools');
    for (const panel of PANELS) {
      await page.getByRole('tab', { name: panel }).click();
      await shown(panel.toLowerCase());
    }
    await inPlace(page, 'People');
    await page.locator('.seat[data-side=right]').getByLabel('Network').uncheck();
    await page.locator('.seat[data-side=right] .state[data-state=reconnecting]').waitFor();
    await page.locator('.seat[data-side=left]').getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.seat[data-side=left] .state[data-state=ended]').waitFor();
    await shown('ended-and-offline');
  },
};

async function signsIn(page: Page, side: 'left' | 'right', login: string): Promise<void> {
  const seat = page.locator(`.seat[data-side=${side}]`);
  const popup = page.waitForEvent('popup');
  await seat.getByRole('button', { name: 'Sign in' }).click();
  const window = await popup;
  await window.locator('input[name=login]').fill(login);
  await window.locator('input[name=password]').fill(PASSWORD);
  await window.locator('input[name=password]').press('Enter');
  await window.locator('button[value=tick-all]').click();
  await window.locator('input[name=scope]:checked').first().waitFor();
  await window.locator('button[name=decision][value=allow]').click();
  await seat.locator('.state[data-state=live]').waitFor();
}

/** Where it is narrow there is one part at a time; the choice stays when it is wide again. */
async function inPlace(page: Page, place: string): Promise<void> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 320, height: 640 });
  await page.getByRole('button', { name: place }).click();
  await page.setViewportSize(size);
}
