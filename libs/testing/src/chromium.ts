import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Real Chromium from the machine's packages (the global setup installs it), with a fresh profile. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = PLACES.find((place) => existsSync(place));
  if (!executablePath) throw new Error('Chromium is not installed: install the package `chromium`.');
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  // It takes most of a second to load, and most tests have no browser.
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, headless: true, args });
}
