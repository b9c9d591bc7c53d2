/** `npm run screenshots`: every page and every state of it as a picture, and a sheet to look through them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launchChromium, stopOwnPostgres } from '@drawbridge/testing';
import type { Page } from 'playwright-core';
import { CONSOLE_JOURNEY } from './console-journey.js';
import { contactSheet } from './contact-sheet.js';
import { JOURNEYS } from './journeys.js';
import { Stage } from './stage.js';
import { VIEWS, view, walk } from './walk.js';

const HELP = `npm run screenshots [-- options]
  --only <text>        the states with this in their name, such as consent or apps/ended
  --out <folder>       where the pictures go (screenshots)
  --languages <list>   in these languages (en): en,de`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      out: { type: 'string', default: 'screenshots' },
      languages: { type: 'string', default: 'en' },
      help: { type: 'boolean', default: false },
    },
  });
  if (!values.help) return { ...values, languages: values.languages.split(',') };
  console.log(HELP);
  process.exit(0);
}

const { only, out, languages } = readOptions();
const folder = resolve(out);
// A way by its own name; anything else is looked for on all of them, because which states a way has only going it tells.
const journeys = [...JOURNEYS, CONSOLE_JOURNEY];
const named = journeys.filter(({ name }) => only.split('/')[0] === name);
const states: { language: string; state: string }[] = [];

async function takePictures(): Promise<void> {
  await using stage = await Stage.start();
  await using browser = await launchChromium();
  for (const locale of languages) {
    mkdirSync(join(folder, locale), { recursive: true });
    const take = async (page: Page, state: string) => {
      if (!state.includes(only)) return;
      for (const seen of VIEWS) {
        await view(page, seen);
        const path = join(folder, locale, `${state.replace('/', '.')}.${seen.name}.png`);
        await page.screenshot({ path, fullPage: true });
      }
      states.push({ language: locale, state });
      console.log(`${locale} ${state}`);
    };
    await walk({ stage, browser, locale }, take, named.length > 0 ? named : journeys);
  }
}

try {
  await takePictures();
} finally {
  await stopOwnPostgres();
}
writeFileSync(join(folder, 'index.html'), contactSheet(states));
console.log(`${states.length * VIEWS.length} pictures: ${join(folder, 'index.html')}`);
if (states.length === 0) process.exitCode = 1;
