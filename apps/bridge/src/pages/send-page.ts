import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import { languageFor } from '../texts/languages.js';
import type { Page } from './page.js';
import { TIMES_SCRIPT_PATH } from './times-script.js';

/** Where an Express application keeps the origin that the public sees. */
export const PUBLIC_URL = 'public url';

export interface PageRules {
  /**
   * Where a form's answer may be redirected to besides this origin. Chrome applies `form-action` to the whole chain of
   * redirects, so without it nobody would get back to the app.
   */
  formAction?: readonly string[];
  /** The one file that may be a script on the page; otherwise there is none of any kind. */
  script?: string;
}

/** What every page is sent with: nothing from elsewhere, in nobody's frame, no address leaked to where its links lead, and never kept. */
export function pageHeaders({ formAction = [], script }: PageRules = {}): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    'img-src data:',
    ...(script ? [`script-src ${script}`, "require-trusted-types-for 'script'", "trusted-types 'none'"] : []),
    `form-action ${["'self'", ...formAction].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}

export interface PageResponse {
  formAction?: readonly string[];
  /** What the app says of the person's languages. */
  uiLocales?: string | undefined;
}

/** A page in the language of whoever asks, with its headers, of which `Vary` is to be added to what is there. */
export function pageFor(
  request: Request,
  page: Page,
  { formAction = [], uiLocales }: PageResponse = {},
): { html: string; headers: Record<string, string>; vary: string } {
  const language = languageFor(request, uiLocales);
  const publicUrl = String(request.app.get(PUBLIC_URL));
  const rules = { formAction, ...(page.localTimes ? { script: timesScriptAt(publicUrl) } : {}) };
  return {
    html: page.html(language, `${publicUrl}${request.originalUrl}`),
    headers: {
      ...pageHeaders(rules),
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language.tag,
    },
    vary: 'Accept-Language',
  };
}

export function sendPage(
  request: Request,
  response: ServerResponse,
  page: Page,
  { status = 200, ...rules }: PageResponse & { status?: number } = {},
): void {
  const { html, headers, vary } = pageFor(request, page, rules);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.appendHeader('Vary', vary);
  response.end(html);
}

/** See other: after a form, so that going back or reloading repeats nothing. */
export function sendTo(response: ServerResponse, location: string): void {
  response.statusCode = 303;
  response.setHeader('Location', location);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', 'no-store');
  response.end();
}

/** As CSP names it, which has no notation for an IPv6 address. */
function timesScriptAt(publicUrl: string): string {
  return new URL(publicUrl).hostname.startsWith('[') ? "'self'" : `${publicUrl}${TIMES_SCRIPT_PATH}`;
}
