import type { ShownMessage, WireCommands } from '@drawbridge/protocol';
import { type BridgeError, clientError } from './errors.js';
import type { Link } from './link.js';
import type { OutboxEntry, OutboxStore, SendCommand } from './outbox/outbox.js';
import type { Requests } from './requests.js';

export interface SendResults {
  'message.send': ShownMessage;
  'recommendation.send': WireCommands['recommendation.send']['reply']['sent'];
}

/** What is being sent: `localId` at once, the rest when the bridge has stored it. Nothing breaks when nobody awaits it. */
export type Sending<Result> = Promise<Result> & { readonly localId: string };

export interface SendOptions {
  /** Takes it back, unless it is sent already. */
  readonly signal?: AbortSignal;
}

/** Of failed ones so many are kept to be looked at; the oldest go first. */
const MAX_FAILED = 100;

class Item {
  readonly settled = Promise.withResolvers<unknown>();
  /** Nothing more comes of it, and nobody needs to listen whether it is taken back. */
  unlisten = () => {};
  /** Of the try under way. */
  abort: AbortController | undefined;
  isGone = false;

  constructor(readonly entry: OutboxEntry) {
    this.settled.promise.catch(() => {});
  }

  /** What has this in common is sent one after the other. */
  get lane(): string {
    const { conversation, to } = this.entry.data as { conversation?: string; to?: string | string[] };
    return conversation ?? `to ${to}`;
  }
}

/** Why a try was given up, which says nothing of what was to be sent. */
const PAUSED = new Error('paused');

/** Sends what is in the outbox: lanes side by side, each in order, one at a time, until the bridge has it or refuses it. */
export class Sends {
  readonly #items = new Map<string, Item>();
  readonly #busy = new Set<string>();
  /** What the store is writing. */
  readonly #writes = new Set<Promise<unknown>>();
  readonly #loaded: Promise<void>;
  #idle: PromiseWithResolvers<void> | undefined;
  #order = 0;
  /** Who was signed in last, as long as it is not over. */
  #person: string | undefined;
  /** Why nothing is sent by itself any more: the consent is over. */
  #over: BridgeError | undefined;
  #closed: BridgeError | undefined;

  constructor(
    private readonly store: OutboxStore,
    private readonly link: Link,
    private readonly requests: Requests,
    private readonly maxWaiting: number,
    private readonly changed: (entry: Readonly<OutboxEntry>) => void,
  ) {
    this.#loaded = this.#load();
    this.#loaded.catch(() => {});
  }

