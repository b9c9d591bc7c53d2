/// <reference lib="esnext.disposable" preserve="true" />
import type { Session, ShownMessage, WireCommands } from '@drawbridge/protocol';
import { Acks } from './acks.js';
import { BACKOFF } from './backoff.js';
import { isConsentOver } from './closes.js';
import { ConversationHandle, type NewMessage, type NewRecommendation } from './conversation.js';
import { clientError } from './errors.js';
import { type BridgeEvent, type Cursor, type EventName, Events, type EventsOptions } from './events.js';
import { Link } from './link.js';
import { Listeners } from './listeners.js';
import { type ClientOptions, DEFAULTS } from './options.js';
import { memoryOutbox } from './outbox/memory.js';
import type { OutboxEntry } from './outbox/outbox.js';
import { type CommandName, type RequestOptions, Requests } from './requests.js';
import { type Sending, type SendOptions, type SendResults, Sends } from './sends.js';
import { platformWebSocket } from './socket.js';
import type { State } from './state.js';
import { Tokens } from './tokens.js';

/** What `on` tells of: the state, each change in the outbox, every event, and each event by its name. */
export type BridgeListeners = {
  state: [state: State];
  outbox: [entry: Readonly<OutboxEntry>];
  event: [event: BridgeEvent];
} & { [Name in EventName]: [data: Told<Name>['data'], cursor: Told<Name>['cursor']] };

type Told<Name> = Extract<BridgeEvent, { event: Name }>;

type OwnName = 'state' | 'outbox' | 'event';
const OWN_NAMES: readonly string[] = ['state', 'outbox', 'event'] satisfies OwnName[];
/** Of states that nobody has read. */
const MAX_STATES = 100;

/** What is to be sent, and what could not be. */
export interface Outbox {
  list(): Promise<OutboxEntry[]>;
  retry(localId: string): Promise<void>;
  discard(localId: string): Promise<void>;
  clear(): Promise<void>;
}

/** Connects to a bridge, and stays connected until it is closed or nothing but the person can help. */
export function createClient(options: ClientOptions): Bridge {
  return new Bridge(options);
}

export class Bridge implements AsyncDisposable {
  readonly outbox: Outbox;
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #sends: Sends;
  readonly #events: Events;
  readonly #acks: Acks;
  /** By what they listen to: what the bridge calls an event is never taken for what the SDK says itself. */
  readonly #listeners = new Listeners<Pick<BridgeListeners, OwnName>>();
  readonly #eventListeners = new Listeners<Omit<BridgeListeners, OwnName>>();
  readonly #drainTimeoutMs: number;
  readonly #stopListening: () => void;
  /** Aborted when the bridge is closed. */
  readonly #over = new AbortController();

