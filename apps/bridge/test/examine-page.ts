import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** Every page is examined in every view; slow on a busy machine. */
export const EXAMINATION_MS = 120_000;

/** Set to a folder to look at every page as a picture. */
const PICTURES = process.env.DRAWBRIDGE_PICTURES;

export const VIEWS = [
  { name: 'light', colorScheme: 'light', width: 1100, height: 900 },
  { name: 'dark', colorScheme: 'dark', width: 1100, height: 900 },
  { name: '320px', colorScheme: 'light', width: 320, height: 640 },
] as const;

/** What a content security policy without `unsafe-inline` forbids: it would be there and do nothing. */
const INLINE = `[...document.querySelectorAll('*')]
  .filter(({ tagName, src, attributes }) => (/^(script|style)$/i.test(tagName) && !src) || [...attributes].some(({ name }) => /^(style|on.*)$/.test(name)))
  .map(({ outerHTML }) => outerHTML.slice(0, 200))`;

/** What is wrong with a page: WCAG 2.2 AA as far as a machine can tell, what is inline, and whether it is wider than the window. */
export async function examinePage(page: Page, name: string, view: (typeof VIEWS)[number]['name']): Promise<string[]> {
  const problems = await problemsOf(page, name, view);
  // Afterwards: a picture leaves its mark on the page.
  if (PICTURES) await page.screenshot({ path: `${PICTURES}/${name}-${view}.png`, fullPage: true });
  return problems;
}

async function problemsOf(page: Page, name: string, view: (typeof VIEWS)[number]['name']): Promise<string[]> {
  const tooWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
  const width = (await page.evaluate<boolean>(tooWide)) ? [`${name} is too wide`] : [];
  // In another width it is the same page, and in the dark other colours of it.
  if (view === '320px') return width;
  const inline = (await page.evaluate<string[]>(INLINE)).map((html) => `${name} has ${html} in it`);
  const axe = new AxeBuilder({ page }).setLegacyMode();
  if (view === 'dark') axe.withRules('color-contrast');
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  const { violations } = await axe.analyze();
  return [
    ...width,
    ...inline,
    ...violations.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`),
  ];
}
