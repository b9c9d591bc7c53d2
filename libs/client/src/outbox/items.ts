import { clientError } from '../errors.js';
import type { OutboxEntry, OutboxStore } from './outbox.js';

export class Item {
  readonly settled = Promise.withResolvers<unknown>();
  /** Nothing more comes of it, and nobody needs to listen whether it is taken back. */
  unlisten = () => {};
  /** Of the try under way. */
  abort: AbortController | undefined;
  isGone = false;
  /** The store has it. */
  kept = Promise.resolve();

  /** `isOwn`: it was written here, and somebody waits for it, so that nobody else says what becomes of it. */
  constructor(
    readonly entry: OutboxEntry,
    public isOwn = false,
  ) {
    this.settled.promise.catch(() => {});
  }

  /** Nobody here waits for it any more. */
  disown(error: unknown): void {
    this.settled.reject(error);
    this.isOwn = false;
  }

  /** What has this in common is sent one after the other. */
  get lane(): string {
    const { conversation, to } = this.entry.data as { conversation?: string; to?: string | string[] };
    return conversation ?? `to ${to}`;
  }
}

/** What is in the outbox, as this client knows it, and in the store, which it may share with other tabs or programs. */
export class Items {
  readonly #items = new Map<string, Item>();
  /** What the store is writing. */
  readonly #writes = new Set<Promise<unknown>>();
  /** Of each look at the store that is under way: what it may have seen too early. */
  readonly #looks = new Set<Set<string>>();
  #order = 0;
  loaded: Promise<void>;

  constructor(
    private readonly store: OutboxStore,
    private readonly changed: (entry: Readonly<OutboxEntry>) => void,
  ) {
    this.loaded = this.#load();
    this.loaded.catch(() => {});
  }

  get(localId: string): Item | undefined {
    return this.#items.get(localId);
  }

  inOrder(): Item[] {
    return [...this.#items.values()].toSorted((a, b) => a.entry.order - b.entry.order);
  }

  /** Greater than all before it. */
  nextOrder(): number {
    this.#order = Math.max(this.#order + 1, Date.now());
    return this.#order;
  }

  /** Adds it, or replaces the one with its `localId`, and tells. */
  set(item: Item): void {
    this.touch(item);
    this.#items.set(item.entry.localId, item);
    this.changed(item.entry);
  }

  /** It is of no more interest, and leaves the store. */
  remove(item: Item): Promise<void> {
    this.#forget(item);
    // Where this fails it is sent once more after a restart, and is not stored twice.
    return this.#written(() => this.store.remove(item.entry.localId)).catch(() => {});
  }

  /** Its state here is newer than what a look at the store that is under way may say. */
  touch({ entry }: Item): void {
    for (const touched of this.#looks) touched.add(entry.localId);
  }

  keep(item: Item): Promise<void> {
    item.kept = this.#written(async () => {
      await this.loaded;
      if (!item.isGone)
        await this.store.put({ ...item.entry, status: item.entry.status === 'failed' ? 'failed' : 'queued' });
    });
    return item.kept;
  }

  /** Makes it theirs who is signed in. False where it is somebody else's meanwhile, or gone: they send it, or have. */
  async claim(item: Item, person: string): Promise<boolean> {
    await item.kept;
    const { entry } = item;
    const isTheirs = !this.store.claim || (await this.store.claim(entry.localId, person)) === person;
    if (isTheirs) {
      entry.person = person;
      if (!this.store.claim) await this.keep(item);
    } else {
      item.settled.reject(clientError('discarded'));
      this.#lose(item);
    }
    return !item.isGone;
  }

  /** Resolves when the store has written what it was given, or has failed to. */
  async written(): Promise<void> {
    await Promise.allSettled(this.#writes);
  }

  /** Takes over what others on the same store have left in it, and lets go of what they have taken out. */
  look(): Promise<void> {
    const before = this.written();
    const touched = new Set<string>();
    this.#looks.add(touched);
    const look = async () => {
      await before;
      this.#take(await this.store.load(), touched);
    };
    // What is here can be sent without it.
    this.loaded = this.loaded.then(() => look().catch(() => {})).finally(() => this.#looks.delete(touched));
    this.loaded.catch(() => {});
    return this.loaded;
  }

  async #load(): Promise<void> {
    const entries = await this.store.load();
    const added = [...this.#items.values()];
    const last = Math.max(0, ...entries.map(({ order }) => order));
    // What was written meanwhile comes after that, whatever the clock was set to when that was written.
    const laterBy = Math.max(0, last + 1 - (added[0]?.entry.order ?? last + 1));
    for (const { entry } of added) Object.assign(entry, { order: entry.order + laterBy });
    this.#order = Math.max(this.#order + laterBy, last);
    this.#take(entries, new Set());
    for (const { entry } of added) this.changed(entry);
  }

  #take(entries: readonly OutboxEntry[], touched: ReadonlySet<string>): void {
    const isOurs = (item: Item) => item.isOwn || item.abort !== undefined || touched.has(item.entry.localId);
    const found = new Set(entries.map(({ localId }) => localId));
    for (const item of this.#items.values()) if (!found.has(item.entry.localId) && !isOurs(item)) this.#lose(item);
    for (const entry of entries.toSorted((a, b) => a.order - b.order)) {
      const known = this.#items.get(entry.localId);
      const status = entry.status === 'failed' ? 'failed' : 'queued';
      if (known ? isOurs(known) || known.entry.status === status : touched.has(entry.localId)) continue;
      this.set(new Item({ ...entry, status }));
    }
  }

  /** Another tab or program took it out. */
  #lose(item: Item): void {
    item.entry.status = 'failed';
    item.entry.error = { code: 'discarded', message: 'It was sent or taken back elsewhere.' };
    this.#forget(item);
  }

  #forget(item: Item): void {
    item.isGone = true;
    item.unlisten();
    this.touch(item);
    this.#items.delete(item.entry.localId);
    this.changed(item.entry);
  }

  async #written(write: () => Promise<void>): Promise<void> {
    const writing = write();
    this.#writes.add(writing);
    await writing.finally(() => this.#writes.delete(writing));
  }
}
