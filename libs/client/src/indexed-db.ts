/** As much of IndexedDB as the SDK uses: it is compiled without a browser's types. */
interface DatabaseRequest<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

interface ObjectStore {
  getAll(): DatabaseRequest<unknown[]>;
  get(key: string): DatabaseRequest<unknown>;
  put(value: unknown, key: string): DatabaseRequest<unknown>;
  delete(key: string): DatabaseRequest<unknown>;
}

interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}

interface OpenDatabase {
  createObjectStore(name: string): unknown;
  transaction(store: string, mode: 'readonly' | 'readwrite', options?: { durability: 'strict' }): Transaction;
  close(): void;
  onversionchange: (() => void) | null;
  onclose: (() => void) | null;
}

interface Factory {
  open(name: string, version: number): DatabaseRequest<OpenDatabase> & { onupgradeneeded: (() => void) | null };
}

const STORE = 'entries';

/** Keys and values that survive the tab; what is put has been written when the promise resolves. */
export class KeyValueStore {
  #database: Promise<OpenDatabase> | undefined;

  constructor(private readonly name: string) {}

  async all(): Promise<unknown[]> {
    return this.#run('readonly', (store) => store.getAll());
  }

  async get(key: string): Promise<unknown> {
    return this.#run('readonly', (store) => store.get(key));
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.#run('readwrite', (store) => store.put(value, key));
  }

  /** Writes what becomes of what is there, in one transaction; undefined leaves it as it is. */
  async update(key: string, change: (found: unknown) => unknown): Promise<unknown> {
    let changed: unknown;
    await this.#run('readwrite', (store) => {
      const request = store.get(key);
      request.onsuccess = () => {
        changed = change(request.result);
        if (changed !== undefined) store.put(changed, key);
      };
      return request;
    });
    return changed;
  }

  async delete(key: string): Promise<void> {
    await this.#run('readwrite', (store) => store.delete(key));
  }

  async #run<T>(mode: 'readonly' | 'readwrite', act: (store: ObjectStore) => DatabaseRequest<T>): Promise<T> {
    const database = await this.#opened();
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const request = act(transaction.objectStore(STORE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? request.error);
    });
  }

  #opened(): Promise<OpenDatabase> {
    this.#database ??= this.#open().catch((error) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }

  async #open(): Promise<OpenDatabase> {
    const { indexedDB } = globalThis as unknown as { indexedDB: Factory };
    const request = indexedDB.open(this.name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    const database = await new Promise<OpenDatabase>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const forget = () => {
      this.#database = undefined;
    };
    database.onclose = forget;
    database.onversionchange = () => {
      database.close();
      forget();
    };
    return database;
  }
}
