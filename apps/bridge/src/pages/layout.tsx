import type { ComponentChildren } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { STYLESHEET_PATH } from './stylesheet.js';

export interface PageOptions {
  /** For lists and tables; forms and messages are narrow. */
  wide?: boolean;
  /** Connected apps itself needs no link to itself. */
  linkToConnectedApps?: boolean;
}

/** A whole HTML document in the product's one layout. `title` is what the tab says, before the product's name. */
export function page(
  title: string,
  body: ComponentChildren,
  { wide = false, linkToConnectedApps = true }: PageOptions = {},
): string {
  const html = renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>{`${title} · Drawbridge`}</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href={STYLESHEET_PATH} />
      </head>
      <body class={wide ? 'wide' : undefined}>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <header class="masthead">
          <a class="brand" href="/">
            <Mark />
            Drawbridge
          </a>
        </header>
        <main id="content">{body}</main>
        <footer class="foot">
          {linkToConnectedApps && (
            <>
              <a href="/connected-apps">Connected apps</a>: see what you have allowed, and end it.
            </>
          )}
        </footer>
      </body>
    </html>,
  );
  return `<!DOCTYPE html>${html}`;
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
