import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beginFlow, finishFlow } from './flow.js';
import type { SignIn } from './sign-in.js';

export interface BrowserOptions {
  /** The path of the redirect address that the app is registered with, `http://127.0.0.1/callback` by default. */
  readonly path?: string;
  /** Opens the system browser; in Electron `shell.openExternal`. By default the platform's own way. */
  readonly open?: (url: string) => unknown;
  /** Gives up, for instance because the person did. */
  readonly signal?: AbortSignal;
  /** What the person reads in the browser when it is done: HTML. */
  readonly page?: (outcome: 'signed in' | 'not signed in') => string;
}

/** Signs in with the system browser, for desktop apps (RFC 8252): the code comes back to a listener on the loopback address. */
export async function signInWithBrowser(signIn: SignIn, options: BrowserOptions = {}): Promise<void> {
  const { path = '/callback', open = openBrowser, page = defaultPage, signal } = options;
  signal?.throwIfAborted();
  const { promise: answered, resolve, reject } = Promise.withResolvers<URLSearchParams>();
  let expected: string | undefined;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname !== path || expected === undefined || searchParams.get('state') !== expected)
      return void response.writeHead(404).end();
    const outcome = searchParams.has('code') ? 'signed in' : 'not signed in';
    const head = { 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer', connection: 'close' };
    response.writeHead(200, head).end(page(outcome));
    resolve(searchParams);
  });
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { flow, url } = await beginFlow(signIn, `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    expected = flow.state;
    await open(url.href);
    await finishFlow(signIn, await answered, flow);
  } finally {
    signal?.removeEventListener('abort', abort);
    server.close();
  }
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Prints the address too: there may be no browser here. */
function openBrowser(url: string): void {
  console.error(`Sign in with your browser:\n\n  ${url}\n`);
  openInBrowser(url);
}

/** The platform's own way to open an address. Nothing happens where there is no browser: show the address as well. */
export function openInBrowser(url: string): void {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function defaultPage(outcome: 'signed in' | 'not signed in'): string {
  const said = outcome === 'signed in' ? 'You are signed in.' : 'You are not signed in.';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${said}</title><p>${said} You can close this page and go back to the app.</p></html>`;
}
