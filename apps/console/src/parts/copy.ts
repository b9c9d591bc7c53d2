import type { Console } from '../console.js';
import { textWithoutSecrets } from '../send/secrets.js';

/** To the clipboard, from where it goes anywhere: so without tokens, whatever it is. */
export async function copy(console: Console, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(textWithoutSecrets(text));
    console.say('Copied.');
  } catch {
    console.say('The browser did not let this page copy.');
  }
}
