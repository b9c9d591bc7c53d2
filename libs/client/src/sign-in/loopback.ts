import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
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

/** Whoever keeps a connection to the listener open after the end is cut off. */
const LINGER_MS = 1_000;

/** Signs in with the system browser, for desktop apps (RFC 8252): the code comes back to a listener on the loopback address. */
export async function signInWithBrowser(signIn: SignIn, options: BrowserOptions = {}): Promise<void> {
  const { path = '/callback', open = openBrowser, page = defaultPage, signal } = options;
  signal?.throwIfAborted();
  const answered = Promise.withResolvers<URLSearchParams>();
  const gaveUp = Promise.withResolvers<never>();
  /** The browser, which may ask more than once; it is answered when it is known how it ended. */
  const asking: ServerResponse[] = [];
  let expected: string | undefined;
  // Any page and any program on this machine can ask: who does not know the state is told nothing.
  const server = createServer(({ method, url = '' }, response) => {
    const [pathname, ...query] = url.split('?');
    const answer = new URLSearchParams(query.join('?'));
    if (method !== 'GET' || pathname !== path || expected === undefined || answer.get('state') !== expected)
      return void response.writeHead(404, { connection: 'close' }).end();
    asking.push(response);
    answered.resolve(answer);
  });
  const giveUp = () => gaveUp.reject(signal?.reason);
  signal?.addEventListener('abort', giveUp);
  let outcome: 'signed in' | 'not signed in' = 'not signed in';
  const comesBack = async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { flow, url } = await beginFlow(signIn, `http://127.0.0.1:${port}${path}`);
    expected = flow.state;
    // It may be done only when the browser has been answered, or never.
    const opened = async () => await open(url.href);
    const answer = await Promise.race([answered.promise, opened().then(() => answered.promise)]);
    return { flow, answer };
  };
  try {
    const { flow, answer } = await Promise.race([comesBack(), gaveUp.promise]);
    await finishFlow(signIn, answer, flow);
    outcome = 'signed in';
  } finally {
    signal?.removeEventListener('abort', giveUp);
    const head = { 'content-type': 'text/html; charset=utf-8', 'referrer-policy': 'no-referrer', connection: 'close' };
    for (const response of asking) response.writeHead(200, head).end(page(outcome));
    server.close();
    setTimeout(() => server.closeAllConnections(), LINGER_MS).unref();
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

/**
 * The platform's own way to open an address of the web; it throws where it is another, which some program might be started
 * for. Nothing happens where there is no browser: show the address as well.
 */
export function openInBrowser(url: string): void {
  if (!/^https?:$/.test(new URL(url).protocol)) throw new TypeError('It is no address for a browser.');
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function defaultPage(outcome: 'signed in' | 'not signed in'): string {
  const said = outcome === 'signed in' ? 'You are signed in.' : 'You are not signed in.';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${said}</title><p>${said} You can close this page and go back to the app.</p></html>`;
}
