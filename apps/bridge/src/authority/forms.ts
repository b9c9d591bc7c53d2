import { isUuid } from '@drawbridge/consent';
import type { Request } from 'express';

/** One field of a posted form; what was left out, or came more than once, is empty. */
export function field(request: Request, name: string): string {
  const value = bodyOf(request)[name];
  return typeof value === 'string' ? value : '';
}

/** All values of a field, such as ticked boxes. */
export function fields(request: Request, name: string): string[] {
  const value = bodyOf(request)[name];
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
}

/** The grant that a link to Connected apps is about, kept in the address over the sign-in. */
export function askedGrant({ query: { grant } }: Request): string | undefined {
  return typeof grant === 'string' && isUuid(grant) ? grant.toLowerCase() : undefined;
}

/**
 * The pairs of a cookie header. Only what HTTP calls white space is no part of a name: `trim` takes U+00A0 as well, and
 * a browser lets any neighbouring host set a cookie that is called `__Host-…` after that.
 */
export function cookiePairs(header = ''): string[] {
  return header
    .split(';')
    .map((part) => part.replace(/^[ \t]+/, ''))
    .filter((pair) => pair !== '');
}

/** The value of a cookie if it looks as we make them. */
export function cookieOf(request: Request, cookie: string, shape: RegExp): string | undefined {
  for (const pair of cookiePairs(request.headers.cookie)) {
    const [name, value] = pair.split('=', 2);
    if (name === cookie && value && shape.test(value)) return value;
  }
  return undefined;
}

/** Browsers say so when another site's page sends a form here; who says nothing is judged by the form's token alone. */
export function isFromElsewhere(request: Request): boolean {
  const site = request.headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

function bodyOf(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
