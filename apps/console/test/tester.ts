import type { BrowserContext, Page } from 'playwright-core';

/** Opens the console in a page of its own. */
export async function openConsole(context: BrowserContext, internalUrl: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${internalUrl}/console/`);
  await page.getByRole('heading', { name: 'Drawbridge console' }).waitFor();
  return page;
}

/** Signs a person in on one side, through the window that the console opens, with everything ticked. */
export async function signIn(page: Page, side: 'left' | 'right', login: string): Promise<void> {
  const seat = seatOf(page, side);
  const popup = page.waitForEvent('popup');
  await seat.getByRole('button', { name: 'Sign in' }).click();
  const window = await popup;
  await window.locator('input[name=login]').fill(login);
  await window.locator('input[name=password]').fill('drawbridge');
  await window.locator('input[name=password]').press('Enter');
  await window.locator('button[value=tick-all]').click();
  await window.locator('input[name=scope]:checked').first().waitFor();
  await window.locator('button[name=decision][value=allow]').click();
  await seat.locator('.state[data-state=live]').waitFor();
}

export const seatOf = (page: Page, side: 'left' | 'right') => page.locator(`.seat[data-side=${side}]`);

const PRESSES_MAX = 80;

/** Moves the focus on with Tab until it is there; fails where it never comes. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < PRESSES_MAX; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.locator(`${selector}:focus`).count()) > 0) return;
  }
  throw new Error(`${selector} cannot be reached by keyboard`);
}
