import { shownName } from '@drawbridge/consent';
import type { Texts } from '../texts/en.js';
import { name, type Rich } from '../texts/rich.js';
import { BROWSER_NAME, browserName } from './browser-name.js';
import type { DeviceInfo } from './device-codes.js';

const NAME_CODE_POINTS_MAX = 60;

/** What the device says it is, which may be anything. */
export function deviceName({ userAgent }: DeviceInfo): string | undefined {
  const said = userAgent.startsWith('Mozilla/') ? browserName(userAgent) : shownName(userAgent);
  return said && [...said].slice(0, NAME_CODE_POINTS_MAX).join('');
}

/** What is kept with a grant of how its person signed in by a device's code. In English, as a browser's name is. */
export function signedInOnDevice(askedFrom: DeviceInfo, userAgent: string | undefined): string {
  const device = deviceName(askedFrom);
  const browser = browserName(userAgent);
  return `a code${device ? ` on ${device}` : ''}${browser ? `, allowed in ${browser}` : ''}`;
}

const BY_CODE = /^a code(?: on (.+?))?(?:, allowed in ([^,]+))?$/su;

/** What is kept, in the words of a page. Read by what it was made of: what is neither is a name. */
export function signedInWith(texts: Texts, kept: string): Rich {
  const byCode = BY_CODE.exec(kept);
  if (!byCode) return browserWords(texts, kept);
  const { browsers } = texts;
  const [, device, browser] = byCode;
  const code = device === undefined ? browsers.code : browsers.codeOn(browserWords(texts, device));
  return browser === undefined ? code : browsers.codeAllowedIn(code, browserWords(texts, browser));
}

/** Chrome on Linux; a device may have any other name. */
export function browserWords({ browsers }: Texts, said: string): Rich {
  const [, browser, system] = BROWSER_NAME.exec(said) ?? [];
  return browser && system ? browsers.browserOn(browser, system) : name(said);
}
