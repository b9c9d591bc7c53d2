import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BridgeProcess, signsIn, startBridge, usesCode } from '@drawbridge/testing';
import { createClient, type State } from '../src/index.js';
import { createSignIn, fileTokens, type SignIn, signInOnDevice, signInWithBrowser } from '../src/sign-in/node.js';
import { QUICK } from './bridge-harness.js';

const SCOPES = ['profile', 'messages.read', 'messages.send'];
const alice = { login: 'alice', scopes: SCOPES };

let bridge: BridgeProcess;
let file: string;
beforeAll(async () => {
  bridge = await startBridge({ database: 'pglite' });
  file = join(await mkdtemp(join(tmpdir(), 'drawbridge-sign-in-')), 'tunebox', 'sign-in.json');
});
afterAll(() => bridge[Symbol.asyncDispose]());

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
    let page = '';
    const open = async (url: string) => {
      page = await signsIn(url, alice, 'deny');
    };
    await expect(signInWithBrowser(signIn, { open })).rejects.toMatchObject({ code: 'access_denied' });
    expect(page).toContain('You are not signed in.');
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
});
