import { createHash } from 'node:crypto';

/**
 * The one stylesheet of every page. Ink on paper, a serif for what is said and a sans for what is done, one colour for
 * going on and one for ending. Contrast is 4.5:1 or better for text and 3:1 for the edges of fields and for focus
 * (WCAG 2.2 AA), in light and dark. Logical properties only: a page of a language that is written from right to left is
 * its mirror image. A tick is a tick in both.
 */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --paper: #f5f2ec; --card: #fffdf9; --ink: #1d2733; --quiet: #566270; --line: #ddd6c9; --edge: #837d71;
  --go: #17594f; --go-ink: #ffffff; --go-deep: #0f463e; --go-wash: #e4efeb;
  --end: #9b2c22; --end-ink: #ffffff; --end-deep: #7d2019; --end-wash: #f9e8e4;
  --warn: #9a6700; --warn-wash: #fbf1da;
  --shadow: 0 1px 2px rgb(40 30 10 / .06), 0 12px 32px -12px rgb(40 30 10 / .14);
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, "Bitstream Charter", "Noto Serif", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11171c; --card: #1a2229; --ink: #ece8e0; --quiet: #a7b0b8; --line: #303b44; --edge: #7d8a95;
    --go: #86d0c2; --go-ink: #0c2521; --go-deep: #a5e0d4; --go-wash: #1b3330;
    --end: #f0a196; --end-ink: #33100b; --end-deep: #f7bcb4; --end-wash: #3a221f;
    --warn: #e3b55f; --warn-wash: #352a14;
    --shadow: 0 1px 2px rgb(0 0 0 / .3), 0 16px 40px -16px rgb(0 0 0 / .6);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
  background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); overflow-wrap: break-word;
}
.masthead, main, .foot { width: 100%; max-width: 31rem; margin-inline: auto; padding-inline: 1rem; }
.wide .masthead, .wide main, .wide .foot { max-width: 47rem; }
.masthead { padding-block: 1.75rem 1.25rem; }
.brand {
  display: inline-flex; align-items: center; gap: .6rem; color: var(--ink); text-decoration: none;
  font: 600 1.125rem/1 var(--serif); letter-spacing: .01em;
}
.brand svg { width: 2rem; height: 2rem; color: var(--go); flex: none; }
main { flex: 1; }
.foot { padding-block: 2rem; color: var(--quiet); font-size: .875rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 14px; box-shadow: var(--shadow);
  padding: clamp(1.25rem, 5vw, 2.25rem);
}
.card + .card, .card + form, form + .card { margin-block-start: 1rem; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 6vw, 2.05rem); letter-spacing: -.012em; }
h2 { font-size: 1.3rem; }
h3 { font-size: 1.05rem; }
p { margin: .75rem 0 0; text-wrap: pretty; }
ul { margin: .75rem 0 0; padding-inline-start: 1.5rem; }
.lead { font-size: 1.0625rem; color: var(--quiet); margin-block-start: .6rem; }
.lead strong { color: var(--ink); font-weight: 600; }
.small { font-size: .875rem; }
.quiet { color: var(--quiet); }
.host { overflow-wrap: anywhere; }
a { color: var(--go); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
time { unicode-bidi: isolate; }
bdi { overflow-wrap: anywhere; } /* a name may be one long word, and has to fit beside others */
code { font-family: var(--mono); font-size: .9em; direction: ltr; unicode-bidi: isolate; }
:focus-visible { outline: 3px solid var(--go); outline-offset: 3px; border-radius: 4px; }
.skip { position: absolute; inset-inline-start: 1rem; inset-block-start: -99rem; }
.skip:focus { inset-block-start: .75rem; background: var(--card); padding: .5rem .75rem; z-index: 1; }

label { font-weight: 600; }
.field { margin-block-start: 1.15rem; }
.field label { display: block; margin-block-end: .35rem; }
input[type=text], input[type=password] {
  width: 100%; min-height: 3rem; padding: .6rem .8rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--edge); border-radius: 9px;
}
::placeholder { color: var(--quiet); opacity: 1; }
input[type=text]:focus-visible, input[type=password]:focus-visible { outline-offset: 1px; border-radius: 9px; }
button, a.button {
  min-height: 3rem; padding: .6rem 1.3rem; border-radius: 9px; border: 1px solid transparent; cursor: pointer;
  font: 600 1rem/1.2 var(--sans); background: var(--go); color: var(--go-ink);
}
button:hover, a.button:hover { background: var(--go-deep); }
button:focus-visible, a.button:focus-visible { border-radius: 9px; }
a.button { display: grid; place-content: center; text-align: center; text-decoration: none; overflow-wrap: anywhere; }
button.second { background: transparent; color: var(--ink); border-color: var(--edge); }
button.second:hover { background: var(--paper); border-color: var(--ink); }
button.ending { background: transparent; color: var(--end); border-color: currentColor; }
button.ending:hover { background: var(--end-wash); }
button.ended { background: var(--end); color: var(--end-ink); }
button.ended:hover { background: var(--end-deep); }
button.plain {
  background: none; color: var(--go); padding: .4rem 0; min-height: 2.25rem; font-weight: 500; line-height: 1.4; overflow-wrap: anywhere;
  text-decoration: underline; text-underline-offset: .18em; text-decoration-thickness: 1px;
}
button.plain:hover { text-decoration-thickness: 2px; }
.actions { /* beside each other or one below the other, and always of one height */
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10.5rem), 1fr)); grid-auto-rows: 1fr;
  gap: .75rem; margin-block-start: 1.6rem;
}
.after { margin-block-start: .75rem; text-align: center; }

