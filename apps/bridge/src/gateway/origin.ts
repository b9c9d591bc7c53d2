import type { App } from '@drawbridge/partners';

/**
 * Whether a page of this origin may open as the app: the origin must be that of one of its redirect addresses. A native
 * app's loopback address is registered for any port (RFC 8252 section 7.3), and so is its origin.
 */
export function isOriginOf(app: App, origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const given = new URL(origin);
  if (given.origin !== origin) return false;
  return app.redirectUris.some((uri) => {
    const registered = new URL(uri);
    if (app.kind === 'native') return registered.protocol === given.protocol && registered.hostname === given.hostname;
    return registered.origin === origin;
  });
}
