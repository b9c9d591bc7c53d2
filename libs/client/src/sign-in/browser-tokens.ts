import { KeyValueStore } from '../indexed-db.js';
import type { StoredSignIn, TokenStorage } from './storage.js';

interface Locks {
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Keeps a sign-in in the browser (IndexedDB), for all tabs of this origin. The private key never leaves the browser's keeping. */
export function indexedDbTokens(name = 'drawbridge-sign-in'): TokenStorage {
  const store = new KeyValueStore(name);
  const { locks } = navigator as unknown as { locks: Locks };
  return {
    extractsKeys: false,
    load: async () => (await store.get('sign-in')) as StoredSignIn | undefined,
    save: (signIn) => store.put('sign-in', signIn),
    clear: () => store.delete('sign-in'),
    exclusive: (work) => locks.request(name, work),
  };
}