fieldset { border: 0; margin: 1.6rem 0 0; padding: 0; min-width: 0; }
legend { padding: 0; font: 600 1.15rem/2.25rem var(--serif); float: inline-start; }
.tick-all { float: inline-end; } /* too narrow beside the heading: it goes below */
.scopes { clear: both; list-style: none; margin: .35rem 0 0; padding: 0; border-block-start: 1px solid var(--line); }
.scopes li { border-block-end: 1px solid var(--line); }
.scopes label {
  display: grid; grid-template-columns: auto 1fr; gap: .1rem .85rem; align-items: start;
  margin-inline: -.5rem; padding: .8rem .5rem; cursor: pointer; font-weight: 500; border-radius: 6px;
}
.scopes label:hover { background: var(--go-wash); }
.scopes label:has(:focus-visible) { outline: 3px solid var(--go); outline-offset: -2px; }
.scopes input {
  appearance: none; display: grid; place-content: center; width: 1.4rem; height: 1.4rem; margin: .05rem 0 0;
  border: 2px solid var(--edge); border-radius: 5px; background: var(--card); cursor: pointer;
}
.scopes input:checked { background: var(--go); border-color: var(--go); }
.scopes input:checked::before {
  content: ""; width: .4rem; height: .75rem; border: solid var(--go-ink); border-width: 0 3px 3px 0;
  transform: translateY(-1px) rotate(45deg);
}
.scopes input:focus-visible { outline: none; }
.scopes .hint { grid-column: 2; font-weight: 400; font-size: .875rem; color: var(--quiet); }

.facts { list-style: none; margin: 1.5rem 0 0; padding: 1rem 1.15rem; background: var(--paper); border-radius: 10px; font-size: .9375rem; }
.facts li + li { margin-block-start: .65rem; }
.facts strong { font-weight: 600; }

.notice { margin-block-start: 1.25rem; padding: .85rem 1rem; border-radius: 9px; background: var(--go-wash); border-inline-start: 4px solid var(--go); }
.notice p:first-child { margin-block-start: 0; }
.notice.warning { background: var(--warn-wash); border-inline-start-color: var(--warn); }
.notice.problem { background: var(--end-wash); border-inline-start-color: var(--end); }
.top { margin: 0 0 1rem; }