  constructor(options: ClientOptions) {
    const { openTimeoutMs, pongTimeoutMs, requestTimeoutMs, maxOutbox, client } = { ...DEFAULTS, ...given(options) };
    const url = checked(options.url);
    const backoff = { ...BACKOFF, ...given(options.backoff ?? {}) };
    this.#drainTimeoutMs = options.drainTimeoutMs ?? DEFAULTS.drainTimeoutMs;
    this.#acks = new Acks((seq) => this.#acknowledge(seq));
    this.#events = new Events(
      (event) => this.#heard(event),
      (seq) => this.#acks.stored(seq),
    );
    if (options.resume) this.#events.begin(options.resume);
    const link = {
      url,
      address: `${url.replace(/^http/, 'ws')}/bridge`,
      webSocket: options.webSocket ?? platformWebSocket(),
      client,
      openMs: openTimeoutMs,
      pongMs: pongTimeoutMs,
      backoff,
    };
    this.#link = new Link(link, new Tokens(options.token), this.#events, (state) => this.#changed(state));
    this.#requests = new Requests(this.#link, backoff, requestTimeoutMs);
    this.#sends = new Sends(options.outbox ?? memoryOutbox(), this.#link, this.#requests, maxOutbox, (entry) =>
      this.#listeners.tell('outbox', { ...entry }),
    );
    this.outbox = this.#sends;
    this.#stopListening = onNetwork(() => this.#link.nudge());
    options.signal?.addEventListener('abort', () => this.#end(), { signal: this.#over.signal });
    if (options.signal?.aborted) this.#end();
    else if (options.autoOpen !== false) queueMicrotask(() => this.#link.state.name === 'signed-out' && this.open());
  }

  get state(): State {
    return this.#link.state;
  }

  /** Who is signed in, with which app, and what it may do. Undefined without a connection. */
  get session(): Session | undefined {
    return this.#link.session;
  }

  /** The last durable event that was told; keep it and give it back as `resume`, if you listen with `on`. */
  get cursor(): Cursor | undefined {
    return this.#events.place;
  }

  /** Connects, after a sign-in or when it had ended; does nothing where that is under way. */
  open(): void {
    if (!this.#over.signal.aborted) this.#link.open();
  }

  /** Calls back until the function that is returned is called. */
  on<Name extends keyof BridgeListeners>(name: Name, listener: (...args: BridgeListeners[Name]) => void): () => void {
    const listeners = (OWN_NAMES.includes(name) ? this.#listeners : this.#eventListeners) as Listeners<BridgeListeners>;
    return listeners.add(name, listener);
  }

  /** The state now, and each one after it, until the bridge is closed. */
  async *status(options: { signal?: AbortSignal } = {}): AsyncGenerator<State, void, undefined> {
    const states: State[] = [this.state];
    let wake = Promise.withResolvers<void>();
    const leave = this.on('state', (state) => {
      if (states.push(state) > MAX_STATES) states.shift();
      wake.resolve();
    });
    const over = options.signal ? AbortSignal.any([options.signal, this.#over.signal]) : this.#over.signal;
    const end = () => wake.resolve();
    over.addEventListener('abort', end);
    try {
      for (;;) {
        for (let state = states.shift(); state; state = states.shift()) yield state;
        options.signal?.throwIfAborted();
        if (over.aborted) return;
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      leave();
      over.removeEventListener('abort', end);
    }
  }

  /** Events, in order and without a gap; it throws when the consent ends, and is over when the bridge is closed. */
  events(options: EventsOptions = {}): AsyncIterableIterator<BridgeEvent> & AsyncDisposable {
    const stream = this.#events.stream(options);
    if (this.state.name === 'ended') this.#events.end(this.#link.endError());
    const { place } = this.#events;
    if (options.after && place && this.#events.lacksBefore(place)) this.#link.rewind();
    return stream;
  }

  /** Any command of the protocol. */
  request<Name extends CommandName>(
    command: Name,
    data: WireCommands[Name]['data'],
    options?: RequestOptions,
  ): Promise<WireCommands[Name]['reply']> {
    return this.#requests.request(command, data, options);
  }

  conversation(id: string): ConversationHandle {
    return new ConversationHandle(id, this.#requests, this.#sends);
  }

  /** Sends to a contact, in the direct conversation with them, which is made if need be. */
  sendTo(person: string, { text }: Pick<NewMessage, 'text'>, options?: SendOptions): Sending<ShownMessage> {
    return this.#sends.add('message.send', { to: person, text }, options);
  }

  /** Recommends a title to contacts. */
  recommend(what: NewRecommendation, options?: SendOptions): Sending<SendResults['recommendation.send']> {
    return this.#sends.add('recommendation.send', what, options);
  }

  /** How long a `ping` takes, in milliseconds. */
  async rtt(options?: RequestOptions): Promise<number> {
    await this.#link.whenOpen(options?.signal ?? AbortSignal.timeout(options?.timeoutMs ?? DEFAULTS.requestTimeoutMs));
    const since = performance.now();
    await this.#requests.request('ping', {}, options);
    return performance.now() - since;
  }

  /** Resolves when everything is sent, or has failed, and what was stored is acknowledged. */
  async drain({ signal, timeoutMs }: RequestOptions = {}): Promise<void> {
    const limits = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
    const limit = AbortSignal.any(limits.filter((each) => each !== undefined));
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = () => reject(limit.reason === signal?.reason ? limit.reason : clientError('timeout'));
    if (limit.aborted) abort();
    limit.addEventListener('abort', abort);
    try {
      await Promise.race([promise, this.#sends.drained().then(() => this.#acks.flush())]);
    } finally {
      limit.removeEventListener('abort', abort);
    }
  }

  /** Ends this sign-in: the consent is over, and everything that was kept should be forgotten. */
  async signOut(options?: RequestOptions): Promise<void> {
    // A client that was made just now opens first.
    await null;
    // It would wait for whoever signs in next, and sign them out.
    if (this.state.name === 'signed-out') throw clientError('signed_out');
    await this.#requests.request('session.close', {}, options);
    await this.outbox.clear();
  }

  /** Sends what can be sent, for a while, and closes. What a durable outbox keeps, the next client sends. */
  async close(): Promise<void> {
    if (this.#link.session) await this.drain({ timeoutMs: this.#drainTimeoutMs }).catch(() => {});
    this.#end();
    await this.#sends.written(this.#drainTimeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(): void {
    this.#stopListening();
    this.#acks.reset();
    this.#link.close();
    this.#sends.leave(clientError('closed'));
    this.#over.abort();
  }

  #changed(state: State): void {
    const { name, reason } = state;
    const isEnded = name === 'ended';
    if (name === 'opening') this.#sends.begin();
    else if (name === 'signed-out' || (isEnded && reason === 'person_changed')) this.#sends.signedOut();
    else if (isEnded && isConsentOver(reason)) this.#sends.fail(this.#link.endError());
    else if (isEnded) this.#sends.pause();
    if (isEnded || name === 'signed-out' || reason === 'person_changed') this.#acks.reset();
    if (name === 'catching-up' || name === 'live') void this.#sends.resume().catch(() => {});
    this.#listeners.tell('state', state);
  }

  #heard(event: BridgeEvent): void {
    if (event.event === 'mailbox.reset') this.#acks.reset();
    this.#listeners.tell('event', event);
    this.#eventListeners.tell(event.event, event.data as never, event.cursor);
  }

  async #acknowledge(seq: number): Promise<void> {
    if (this.session?.grant.scopes.includes('messages.read')) await this.#requests.request('mailbox.ack', { seq });
  }
}

/** Without the trailing `/`. Throws where it is no address of a bridge, which no reconnecting would mend. */
function checked(url: string): string {
  const { href, protocol } = new URL(url);
  if (!/^https?:$/.test(protocol)) throw new TypeError(`The url of a bridge is one with https: (${url}).`);
  return href.replace(/\/+$/, '');
}

/** What is undefined was left out. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

interface NetworkEvents {
  addEventListener?(type: 'online', listener: () => void): void;
  removeEventListener?(type: 'online', listener: () => void): void;
}

/** Browsers and Electron tell when the network is there again. */
function onNetwork(act: () => void): () => void {
  const target = globalThis as NetworkEvents;
  target.addEventListener?.('online', act);
  return () => target.removeEventListener?.('online', act);
}
