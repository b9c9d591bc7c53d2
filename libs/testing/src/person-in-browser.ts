import { FormBrowser, formWith } from './form-browser.js';

interface Person {
  readonly login: string;
  readonly scopes: readonly string[];
}

const password = 'drawbridge';

/** What the system browser and the person do: signs in, ticks, allows, and follows the way back to the app. */
export async function signsIn(
  url: string,
  { login, scopes }: Person,
  decision: 'allow' | 'deny' = 'allow',
): Promise<string> {
  const browser = new FormBrowser(new URL(url).origin);
  const consent = await browser.submit(formWith(await browser.get(url), 'login'), { login, password });
  const back = await browser.submit(formWith(consent, 'scope'), { scope: scopes }, ['decision', decision]);
  return (await fetch(back.left!)).text();
}

/** What the person does with the code that a device shows. */
export async function usesCode(url: string, { login, scopes }: Person): Promise<void> {
  const browser = new FormBrowser(new URL(url).origin);
  const asked = await browser.submit(formWith(await browser.get(url), 'user_code'));
  const consent = await browser.submit(formWith(asked, 'login'), { login, password });
  await browser.submit(formWith(consent, 'scope'), { scope: scopes }, ['decision', 'allow']);
}
