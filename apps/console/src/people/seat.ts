import { type Bridge, createClient, type State, type WebSocketLike } from '@drawbridge/client';
import type { SignIn } from '@drawbridge/client/sign-in';
import { signal } from '@preact/signals';
import { STATE_MEANS } from '../faults/state-map.js';
import { textOf } from '../parts/text.js';
import type { Said } from '../send/said-line.js';
import { socketUrl } from '../send/wscat.js';
import type { Settings } from '../settings.js';
import type { Side } from '../wire/entry.js';
import { type FrameLog, NAME_MAX } from '../wire/frame-log.js';
import { Tap } from '../wire/tap.js';
import { Chat } from './chat.js';
import { isSignInOver } from './consent-over.js';
import { beginSignIn, signInOf } from './sign-in-window.js';

const SIGNED_OUT: State = { name: 'signed-out', retryable: false };
/** Testers do not want to wait as long as a crowd of clients has to. */
const BACKOFF = { baseMs: 250, maxMs: 5_000 };

/** One of the two people: who they are, their connection, and what they see. */
export class Seat {
  readonly tap: Tap;
  readonly chat: Chat;
  readonly signIn: SignIn;
  readonly state = signal(SIGNED_OUT);
  /** What is signed in, by whom, and what it may do. */
  readonly session = signal<Bridge['session']>(undefined);
  /** Whether the tester closed the connection, and wants it to stay so. */
  readonly isAway = signal(false);
  /** Whether the connection is the tester's own, and the SDK is closed meanwhile. */
  readonly isByHand = signal(false);
  /** What came of the slash command that was typed in this person's message field. */
  readonly commanded = signal<Said | undefined>(undefined);
  /** Why a sign-in failed, for the person to read. */
  readonly problem = signal('');
  /** The SDK's own; undefined while nobody is signed in here. */
  client: Bridge | undefined;
  /** How far the events have been told, so that the next client goes on from there. */
  #cursor: Bridge['cursor'];
  #byHand: WebSocketLike | undefined;

  constructor(
    readonly side: Side,
    private readonly settings: Settings,
    log: FrameLog,
  ) {
    this.tap = new Tap(side, log);
    this.signIn = signInOf(side, settings);
    this.chat = new Chat(() => this.client);
  }

  /** The person's name, once the bridge has said it. */
  get name(): string {
    const person = this.session.value?.person;
    return textOf(person?.name ?? person?.id, NAME_MAX) || (this.side === 'left' ? 'Left' : 'Right');
  }

  /** Connects, if somebody is signed in from before. */
  async start(): Promise<void> {
    if (await this.signIn.isSignedIn()) this.connect();
  }

  /** Somebody signed in, who may be another person than before. */
  async signedIn(): Promise<void> {
    await this.disconnect();
    this.#ended();
    this.connect();
  }

  async beginSignIn(): Promise<void> {
    this.problem.value = '';
    try {
      await beginSignIn(this.side, this.signIn);
    } catch (error) {
      this.problem.value = `The sign-in could not begin: ${(error as Error).message}`;
    }
  }

  /** A connection without the SDK: nobody behind it answers `hello`, so that the tester does. `connect` ends it. */
  async connectByHand(): Promise<void> {
    await this.disconnect();
    this.isByHand.value = true;
    const socket = new this.tap.webSocket(socketUrl(this.settings.publicUrl), 'drawbridge.v1');
    socket.addEventListener('close', () => {
      if (this.#byHand === socket) this.#handOver();
    });
    this.#byHand = socket;
  }

  connect(): void {
    this.#handOver();
    this.problem.value = '';
    this.isAway.value = false;
    if (this.client) {
      this.client.open();
      return;
    }
    const client = createClient({
      url: this.settings.publicUrl,
      client: { name: 'Drawbridge console', version: '1' },
      token: this.signIn.accessToken,
      webSocket: this.tap.webSocket,
      backoff: BACKOFF,
      ...(this.#cursor ? { resume: this.#cursor } : {}),
    });
    this.client = client;
    client.on('state', (state) => this.#changed(client, state));
    client.on('event', (event) => {
      // It may say that the consent was narrowed.
      if (client === this.client && client.session) this.session.value = client.session;
      this.chat.heard(event);
    });
    client.on('outbox', (entry) => this.chat.outboxChanged(entry));
  }

  /** Stays away until `connect`, which goes on from where it was. To be offline and queue is the tap's weather. */
  async disconnect(): Promise<void> {
    this.#handOver();
    const { client } = this;
    this.client = undefined;
    this.isAway.value = true;
    await client?.close();
    this.#cursor = client?.cursor ?? this.#cursor;
  }

  /** Ends this sign-in's consent on its connection (`session.close`). Throws what the bridge refuses it with. */
  async closeSession(): Promise<void> {
    await this.client?.signOut();
  }

  /** Ends this sign-in's consent (RFC 7009), as an app does when its person signs out. */
  async signOut(): Promise<void> {
    try {
      await this.signIn.signOut();
    } catch (error) {
      this.problem.value = `The bridge was not told, so the consent lasts: ${(error as Error).message}`;
    }
    // Where there is a connection, the bridge closes it, and that tells the rest.
    if (this.isAway.value) this.#ended();
  }

  #handOver(): void {
    const socket = this.#byHand;
    this.#byHand = undefined;
    this.isByHand.value = false;
    socket?.close(1_000);
  }

  #changed(client: Bridge, state: State): void {
    if (client !== this.client && state.reason !== 'closed') return;
    this.state.value = state;
    const { reason, retryInMs } = state;
    const why = [reason, retryInMs === undefined ? undefined : `again in ${Math.round(retryInMs)} ms`];
    const told = why.filter((part) => part !== undefined).join(', ');
    this.tap.log.told(
      { side: this.side, connection: this.tap.connection },
      'state',
      state.name,
      told || STATE_MEANS[state.name],
    );
    if (client.session) this.session.value = client.session;
    if (state.name === 'live') void this.chat.load();
    if (state.name === 'ended' && reason !== 'closed') {
      this.client = undefined;
      if (isSignInOver(reason)) {
        this.#ended();
        void this.signIn.forget();
      } else {
        this.#cursor = client.cursor ?? this.#cursor;
        this.isAway.value = true;
      }
    }
  }

  /** Nothing of what was read stays on the page. */
  #ended(): void {
    this.session.value = undefined;
    this.isAway.value = false;
    this.#cursor = undefined;
    this.tap.log.vacate(this.side);
    this.chat.forget();
  }
}