  add<Command extends SendCommand>(
    command: Command,
    data: OutboxEntry<Command>['data'],
    { signal }: SendOptions = {},
  ): Sending<SendResults[Command]> {
    this.#order = Math.max(this.#order + 1, Date.now());
    const person = this.#who;
    const item = new Item({
      localId: crypto.randomUUID(),
      command,
      data,
      status: 'queued',
      order: this.#order,
      queuedAt: new Date().toISOString(),
      ...(person === undefined ? {} : { person }),
    });
    const { localId } = item.entry;
    if (this.#closed) item.settled.reject(this.#closed);
    else if (this.#waiting().length >= this.maxWaiting) item.settled.reject(clientError('outbox_full'));
    else {
      this.#items.set(localId, item);
      this.changed(item.entry);
      const discard = () => void this.discard(localId).catch(() => {});
      signal?.addEventListener('abort', discard);
      item.unlisten = () => signal?.removeEventListener('abort', discard);
      if (signal?.aborted) discard();
      if (this.#over) void this.#failed(item, this.#over);
      this.#keep(item).then(
        () => this.#pump(item.lane),
        (error) => this.#drop(item, error),
      );
    }
    return Object.assign(item.settled.promise, { localId }) as Sending<SendResults[Command]>;
  }

  /** Everything that is not sent yet, and what failed, in the order in which it was written. */
  async list(): Promise<OutboxEntry[]> {
    await this.#loaded;
    return this.#inOrder().map(({ entry }) => ({ ...entry }));
  }

  /** Tries a failed one again. Its promise settles as a first one would. */
  async retry(localId: string): Promise<void> {
    await this.#loaded;
    const failed = this.#items.get(localId);
    if (failed?.entry.status !== 'failed') return;
    const { error: _, ...entry } = failed.entry;
    const item = new Item({ ...entry, status: 'queued' });
    this.#items.set(localId, item);
    await this.#keep(item);
    this.changed(item.entry);
    this.#pump(item.lane);
  }

  /** Takes it back, if it is not sent: what is under way may still arrive. */
  async discard(localId: string): Promise<void> {
    await this.#loaded;
    const item = this.#items.get(localId);
    if (item) await this.#drop(item, clientError('discarded'));
  }

  async clear(): Promise<void> {
    await this.#loaded;
    await Promise.all([...this.#items.keys()].map((localId) => this.discard(localId)));
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#loaded;
    if (this.#waiting().length > 0) {
      if (this.#closed) throw this.#closed;
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    await Promise.allSettled(this.#writes);
  }

  /** Resolves when the store has written what it was given, or does not come to an end with it. */
  async written(withinMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.allSettled(this.#writes), late]);
    clearTimeout(timer);
  }

  /** A session is open. */
  async resume(): Promise<void> {
    this.#person = this.#who;
    await this.#loaded;
    for (const lane of new Set(this.#waiting().map((item) => item.lane))) this.#pump(lane);
  }

  /** Whoever signs in next may be somebody else. */
  signedOut(): void {
    this.#person = undefined;
    this.pause();
  }

  /** There will be no connection by itself: what is under way waits again. */
  pause(): void {
    for (const { abort } of this.#items.values()) abort?.abort(PAUSED);
  }

  /** Somebody signs in anew. */
  begin(): void {
    this.#over = undefined;
  }

  /** The consent is over, and this is not sent by itself any more. */
  fail(error: BridgeError): void {
    this.#over = error;
    for (const item of this.#waiting()) void this.#failed(item, error);
    this.#person = undefined;
  }

  /** The bridge is closed. What a store keeps, the next one sends. */
  leave(error: BridgeError): void {
    this.#closed = error;
    this.pause();
    for (const { settled } of this.#items.values()) settled.reject(error);
    this.#idle?.reject(error);
  }

  async #load(): Promise<void> {
    const entries = (await this.store.load()).toSorted((a, b) => a.order - b.order);
    const added = [...this.#items.values()];
    this.#items.clear();
    const last = entries.at(-1)?.order ?? 0;
    for (const entry of entries)
      this.#items.set(entry.localId, new Item({ ...entry, status: entry.status === 'failed' ? 'failed' : 'queued' }));
    // What was written meanwhile comes after that, whatever the clock was set to when that was written.
    const laterBy = Math.max(0, last + 1 - (added[0]?.entry.order ?? last + 1));
    for (const { entry } of added) Object.assign(entry, { order: entry.order + laterBy });
    for (const item of added) this.#items.set(item.entry.localId, item);
    this.#order = Math.max(this.#order + laterBy, last);
    for (const { entry } of this.#items.values()) this.changed(entry);
  }

  #inOrder(): Item[] {
    return [...this.#items.values()].toSorted((a, b) => a.entry.order - b.entry.order);
  }

  get #who(): string | undefined {
    return this.link.session?.person.id ?? this.#person;
  }

  #waiting(): Item[] {
    const person = this.#who;
    const isTheirs = ({ entry }: Item) => entry.person === undefined || person === undefined || entry.person === person;
    return this.#inOrder().filter((item) => item.entry.status !== 'failed' && isTheirs(item));
  }

  #keep(item: Item): Promise<void> {
    return this.#written(async () => {
      await this.#loaded;
      if (!item.isGone)
        await this.store.put({ ...item.entry, status: item.entry.status === 'failed' ? 'failed' : 'queued' });
    });
  }

  async #written(write: () => Promise<void>): Promise<void> {
    const writing = write();
    this.#writes.add(writing);
    await writing.finally(() => this.#writes.delete(writing));
  }

  #pump(lane: string): void {
    if (!this.#busy.has(lane)) void this.#sendAll(lane);
  }

  /** While it is not, what is added says that it is queued; what was under way goes on with the next connection. */
  get #isConnected(): boolean {
    const { name } = this.link.state;
    return this.link.session !== undefined && (name === 'live' || name === 'catching-up');
  }

  async #sendAll(lane: string): Promise<void> {
    this.#busy.add(lane);
    try {
      for (let goesOn = true; goesOn; ) {
        const item = this.#waiting().find((each) => each.lane === lane);
        goesOn = item !== undefined && this.#isConnected && (await this.#send(item));
      }
    } finally {
      // In the same step as the last look: what is added after it finds the lane free.
      this.#busy.delete(lane);
    }
  }

  /** False when the lane has to wait for another session. */
  async #send(item: Item): Promise<boolean> {
    const { entry } = item;
    const { command, data, localId } = entry;
    item.abort = new AbortController();
    try {
      entry.status = 'sending';
      entry.person ??= this.link.session!.person.id;
      await this.#keep(item);
      this.changed(entry);
      const reply = await this.requests.untilAnswered(
        command,
        { ...data, clientId: localId } as never,
        item.abort.signal,
      );
      await this.#sent(item, reply);
      return true;
    } catch (error) {
      if (item.isGone) return true;
      if (error === PAUSED || this.link.state.name === 'ended') {
        if (entry.status === 'sending') entry.status = 'queued';
        this.changed(entry);
        return false;
      }
      await this.#failed(item, error as BridgeError);
      return true;
    } finally {
      item.abort = undefined;
    }
  }

  async #sent(item: Item, reply: unknown): Promise<void> {
    const { message, sent } = reply as { message?: ShownMessage; sent?: unknown };
    item.entry.status = 'sent';
    item.settled.resolve(message ?? sent);
    this.#forget(item);
    // Where this fails it is sent once more after a restart, and is not stored twice.
    await this.#remove(item);
  }

  #remove({ entry }: Item): Promise<void> {
    return this.#written(() => this.store.remove(entry.localId)).catch(() => {});
  }

  async #failed(item: Item, error: BridgeError): Promise<void> {
    const { code = 'internal', message, docs } = error;
    item.entry.status = 'failed';
    item.entry.error = { code, message, ...(docs === undefined ? {} : { docs }) };
    item.abort?.abort(PAUSED);
    item.settled.reject(error);
    this.changed(item.entry);
    this.#noteIdle();
    await this.#keep(item).catch(() => {});
    const failed = this.#inOrder().filter(({ entry }) => entry.status === 'failed');
    for (const old of failed.slice(0, -MAX_FAILED)) await this.#drop(old, error);
  }

  async #drop(item: Item, error: unknown): Promise<void> {
    const { code = 'internal', message } = error as BridgeError;
    item.entry.status = 'failed';
    item.entry.error = { code, message };
    item.settled.reject(error);
    item.abort?.abort(PAUSED);
    this.#forget(item);
    await this.#remove(item);
  }

  #forget(item: Item): void {
    item.isGone = true;
    item.unlisten();
    this.#items.delete(item.entry.localId);
    this.changed(item.entry);
    this.#noteIdle();
  }

  #noteIdle(): void {
    if (this.#waiting().length > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
