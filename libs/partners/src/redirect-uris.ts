/** Where a code may be sent back to. Native apps: a loopback address whose port is free (RFC 8252 section 7.3). */
export type AppKind = 'native' | 'device' | 'web';

const LOOPBACK_HOSTS = new Set(['127.0.0.1', '[::1]']);

/** What is wrong with a redirect address of an app of this kind, or undefined when it is in order. */
export function redirectUriProblem(kind: AppKind, uri: string): string | undefined {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (!url) return 'is not a URL';
  if (url.hash || uri.includes('#')) return 'has a fragment';
  if (url.username || url.password) return 'has credentials in it';
  const loopback = LOOPBACK_HOSTS.has(url.hostname);
  if (kind === 'web')
    return url.protocol === 'https:' || (url.protocol === 'http:' && loopback) ? undefined : 'is not https';
  if (url.protocol !== 'http:' || !loopback) return 'is not a loopback address (http://127.0.0.1/… or http://[::1]/…)';
  if (url.port) return 'names a port: native apps may use any';
  return undefined;
}
