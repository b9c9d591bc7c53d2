import { de } from './de.js';
import { en, type Texts } from './en.js';

/** A language that the pages are written in. */
export interface Language {
  /** BCP 47 */
  readonly tag: string;
  readonly dir: 'ltr' | 'rtl';
  readonly texts: Texts;
}

/** The first is for whoever prefers none of them. Another one is a catalogue of the type Texts, and a line here. */
export const LANGUAGES: Language[] = [
  { tag: 'en', dir: 'ltr', texts: en },
  { tag: 'de', dir: 'ltr', texts: de },
];

/** As Express and Koa have it. */
interface Negotiating {
  acceptsLanguages(tags: string[]): string | false;
}

/**
 * The language that a person is shown: what the app says they prefer (`ui_locales`, OpenID Connect Core section 3.1.2.1),
 * or else what their browser says (`Accept-Language`, RFC 9110 section 12.5.4).
 */
export function languageFor(request: Negotiating, uiLocales = ''): Language {
  const asked = uiLocales
    .split(' ')
    .map(lookUp)
    .find((language) => language !== undefined);
  if (asked) return asked;
  const accepted = request.acceptsLanguages(LANGUAGES.map(({ tag }) => tag));
  return (accepted && named(accepted)) || LANGUAGES[0]!;
}

/** `de-CH-1996` is `de-CH` for whoever has no such language, and then `de` (RFC 4647 section 3.4). */
function lookUp(tag: string): Language | undefined {
  for (let range = tag; range !== ''; range = range.slice(0, Math.max(0, range.lastIndexOf('-')))) {
    const language = named(range);
    if (language) return language;
  }
  return undefined;
}

function named(wanted: string): Language | undefined {
  return LANGUAGES.find(({ tag }) => tag.toLowerCase() === wanted.toLowerCase());
}
