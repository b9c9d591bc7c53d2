// The web page of browser.spec.ts, which bundles it as a partner's app would.
import { type Bridge, createClient } from '../src/index.js';
import { indexedDbOutbox } from '../src/outbox/indexed-db.js';
import { beginRedirect, createSignIn, finishRedirect, indexedDbTokens } from '../src/sign-in/browser.js';

declare const settings: { readonly url: string; readonly redirectUri: string };

const { url, redirectUri } = settings;
const scopes = ['profile', 'messages.read', 'messages.send'];
const signIn = createSignIn({ url, clientId: 'a-web-app', scopes, storage: indexedDbTokens() });

let bridge: Bridge;
const texts: string[] = [];

/** For the test, which drives this page. */
const world = {
  signIn: () => beginRedirect(signIn, redirectUri),
  isSignedIn: () => signIn.isSignedIn(),
  forget: () => signIn.forget(),
  /** Without a token it never comes to a connection. */
  connect: ({ hasToken = true } = {}) => {
    const token = hasToken ? signIn.accessToken : () => new Promise<never>(() => {});
    bridge = createClient({ url, token, outbox: indexedDbOutbox(), backoff: { maxMs: 500 } });
    bridge.on('message.created', ({ message }) => texts.push(message.text ?? ''));
  },
  send: async (to: string, text: string) => (await bridge.sendTo(to, { text })).id,
  keyIsSecret: async () => {
    const kept = await indexedDbTokens().load();
    return crypto.subtle.exportKey('jwk', kept!.key.privateKey).then(
      () => false,
      () => true,
    );
  },
  /** Keeps something of nobody, and lets two people claim it at once; gives whose it is, by each, and in the store. */
  claimTwice: async () => {
    const entry = {
      localId: 'nobodys',
      command: 'message.send',
      data: { to: 'bob', text: 'x' },
      status: 'queued',
    } as const;
    const [one, other] = [indexedDbOutbox('claims'), indexedDbOutbox('claims')];
    await one.put({ ...entry, order: 1, queuedAt: '' });
    const owners = await Promise.all([one.claim!('nobodys', 'alice'), other.claim!('nobodys', 'bob')]);
    return { owners, kept: await one.load(), gone: (await other.claim!('another', 'bob')) ?? 'gone' };
  },
  state: () => bridge.state.name,
  waiting: async () => (await bridge.outbox.list()).length,
  texts,
  finished: finishRedirect(signIn),
};
export type PageWorld = typeof world;
Object.assign(globalThis, { world });
