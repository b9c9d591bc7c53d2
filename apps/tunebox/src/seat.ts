import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bridge, createClient, type State } from '@drawbridge/client';
import { fileOutbox } from '@drawbridge/client/outbox-file';
import { createSignIn, fileTokens, openInBrowser, type SignIn, signInWithBrowser } from '@drawbridge/client/sign-in';
import { Chat } from './chat/chat.js';
import { endOf } from './ends.js';
import type { Options } from './options.js';

const CLIENT_ID = 'tunebox-desktop';
const SCOPES = ['openid', 'profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];
const VERSION = '1.0';
const OUTBOX = 'outbox';
/** Another Tunebox on the same folder may write into it meanwhile. */
const FORGET_RETRIES = 3;
/** So long the bridge may take to hear of it, before the person is told that it has not. */
const SIGN_OUT_MS = 3_000;
const UNTOLD =
  'You are signed out here, but your messages could not be told: until then Tunebox stays on Connected apps. End it there.';

/** Where the person is. */
export type Phase =
  | { readonly name: 'starting' }
  | { readonly name: 'signed-out'; readonly note?: string }
  | { readonly name: 'signing-in'; readonly url?: string }
  | { readonly name: 'in'; readonly chat: Chat }
  | { readonly name: 'ended'; readonly text: string; readonly forgotten: boolean; readonly docs?: string };

/** One person's place on this computer: their sign-in, their connection, and what is kept for them. */
export class Seat {
  #phase: Phase = { name: 'starting' };
  #readers = new Set<() => void>();
  #bridge: Bridge | undefined;
  #abort: AbortController | undefined;
  readonly #signIn: SignIn;

  constructor(private readonly options: Options) {
    const { url, folder } = options;
    const storage = fileTokens(join(folder, 'sign-in.json'));
    this.#signIn = createSignIn({ url, clientId: CLIENT_ID, scopes: SCOPES, storage });
  }

  readonly phase = (): Phase => this.#phase;

  readonly subscribe = (reader: () => void): (() => void) => {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  };

  /** With the sign-in of the last time, if there is one. */
  async start(): Promise<void> {
    if (await this.#signIn.isSignedIn()) this.#enter();
    else this.#set({ name: 'signed-out' });
  }

  /** In the system browser, unless that is done already in another window; `cancel` gives it up. */
  async signIn(): Promise<void> {
    if (this.#phase.name === 'signing-in' || this.#phase.name === 'in') return;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#set({ name: 'signing-in' });
    const open = (url: string) => {
      this.#set({ name: 'signing-in', url });
      openInBrowser(url);
    };
    try {
      // Another Tunebox would lose the one that it is in with.
      if (!(await this.#signIn.isSignedIn())) await signInWithBrowser(this.#signIn, { open, signal });
      this.#enter();
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (signal.aborted || code === 'access_denied') this.#set({ name: 'signed-out' });
      else this.#set({ name: 'signed-out', note: `${message} (${this.options.url})` });
    }
  }

  cancel(): void {
    this.#abort?.abort(new Error('The person gave it up.'));
  }

  /** Ends the consent, and forgets everything. */
  async signOut(): Promise<void> {
    const bridge = this.#bridge;
    // The bridge answers with the end of the consent, which is seen as any other; where it cannot, the authority is told.
    const isTold = await (bridge?.signOut({ timeoutMs: SIGN_OUT_MS }) ?? Promise.reject())
      .catch(() => this.#signIn.signOut())
      .then(
        () => true,
        () => false,
      );
    if (this.#phase.name !== 'ended')
      await this.#over({ text: isTold ? endOf('signed_out').text : UNTOLD, isConsent: true });
  }

  /** What can be sent is; what cannot is kept. */
  async leave(): Promise<void> {
    this.cancel();
    await this.#bridge?.close();
  }

  /** First the sign-in, in its turn: another program that renews it would bring it back. */
  async forget(): Promise<void> {
    const { folder } = this.options;
    const { storage } = this.#signIn;
    await this.#signIn.forget();
    // Where the person has signed in again in another Tunebox meanwhile, what is there is of that one.
    await storage.exclusive(async () => {
      if (await storage.load()) return;
      await rm(join(folder, OUTBOX), { recursive: true, force: true, maxRetries: FORGET_RETRIES });
    });
    // Unless there is something else in it.
    await rmdir(folder).catch(() => {});
  }

  /** Signs out without a window. */
  async signOutOnly(): Promise<boolean> {
    const wasSignedIn = await this.#signIn.isSignedIn();
    try {
      await this.#signIn.signOut();
    } finally {
      await this.forget();
    }
    return wasSignedIn;
  }

  #enter(): void {
    const { url, folder } = this.options;
    const bridge = createClient({
      url,
      token: this.#signIn.accessToken,
      outbox: fileOutbox(join(folder, OUTBOX)),
      client: { name: 'Tunebox', version: VERSION },
    });
    this.#bridge = bridge;
    bridge.on('state', (state) => void this.#follow(bridge, state));
    this.#set({ name: 'in', chat: new Chat(bridge) });
  }

  async #follow(bridge: Bridge, { name, reason, docs }: State): Promise<void> {
    if (bridge !== this.#bridge || reason === 'closed') return;
    if (name === 'ended') await this.#over({ ...endOf(reason ?? 'internal'), docs });
    // The tokens are of no more use: the consent ended while nobody was connected.
    else if (name === 'signed-out' && reason === 'signed_out')
      await this.#over({
        text: 'Tunebox’s access to your messages has ended. Connected apps says when and why.',
        isConsent: true,
      });
  }

  async #over(end: { text: string; isConsent: boolean; docs?: string | undefined }): Promise<void> {
    const bridge = this.#bridge;
    if (!bridge) return;
    this.#bridge = undefined;
    if (end.isConsent) await bridge.outbox.clear().catch(() => {});
    // Nothing is written any more.
    await bridge.close();
    const isForgotten = end.isConsent && (await this.#hasForgotten());
    const text = end.isConsent && !isForgotten ? `${end.text} ${this.options.folder} could not be removed.` : end.text;
    this.#set({ name: 'ended', text, forgotten: isForgotten, ...(end.docs ? { docs: end.docs } : {}) });
  }

  #hasForgotten(): Promise<boolean> {
    return this.forget().then(
      () => true,
      () => false,
    );
  }

  #set(phase: Phase): void {
    this.#phase = phase;
    for (const reader of this.#readers) reader();
  }
}
