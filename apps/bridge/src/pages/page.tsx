import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Texts } from '../texts/en.js';
import type { Language } from '../texts/languages.js';
import { plain, type Rich } from '../texts/rich.js';
import { Layout, type PageOptions } from './layout.js';
import { LanguageContext } from './use-texts.js';

/** A page before it is known in which language it is shown. */
export interface Page {
  /** Its times may be shown in the person's own zone, by the one script there is (times-script.ts). */
  readonly localTimes: boolean;
  /** A whole HTML document. `address` is what it says of where it is, when it is printed. */
  html(language: Language, address: string): string;
}

export interface PageContent {
  /** What the tab says, before the product's name. */
  title: Rich;
  body: ComponentChildren;
}

/** A page in the product's one layout. */
export function page(of: (texts: Texts) => PageContent, options: PageOptions = {}): Page {
  return {
    localTimes: options.localTimes ?? false,
    html: (language, address) => {
      const { title, body } = of(language.texts);
      const html = renderToString(
        <LanguageContext.Provider value={language}>
          <Layout language={language} title={plain(title)} address={address} {...options}>
            {body}
          </Layout>
        </LanguageContext.Provider>,
      );
      return `<!DOCTYPE html>${html}`;
    },
  };
}
