import type { Page } from 'playwright-core';

const PRESSES_MAX = 30;

/** Moves the focus on with Tab until it is there; fails where it never comes. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < PRESSES_MAX; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.locator(`${selector}:focus`).count()) > 0) return;
  }
  const there = await page.locator(':focus').innerHTML();
  throw new Error(`${selector} cannot be reached by keyboard; the focus is on ${there}`);
}
