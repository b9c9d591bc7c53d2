import type { Session, ShownMessage, WireCommands } from '@drawbridge/protocol';
import { type BridgeError, clientError } from './errors.js';
import type { Link } from './link.js';
import { Item, Items } from './outbox/items.js';
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

/** Why a try was given up, which says nothing of what was to be sent. */
const PAUSED = new Error('paused');

/** Sends what is in the outbox: lanes side by side, each in order, one at a time, until the bridge has it or refuses it. */
export class Sends {
  readonly #items: Items;
  readonly #busy = new Set<string>();
  #idle: PromiseWithResolvers<void> | undefined;
  /** For which the store was looked at last. */
  #session: Session | undefined;
  /** Who was signed in last, as long as it is not over. */
  #person: string | undefined;
  #hadPerson = false;
  /** Why nothing is sent by itself any more: the consent is over. */
  #over: BridgeError | undefined;
  #closed: BridgeError | undefined;
  readonly #unwatch: (() => void) | undefined;

  constructor(
    store: OutboxStore,
    private readonly link: Link,
    private readonly requests: Requests,
    private readonly maxWaiting: number,
    private readonly changed: (entry: Readonly<OutboxEntry>) => void,
  ) {
    this.#items = new Items(store, (entry) => {
      this.changed(entry);
      this.#noteIdle();
    });
    this.#unwatch = store.watch?.(() => void this.#look().catch(() => {}));
  }

  add<Command extends SendCommand>(
    command: Command,
    data: OutboxEntry<Command>['data'],
    { signal }: SendOptions = {},
  ): Sending<SendResults[Command]> {
    const person = this.#who;
    const entry: OutboxEntry = {
      localId: crypto.randomUUID(),
      command,
      data,
      status: 'queued',
      order: this.#items.nextOrder(),
      queuedAt: new Date().toISOString(),
      ...(person === undefined ? {} : { person }),
    };
    const item = new Item(entry, true);
    const { localId } = item.entry;
    if (this.#closed) item.settled.reject(this.#closed);
    else if (this.#waiting().length >= this.maxWaiting) item.settled.reject(clientError('outbox_full'));
    else {
      this.#items.set(item);
      const discard = () => void this.discard(localId).catch(() => {});
      signal?.addEventListener('abort', discard);
      item.unlisten = () => signal?.removeEventListener('abort', discard);
      if (signal?.aborted) discard();
      if (this.#over) void this.#failed(item, this.#over);
      this.#items.keep(item).then(
        () => this.#pump(item.lane),
        (error) => this.#drop(item, error),
      );
    }
    return Object.assign(item.settled.promise, { localId }) as Sending<SendResults[Command]>;
  }

  /** Everything that is not sent yet, and what failed, in the order in which it was written. */
  async list(): Promise<OutboxEntry[]> {
    await this.#items.loaded;
    return this.#items.inOrder().map(({ entry }) => ({ ...entry }));
  }

  /** Tries a failed one again. Its promise settles as a first one would. */
  async retry(localId: string): Promise<void> {
    await this.#items.loaded;
    const failed = this.#items.get(localId);
    if (failed?.entry.status !== 'failed') return;
    const { error: _, ...entry } = failed.entry;
    const item = new Item({ ...entry, status: 'queued' }, true);
    this.#items.set(item);
    await this.#items.keep(item);
    this.#pump(item.lane);
  }

  /** Takes it back, if it is not sent: what is under way may still arrive. */
  async discard(localId: string): Promise<void> {
    await this.#items.loaded;
    const item = this.#items.get(localId);
    if (item) await this.#drop(item, clientError('discarded'));
  }

  /** Of other tabs and programs too. */
  async clear(): Promise<void> {
    await this.#items.look();
    await Promise.all(this.#items.inOrder().map((item) => this.#drop(item, clientError('discarded'))));
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#items.loaded;
    if (this.#waiting().length > 0) {
      const over = this.#closed ?? this.#over;
      if (over) throw over;
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    await this.#items.written();
  }

  /** Resolves when the store has written what it was given, or does not come to an end with it. */
  async written(withinMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([this.#items.written(), late]);
    clearTimeout(timer);
  }

  /** A session is open. */
  async resume(): Promise<void> {
    this.#person = this.#who;
    this.#hadPerson = true;
    const { session } = this.link;
    const isNew = session !== this.#session;
    this.#session = session;
    await (isNew ? this.#items.look() : this.#items.loaded);
    this.#pumpAll();
    this.#noteIdle();
  }

  /** Whoever signs in next may be somebody else, and what is written until then is nobody's to send. */
  signedOut(): void {
    if (this.#hadPerson) this.#end(clientError('signed_out'));
    this.pause();
  }

  /** There will be no connection by itself: what is under way waits again. */
  pause(): void {
    for (const { abort } of this.#items.inOrder()) abort?.abort(PAUSED);
  }

  /** Somebody signs in anew, and what is written from now on is theirs, whoever it is. */
  begin(): void {
    this.#over = this.#person = undefined;
  }

  /** The consent is over, and this is not sent by itself any more; what others have left in the store is. */
  fail(error: BridgeError): void {
    const who = this.#who;
    for (const item of this.#waiting()) {
      const { person } = item.entry;
      if (person === undefined ? item.isOwn : person === who) void this.#failed(item, error);
      // Whether it was its writer's consent is not known: it stays for them, and nobody waits for it here.
      else item.disown(error);
    }
    this.#end(error);
  }

  /** Nothing is sent by itself any more. */
  #end(error: BridgeError): void {
    this.#over = error;
    this.#person = undefined;
    this.#idle?.reject(error);
    this.#idle = undefined;
  }

  /** The bridge is closed. What a store keeps, the next one sends. */
  leave(error: BridgeError): void {
    this.#closed = error;
    this.pause();
    for (const { settled } of this.#items.inOrder()) settled.reject(error);
    this.#idle?.reject(error);
    void this.#items.written().then(this.#unwatch);
  }

  get #who(): string | undefined {
    return this.link.session?.person.id ?? this.#person;
  }

  #waiting(): Item[] {
    const person = this.#who;
    const isTheirs = ({ entry }: Item) => entry.person === undefined || person === undefined || entry.person === person;
    return this.#items.inOrder().filter((item) => item.entry.status !== 'failed' && isTheirs(item));
  }

  async #look(): Promise<void> {
    await this.#items.look();
    this.#pumpAll();
  }

  #pumpAll(): void {
    for (const lane of new Set(this.#waiting().map((item) => item.lane))) this.#pump(lane);
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
      if (entry.person !== undefined) await item.kept;
      else if (!(await this.#items.claim(item, this.link.session!.person.id))) return true;
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
      if (item.abort.signal.aborted || this.link.state.name === 'ended') {
        if (entry.status === 'sending') entry.status = 'queued';
        this.changed(entry);
        // There may be another session already, which found the lane busy.
        return this.#isConnected;
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
    await this.#items.remove(item);
  }

  async #failed(item: Item, error: BridgeError): Promise<void> {
    const { code = 'internal', message, docs } = error;
    item.entry.status = 'failed';
    item.entry.error = { code, message, ...(docs === undefined ? {} : { docs }) };
    item.abort?.abort(PAUSED);
    item.disown(error);
    this.#items.set(item);
    await this.#items.keep(item).catch(() => {});
    const failed = this.#items.inOrder().filter(({ entry }) => entry.status === 'failed');
    for (const old of failed.slice(0, -MAX_FAILED)) await this.#drop(old, error);
  }

  async #drop(item: Item, error: unknown): Promise<void> {
    const { code = 'internal', message } = error as BridgeError;
    item.entry.status = 'failed';
    item.entry.error = { code, message };
    item.settled.reject(error);
    item.abort?.abort(PAUSED);
    await this.#items.remove(item);
  }

  #noteIdle(): void {
    if (!this.#idle || this.#waiting().length > 0) return;
    this.#idle.resolve();
    this.#idle = undefined;
  }
}
