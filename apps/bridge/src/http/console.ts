import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCOPES } from '@drawbridge/protocol';
import express, { type Router } from 'express';
import type { Config } from '../config/config.js';
import { CONSOLE_CLIENT_ID, DEMO_PASSWORD, DEMO_PEOPLE } from '../demo/cast.js';
import { sendJson } from './respond.js';

export const CONSOLE_PATH = '/console';

/**
 * Scripts and styles of its own and nobody else's; connections to any bridge, since a recording can be replayed against
 * another one. It is an origin of its own, the internal listener's, and so is what it keeps.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' http: https: ws: wss:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  // Nothing in it makes elements or code out of text.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  // Whoever opened it, and whatever it opens, has no handle to it.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** The testers' page, as it was built into `dist`; without a build it says how to make one. */
export function consolePage({ publicUrl, demo, signIn, consoleHosts }: Config): Router {
  const router = express.Router();
  router.use(({ headers }, response, next) => {
    response.set(HEADERS);
    if (isOwnName(headers.host ?? '', consoleHosts)) next();
    else
      sendJson(response, 421, {
        code: 'unknown_host',
        message: 'Under this name there is no console: CONSOLE_HOSTS names those that have one.',
      });
  });
  const people = { logins: DEMO_PEOPLE.map(({ id }) => id), password: DEMO_PASSWORD };
  const settings = {
    publicUrl,
    clientId: CONSOLE_CLIENT_ID,
    scopes: SCOPES,
    ...(demo && !signIn ? { demo: people } : {}),
  };
  router.get('/settings.json', (_request, response) => sendJson(response, 200, settings));
  const folder = builtFolder();
  if (folder) {
    // The names of what is in there change with what it is.
    router.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', fallthrough: true }));
    router.use(express.static(folder, { setHeaders: (response) => response.setHeader('Cache-Control', 'no-cache') }));
  } else {
    router.get('/', (_request, response) =>
      sendJson(response, 503, { code: 'unavailable', message: 'The console is not built: run `npm run build`.' }),
    );
  }
  return router;
}

/**
 * Whether a browser that asks for this host has a page of ours, and not a stranger's whose name was made to point here (DNS
 * rebinding): an address is nobody's name, and localhost is always this machine (RFC 6761).
 */
function isOwnName(host: string, names: ReadonlySet<string>): boolean {
  const { hostname } = URL.parse(`http://${host}`) ?? { hostname: '' };
  return (
    isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 ||
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    names.has(hostname)
  );
}

/** Beside the built program, and under the same name from the sources. */
function builtFolder(): string | undefined {
  for (let folder = new URL('.', import.meta.url); folder.pathname !== '/'; folder = new URL('..', folder)) {
    const path = fileURLToPath(new URL('dist/apps/console/', folder));
    if (existsSync(join(path, 'index.html'))) return path;
  }
  return undefined;
}