.title-row { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .35rem 1.25rem; margin-block-end: 1.25rem; }
.who { display: flex; flex-wrap: wrap; align-items: center; gap: 0 .9rem; color: var(--quiet); font-size: .9375rem; }
.grant header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .15rem 1rem; align-items: baseline; }
.grant dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 8.5rem), 1fr)); gap: .9rem 1.25rem; margin: 1.15rem 0 0; }
.grant dt { font-size: .8125rem; color: var(--quiet); }
.grant dd { margin: .1rem 0 0; }
.grant .usage { margin-block-start: 1.1rem; }
.grant fieldset { margin-block-start: 1.1rem; }
.grant legend { float: none; font: 400 .8125rem/1.4 var(--sans); color: var(--quiet); }
.grant .scopes label { padding-block: .6rem; }
.grant .scopes + p { margin-block-start: .5rem; }
.grant .actions { margin-block-start: 1.1rem; }
.asked { display: grid; gap: .75rem; margin: 1.35rem 0 0; padding: 1rem 1.15rem; background: var(--paper); border-radius: 10px; font-size: .9375rem; }
.asked dt { font-size: .8125rem; color: var(--quiet); }
.asked dd { margin: .1rem 0 0; overflow-wrap: anywhere; }
.asked .code { font-size: 1.25rem; }
.asks { font-size: 1.05rem; margin-block-start: 1.35rem; }
.asks + ul { margin: .35rem 0 0; padding-inline-start: 1.25rem; }
.code { font-family: var(--mono); letter-spacing: .08em; }
input.code { font-size: 1.35rem; text-transform: uppercase; }
.card > p:first-child { margin-block-start: 0; }
.card > dl + p { margin-block-start: 1.25rem; }
.section { margin: 2.5rem 0 1rem; }
details { margin-block-start: .5rem; }
details[open] { padding-block-end: .25rem; }
summary { cursor: pointer; color: var(--go); padding-block: .2rem; }
summary + p { margin-block-start: .3rem; }
.back { margin-block-start: 1.25rem; }
.evidence { margin: .5rem 0 0; padding-inline-start: 1.1rem; }
.evidence li + li { margin-block-start: .35rem; }
.past { list-style: none; margin: 0; padding: 0; }
.past > li { padding: .9rem 0; border-block-end: 1px solid var(--line); }
.past > li:first-child { padding-block-start: 0; }
.past > li:last-child { padding-block-end: 0; border-block-end: 0; }
.past + details { margin-block-start: 1rem; }
.asked-for { outline: 3px solid var(--go); outline-offset: -1px; }
.asked-for :is(h2, h3) { scroll-margin-block-start: 6rem; } /* with the line above it */
.past > li.asked-for { padding: .75rem; border-radius: 6px; }
.grant > .led, .past .led { margin: 0 0 .6rem; color: var(--go); font-weight: 600; }

@media (max-width: 24rem) {
  .masthead { padding-block: 1.1rem .9rem; }
  .masthead, main, .foot { padding-inline: .75rem; }
  button, a.button { padding-inline: .75rem; }
  legend { font-size: 1.05rem; }
}
@media (forced-colors: active) {
  .scopes input { appearance: auto; }
  .scopes input::before { display: none; }
  button, a.button, .card, .facts, .notice { border: 1px solid; }
}
.list { margin: 1rem 0 0; }
.list dt { margin-block-start: .9rem; font-size: .9375rem; color: var(--quiet); }
.list dd { margin: .1rem 0 0; overflow-wrap: anywhere; }
.list a:has(> code) { text-underline-offset: .35em; }
.codes dt { font-size: 1rem; }
@media (min-width: 46rem) {
  .codes { display: grid; grid-template-columns: 12.5rem 1fr; gap: .6rem 1rem; }
  .codes dt, .codes dd { margin: 0; }
}
.card h1 + h2, .card p + h2, .card dl + h2 { margin-block-start: 1.6rem; }

.printed { display: none; }
@media print {
  :root {
    color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --quiet: #333; --line: #aaa; --edge: #666;
    --go: #000; --end: #000; --warn: #000; --go-wash: #fff; --end-wash: #fff; --warn-wash: #fff; --shadow: none;
  }
  body { display: block; min-height: 0; font-size: 10.5pt; }
  .masthead, main, .wide .masthead, .wide main { max-width: none; padding-inline: 0; }
  .skip, .foot, button, a.button, .back, .record, .untick { display: none; }
  .card { border-radius: 0; padding: 1rem; }
  .grant, .past > li, .evidence li, .notice { break-inside: avoid; }
  h1, h2, h3, summary { break-after: avoid; }
  summary { list-style: none; color: inherit; font-weight: 600; }
  details::details-content { content-visibility: visible; block-size: auto; } /* a receipt is nothing without its evidence */
  a { color: inherit; text-decoration: none; }
  main a[href^="http"]::after { content: " <" attr(href) ">"; overflow-wrap: anywhere; }
  time[title]::after { content: " (" attr(title) ")"; } /* what the script has put in place of UTC, and UTC */
  .scopes input:checked { background: none; }
  .scopes input:checked::before { border-color: #000; }
  .printed { display: block; margin-block-start: 1.5rem; font-size: .875rem; overflow-wrap: anywhere; }
}
`;

const VERSION = createHash('sha256').update(STYLESHEET).digest('base64url').slice(0, 16);

/** Changes with the content, so that it can be kept for ever. */
export const STYLESHEET_PATH = `/assets/drawbridge-${VERSION}.css`;
