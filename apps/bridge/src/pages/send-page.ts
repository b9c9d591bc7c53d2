import type { ServerResponse } from 'node:http';

/**
 * What every page is sent with: no script of any kind, in nobody's frame, no address leaked to where its links lead,
 * and never kept. `formAction`: where a form's answer may be redirected to besides this origin. Chrome applies
 * `form-action` to the whole chain of redirects, so without it nobody would get back to the app.
 */
export function setPageHeaders(set: (name: string, value: string) => void, formAction: readonly string[] = []): void {
  set(
    'Content-Security-Policy',
    [
      "default-src 'none'",
      "style-src 'self'",
      'img-src data:',
      `form-action ${["'self'", ...formAction].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
  );
  set('X-Frame-Options', 'DENY');
  set('Referrer-Policy', 'no-referrer');
  set('X-Content-Type-Options', 'nosniff');
  set('Cache-Control', 'no-store');
}

export interface PageResponse {
  status?: number;
  formAction?: readonly string[];
}

export function sendPage(
  response: ServerResponse,
  html: string,
  { status = 200, formAction }: PageResponse = {},
): void {
  response.statusCode = status;
  setPageHeaders((name, value) => response.setHeader(name, value), formAction);
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
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
