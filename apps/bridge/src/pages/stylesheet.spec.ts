import { STYLESHEET } from './stylesheet.js';

/** Properties, and values, that say left or right whichever way a language is written. */
const PHYSICAL = [
  /[;{\s]((?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)\b[^;]*)/g,
  /[;{\s]((?:left|right)\s*:[^;]*)/g,
  /[;{\s]((?:float|clear|text-align|caption-side|justify-\w+)\s*:\s*(?:left|right)\b)/g,
  /[;{\s](border-(?:top|bottom)-(?:left|right)-radius[^;]*)/g,
  // Four lengths that differ on the left and the right.
  /[;{\s]((?:margin|padding|inset)\s*:\s*[-.\w]+ ([-.\w]+) [-.\w]+ (?!\2[;\s])[-.\w]+)/g,
];

test('the stylesheet says nothing of left and right: a page written from right to left is its mirror image', () => {
  const found = PHYSICAL.flatMap((pattern) => [...STYLESHEET.matchAll(pattern)].map(([, what]) => what));
  expect(found).toEqual([]);
});

test.each([
  'a { margin-left: 1rem }',
  'a { right: 0 }',
  'a { float: left; }',
  'a { text-align: right; }',
  'a { border-top-left-radius: 1px }',
  'a { margin: 0 1rem 0 0; }',
])('%s would be found', (css) => {
  expect(PHYSICAL.some((pattern) => css.match(pattern) !== null)).toBe(true);
});
