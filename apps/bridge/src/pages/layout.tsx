import type { ComponentChildren } from 'preact';
import type { Language } from '../texts/languages.js';
import { STYLESHEET_PATH } from './stylesheet.js';
import { Time } from './time.js';
import { TimesScript } from './times-script.js';

export interface PageOptions {
  /** For lists and tables; forms and messages are narrow. */
  wide?: boolean;
  /** Connected apps itself needs no link to itself. */
  linkToConnectedApps?: boolean;
  /**
   * Times are shown in the person's own zone where their browser has JavaScript: not beside a password. Printed, the page
   * says where and when that was.
   */
  localTimes?: boolean;
}

/** The product's one layout. */
export function Layout(
  props: PageOptions & { language: Language; title: string; address: string; children: ComponentChildren },
) {
  const { language, title, address, children, wide = false, linkToConnectedApps = true, localTimes = false } = props;
  const { texts, tag, dir } = language;
  return (
    <html lang={tag} dir={dir}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · Drawbridge`}</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href={STYLESHEET_PATH} />
        {localTimes && <TimesScript times={texts.times} />}
      </head>
      <body class={wide ? 'wide' : undefined}>
        <a class="skip" href="#content">
          {texts.layout.skip}
        </a>
        <header class="masthead">
          <a class="brand" href="/">
            <Mark />
            Drawbridge
          </a>
        </header>
        <main id="content">{children}</main>
        <footer class="foot">
          {linkToConnectedApps && texts.layout.footer((text) => <a href="/connected-apps">{text}</a>)}
        </footer>
        {localTimes && (
          <p class="printed">
            {texts.layout.printed(<bdi dir="ltr">{address}</bdi>, <Time at={new Date()} as="instant" />)}
          </p>
        )}
      </body>
    </html>
  );
}

const MARK =
  'M3 28.5h26M6 28V9.5h4.5V28M21.5 28V9.5H26V28M5 9.5h6.5M20.500 9.500h6.500M10.500 22l6-8M21.500 22l-5-7M8.250 9.500v-4M23.750 9.500v-4';

/** A bridge with its deck half raised. */
function Mark() {
  return (
    <svg
      viewBox="0 0 32 32"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={MARK} />
    </svg>
  );
}

const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#17594f"/><path transform="translate(4 3) scale(.75)" d="${MARK}" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>`,
)}`;
