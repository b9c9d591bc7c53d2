import { launchChromium } from '@drawbridge/testing';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { JOURNEYS } from './journeys.js';
import { Stage } from './stage.js';
import { VIEWS, view, walk } from './walk.js';

const EVERYTHING = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const [LIGHT, , , NARROW_AND_DARK] = VIEWS;

const violations = (runOnly: object) => `axe
  .run({ runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'], preload: false })
  .then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ html }) => html).join(' ')))`;

/** What a content security policy without `unsafe-inline` forbids: it would be there and do nothing. */
const INLINE = `[...document.querySelectorAll('*')]
  .filter(({ tagName, src, attributes }) => (/^(script|style)$/i.test(tagName) && !src) || [...attributes].some(({ name }) => /^(style|on.*)$/.test(name)))
  .map(({ outerHTML }) => 'inline: ' + outerHTML.slice(0, 200))`;

/** Wider than the window, or than the card that it is in. */
const STICKS_OUT = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const out = [...document.querySelectorAll('.card :not([type=hidden])')].filter((each) => {
    const [inner, outer] = [each, each.closest('.card')].map((one) => one.getBoundingClientRect());
    return inner.left < outer.left - 1 || inner.right > outer.right + 1;
  });
  return [
    ...(scrollWidth > clientWidth ? ['wider than the window'] : []),
    ...out.map(({ outerHTML }) => 'sticks out: ' + outerHTML.slice(0, 120)),
  ];
})()`;

/** What can be reached by keyboard and shows no outline, on itself or its label, when it has been. */
const FOCUS_UNSEEN = `(() => {
  const all = [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden])')];
  return all.filter((each) => each.checkVisibility()).flatMap((each) => {
    each.focus();
    const seen = [each, each.closest('label')].filter(Boolean).some((one) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    });
    return seen && document.activeElement === each ? [] : ['its focus is not seen: ' + each.outerHTML.slice(0, 120)];
  });
})()`;

/** Goes over a page, and says what is wrong with it: WCAG 2.2 AA as far as a machine can tell. */
async function examine(page: Page): Promise<string[]> {
  const problems = await page.evaluate<string[]>(INLINE);
  const look = async (how: string, script: string) => {
    problems.push(...(await page.evaluate<string[]>(script)).map((what) => `${how}: ${what}`));
  };
  // A key was pressed last, so that what a script focuses shows it.
  await page.keyboard.press('Tab');
  await look('by keyboard', FOCUS_UNSEEN);
  // Once for all runs on this page: AxeBuilder brings it for each, which takes four times as long.
  await page.evaluate(axe.source);
  await look('light', violations({ type: 'tag', values: EVERYTHING }));
  // In the dark and narrow it is the same page in other colours and places.
  await view(page, NARROW_AND_DARK);
  await look('dark, 320 px', violations({ type: 'rule', values: ['color-contrast', 'target-size'] }));
  await look('dark, 320 px', STICKS_OUT);
  await view(page, { ...LIGHT, width: 640 });
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
  await look('text of 200%', STICKS_OUT);
  return problems;
}

describe('Every page in every state, in Chromium', () => {
  let stage: Stage;
  let browser: Browser;
  beforeAll(async () => {
    [stage, browser] = await Promise.all([Stage.start(), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await stage[Symbol.asyncDispose]();
  });

  test.each(JOURNEYS)(
    '$name: is accessible, fits into 320 px, and with text of twice the size (WCAG 2.2 AA)',
    async (journey) => {
      const problems: Record<string, string[]> = {};
      await walk(
        { stage, browser },
        async (page, state) => {
          const found = await examine(page);
          if (found.length > 0) problems[state] = found;
        },
        [journey],
      );
      expect(problems).toEqual({});
    },
  );
});
