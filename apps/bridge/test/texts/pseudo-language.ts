import { isValidElement } from 'preact';
import { en, type Texts } from '../../src/texts/en.js';
import type { Language } from '../../src/texts/languages.js';

/** Around everything that a catalogue says. */
const [OPEN, CLOSE] = ['⟦', '⟧'];

/** English between brackets, from right to left: what is on a page and in no brackets is in no catalogue. */
export interface PseudoLanguage extends Language {
  /** Entries of the catalogue that no page has asked for yet. */
  unused(): string[];
}

export function pseudoLanguage(): PseudoLanguage {
  const left = new Set<string>();
  const bracketed = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return `${OPEN}${value}${CLOSE}`;
    if (typeof value === 'function') {
      return (...values: unknown[]) => bracketed((value as (...of: unknown[]) => unknown)(...values), path);
    }
    if (Array.isArray(value) || isValidElement(value)) return [OPEN, value, CLOSE];
    if (typeof value !== 'object' || value === null || path === '.times.locale') return value;
    return watched(value, path);
  };
  /** Its entries, each noted when a page asks for it. */
  const watched = (value: object, path: string): object => {
    const entries = {};
    for (const [key, entry] of Object.entries(value)) {
      const at = `${path}.${key}`;
      if (typeof entry === 'string' || typeof entry === 'function' || Array.isArray(entry)) left.add(at);
      const said = at === '.times.locale' ? entry : bracketed(entry, at);
      Object.defineProperty(entries, key, {
        enumerable: true,
        get: () => {
          left.delete(at);
          return said;
        },
      });
    }
    return entries;
  };
  const texts = watched(en, '') as Texts;
  return { tag: 'ar-XB', dir: 'rtl', texts, unused: () => [...left] };
}

/** Data, names and code, which are in no catalogue; and the product's own name. A tab may be called by a code alone. */
const NO_TEXTS =
  /<(bdi|code|time|svg|script|style)\b[^>]*>[\s\S]*?<\/\1>|<title>\w+(?= ·)|· Drawbridge(?=<\/title>)|Drawbridge(?=<\/a>)/g;
/** What is read out or shown of an attribute. */
const SAID = /\s(?:alt|title|placeholder|aria-label)="([^"]*)"/g;

/** What a page says outside all brackets. */
export function outsideBrackets(html: string): string[] {
  const attributes = [...html.matchAll(SAID)].map(([, said = '']) => said).filter((said) => !said.startsWith(OPEN));
  let depth = 0;
  let outside = '';
  for (const character of html.replaceAll(NO_TEXTS, '').replaceAll(/<[^>]*>/g, ' ')) {
    if (character === OPEN) depth++;
    else if (character === CLOSE) depth--;
    else if (depth === 0) outside += character;
  }
  return [...outside.split(/\s+/), ...attributes].filter((word) => word !== '' && word !== 'XXXX-XXXX');
}
