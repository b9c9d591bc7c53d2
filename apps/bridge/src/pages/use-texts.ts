import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Texts } from '../texts/en.js';
import { LANGUAGES, type Language } from '../texts/languages.js';

/** The language that the page around a component is shown in. */
export const LanguageContext = createContext<Language>(LANGUAGES[0]!);

/** What that language says. */
export function useTexts(): Texts {
  return useContext(LanguageContext).texts;
}
