import type { Console } from '../console.js';
import { textWithoutSecrets } from '../send/secrets.js';

/** But tabs and line feeds: a terminal that it is pasted into could take the others for keys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** To the clipboard, from where it goes anywhere: so without tokens, whatever it is. */
export async function copy(console: Console, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(textWithoutSecrets(text).replaceAll(CONTROL, ' '));
    console.say('Copied.');
  } catch {
    console.say('The browser did not let this page copy.');
  }
}
