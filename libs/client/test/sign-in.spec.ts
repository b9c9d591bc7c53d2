import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgeProcess, FaultProxy, signsIn, startBridge, usesCode } from '@drawbridge/testing';
import { type BridgeError, createClient, type State } from '../src/index.js';
import {
  createSignIn,
  fileTokens,
  openInBrowser,
  type SignIn,
  signInOnDevice,
  signInWithBrowser,
} from '../src/sign-in/node.js';
import { QUICK } from './bridge-harness.js';

const SCOPES = ['profile', 'messages.read', 'messages.send'];
const alice = { login: 'alice', scopes: SCOPES };

/** Everything goes through it. */
let network: FaultProxy;
let bridge: BridgeProcess;
let file: string;
beforeAll(async () => {
  network = await FaultProxy.to('http://127.0.0.1:1');
  bridge = await startBridge({ database: 'postgres', env: { PUBLIC_URL: network.url } });
  network.lead(bridge.ownUrl);
  file = join(await mkdtemp(join(tmpdir(), 'drawbridge-sign-in-')), 'tunebox', 'sign-in.json');
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await bridge[Symbol.asyncDispose]();
});

/** One request as it is, and the first line of the answer. */
async function raw({ port, hostname }: URL, line: string): Promise<string> {
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  socket.write(`${line} HTTP/1.1\r\nHost: somewhere.example\r\n\r\n`);
  const [text] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return text.split('\r\n')[0]!;
}

const tunebox = (): SignIn =>
  createSignIn({ url: bridge.publicUrl, clientId: 'tunebox-desktop', scopes: SCOPES, storage: fileTokens(file) });
const connected = (signIn: SignIn) => {
  const client = createClient({
    url: bridge.publicUrl,
    backoff: QUICK,
    token: signIn.accessToken,
    requestTimeoutMs: 60_000,
  });
  const states: State[] = [];
  client.on('state', (state) => states.push(state));
  return { client, states, names: () => states.map(({ name }) => name) };
};

