const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** What `browserName` makes of a browser and its system. */
export const BROWSER_NAME = new RegExp(`^(${namesOf(BROWSERS)}) on (${namesOf(SYSTEMS)})$`);

function namesOf(list: typeof BROWSERS): string {
  return list.map(([, name]) => name).join('|');
}

/** Where a sign-in was made, in words a person can tell two of them apart by: English, as they are kept and operators read them. */
export function browserName(userAgent: string | undefined): string | undefined {
  if (!userAgent) return undefined;
  const named = (list: typeof BROWSERS) => list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = named(BROWSERS);
  const system = named(SYSTEMS);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system;
}