describe('Sign-in', () => {
  test('with the system browser says no when the person does', async () => {
    const signIn = tunebox();
    const page = Promise.withResolvers<string>();
    const open = async (url: string) => page.resolve(await signsIn(url, alice, 'deny'));
    await expect(signInWithBrowser(signIn, { open })).rejects.toMatchObject({ code: 'access_denied' });
    expect(await page.promise).toContain('You are not signed in.');
    expect(await signIn.accessToken()).toBeNull();
  });

  test('with the system browser leaves tokens bound to a key, in a file for this user alone, for the next start too', async () => {
    const signIn = tunebox();
    await signInWithBrowser(signIn, { open: (url) => signsIn(url, alice) });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await signIn.allowedScopes()).toSorted()).toEqual(SCOPES.toSorted());
    await using first = connected(signIn).client;
    await first.sendTo('bob', { text: 'Signed in' });
    expect(first.session).toMatchObject({
      person: { id: 'alice', name: expect.any(String) },
      app: { id: 'tunebox-desktop' },
    });
    await first.close();
    await using second = connected(tunebox()).client;
    expect(await second.rtt()).toBeGreaterThan(0);
  });

  test('answers nobody on the loopback address who does not know its state, and the browser when it is over', async () => {
    const signIn = createSignIn({ url: bridge.publicUrl, clientId: 'tunebox-desktop', scopes: SCOPES });
    const strangers: Promise<string>[] = [];
    const page = Promise.withResolvers<string>();
    const open = async (url: string) => {
      const back = new URL(new URL(url).searchParams.get('redirect_uri')!);
      const good = `${back.pathname}?state=${new URL(url).searchParams.get('state')}`;
      for (const line of [
        'GET //[',
        'GET /callback?code=a',
        'GET /callback?state=guess&code=a',
        `POST ${good}`,
        'GET *',
      ])
        strangers.push(raw(back, line));
      // One that asks for nothing, and stays.
      connect(Number(back.port), back.hostname).on('error', () => {});
      expect(await Promise.all(strangers)).toEqual(strangers.map(() => expect.stringMatching(/^HTTP\/1.1 40/)));
      page.resolve(await signsIn(url, alice));
    };
    await signInWithBrowser(signIn, { open });
    expect(await page.promise).toContain('You are signed in.');
    await signIn.signOut();
  });

  test.each([
    ['a code that is none', {}, 'invalid_grant'],
    ['the answer of another authority (RFC 9207)', { iss: 'https://another.example' }, 'invalid_response'],
    ['no issuer', { iss: undefined }, 'invalid_response'],
    ['two codes', { code: ['a', 'b'] }, 'invalid_response'],
  ])('with %s signs nobody in, and the browser says so', async (_, answer: Record<string, unknown>, code) => {
    const signIn = createSignIn({ url: bridge.publicUrl, clientId: 'tunebox-desktop', scopes: SCOPES });
    const pages: Promise<string>[] = [];
    const open = (url: string) => {
      const asked = new URL(url).searchParams;
      const given = { state: asked.get('state'), code: 'a', iss: `${bridge.publicUrl}/oidc`, ...answer };
      const back = new URL(asked.get('redirect_uri')!);
      for (const [name, values] of Object.entries(given))
        for (const value of [values].flat()) if (value !== undefined) back.searchParams.append(name, String(value));
      pages.push(fetch(back).then((response) => response.text()));
    };
    await expect(signInWithBrowser(signIn, { open })).rejects.toMatchObject({ code });
    expect(await pages[0]).toContain('You are not signed in.');
    expect(await signIn.isSignedIn()).toBe(false);
  });

  test('opens nothing that is not of the web, and is given up at once, also while the authority says nothing', async () => {
    const authority = createServer(({ url = '' }, response) => {
      if (url.startsWith('/hangs')) return;
      const endpoints = { authorization_endpoint: 'javascript:alert(1)', token_endpoint: `${origin}/token` };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ issuer: `${origin}/oidc`, ...endpoints }));
    }).listen(0, '127.0.0.1');
    await once(authority, 'listening');
    const origin = `http://127.0.0.1:${(authority.address() as AddressInfo).port}`;
    const opened: string[] = [];
    const open = (url: string) => void opened.push(url);
    const from = (url: string) => createSignIn({ url, clientId: 'tunebox-desktop', scopes: SCOPES });
    await expect(signInWithBrowser(from(origin), { open })).rejects.toMatchObject({ code: 'invalid_response' });
    expect(() => openInBrowser('file:///etc/passwd')).toThrow(TypeError);
    const giveUp = new AbortController();
    const waiting = signInWithBrowser(from(`${origin}/hangs`), { open, signal: giveUp.signal });
    await once(authority, 'request');
    giveUp.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    expect(opened).toEqual([]);
    authority.closeAllConnections();
    authority.close();
  });

  test('is not over because something in front of the authority says 502', async () => {
    const balancer = createServer((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
    await once(balancer.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
    const signIn = createSignIn({ url, clientId: 'tunebox-desktop', scopes: SCOPES });
    await signIn.keep({ accessToken: 'a', refreshToken: 'r', expiresAt: 0, scopes: [], key: await signIn.newKey() });
    await expect(signIn.accessToken()).rejects.toMatchObject({ code: 'invalid_response', retryable: true });
    expect(await signIn.isSignedIn()).toBe(true);
    balancer.close();
  });

  test('is renewed once, however many ask for it at once, in however many programs', async () => {
    const [one, other] = [tunebox(), tunebox()];
    const before = JSON.parse(await readFile(file, 'utf8')) as { refreshToken: string };
    const asked = [one, one, other, other].map((signIn) => signIn.accessToken({ reason: 'rejected' }));
    const tokens = new Set((await Promise.all(asked)).map((token) => token?.accessToken));
    expect(tokens.size).toBe(1);
    expect((JSON.parse(await readFile(file, 'utf8')) as { refreshToken: string }).refreshToken).not.toBe(
      before.refreshToken,
    );
    await using client = connected(one).client;
    expect(await client.rtt()).toBeGreaterThan(0);
  });

  test('is forgotten for good, also while it is being renewed', async () => {
    const signIn = tunebox();
    await signInWithBrowser(signIn, { open: (url) => signsIn(url, alice) });
    const { client } = connected(signIn);
    await client.rtt();
    const renewing = signIn.accessToken({ reason: 'rejected' });
    await tunebox().signOut();
    await renewing;
    expect(existsSync(file)).toBe(false);
    for await (const { name, reason } of client.status()) {
      if (name !== 'ended') continue;
      expect(reason).toBe('signed_out');
      await client.close();
    }
    await signInWithBrowser(signIn, { open: (url) => signsIn(url, alice) });
  });

  test('survives that the bridge is killed, or drained, and starts again: what was being sent is sent once (I3, I5)', async () => {
    const { client, states } = connected(tunebox());
    await client.rtt();
    const after = client.cursor!;
    const texts: string[] = [];
    const reading = (async () => {
      for await (const { event, data } of client.events({ after })) {
        if (event === 'message.created') texts.push(data.message.text ?? '');
        if (texts.at(-1) === 'end') return;
      }
    })();
    const send = (text: string) => client.sendTo('bob', { text });
    const sent = [send('before the kill'), send('and another')];
    await bridge.kill();
    sent.push(send('while it is away'));
    await bridge.start();
    await Promise.all(sent);
    const stopped = bridge.stop();
    await Promise.all([send('while it goes away'), stopped.then(() => bridge.start())]);
    await send('end');
    await reading;
    expect(texts).toEqual(['before the kill', 'and another', 'while it is away', 'while it goes away', 'end']);
    expect(states.filter(({ name }) => name === 'reconnecting').map(({ reason }) => reason)).toContain('going_away');
    await client.close();
  });

  test('is over when the person ends it, and the tokens are forgotten at the next use', async () => {
    const signIn = tunebox();
    const { client, states } = connected(signIn);
    await client.rtt();
    await client.signOut();
    for await (const { name } of client.status()) if (name === 'ended') break;
    expect(states.at(-1)).toMatchObject({ name: 'ended', reason: 'signed_out' });
    expect(await signIn.isSignedIn()).toBe(true);
    expect(await signIn.accessToken({ reason: 'rejected' })).toBeNull();
    expect(await signIn.isSignedIn()).toBe(false);
    await client.close();
  });

  test('on a device shows a code, waits for the person, and signs out by revocation', async () => {
    const scopes = ['recommendations.send', 'contacts.read'];
    const signIn = createSignIn({ url: bridge.publicUrl, clientId: 'reelhouse-tv', scopes });
    const show = (code: { verificationUriComplete: string | undefined }) =>
      usesCode(code.verificationUriComplete!, { login: 'alice', scopes });
    await signInOnDevice(signIn, { show });
    const { client } = connected(signIn);
    const title = {
      kind: 'film',
      id: 'stone-floor',
      name: 'Stone Floor',
      url: 'https://reelhouse.example/films/stone-floor',
    };
    expect(await client.recommend({ to: ['bob'], title })).toMatchObject([{ to: 'bob' }]);
    await signIn.signOut();
    for await (const { name, reason } of client.status()) {
      if (name !== 'ended') continue;
      expect(reason).toBe('signed_out');
      await client.close();
    }
    expect(await signIn.accessToken()).toBeNull();
  });

  test('on a device that asks too early goes on 5 s more slowly, once the bridge says so (RFC 8628)', async () => {
    const scopes = ['recommendations.send', 'contacts.read'];
    const signIn = createSignIn({ url: bridge.publicUrl, clientId: 'reelhouse-tv', scopes });
    const { authority } = signIn;
    const [deviceCode, pollDevice] = [authority.deviceCode.bind(authority), authority.pollDevice.bind(authority)];
    const polls: number[] = [];
    const told: unknown[] = [];
    const allowed = Promise.withResolvers<void>();
    let address = '';
    authority.deviceCode = async (asked) => ({ ...(await deviceCode(asked)), interval: 0.2 });
    authority.pollDevice = (...asked) => {
      polls.push(performance.now());
      return pollDevice(...asked).catch((error: BridgeError) => {
        told.push(error.code);
        if (error.code === 'slow_down')
          usesCode(address, { login: 'alice', scopes }).then(allowed.resolve, allowed.reject);
        throw error;
      });
    };
    const show = (code: { verificationUriComplete: string | undefined }) => {
      address = code.verificationUriComplete!;
    };
    await Promise.all([signInOnDevice(signIn, { show }), allowed.promise]);
    expect(told).toEqual(['authorization_pending', 'slow_down']);
    const [, early = 0, last = 0] = polls;
    expect(last - early).toBeGreaterThanOrEqual(5_000);
    await signIn.signOut();
  });
});
