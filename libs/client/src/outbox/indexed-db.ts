import { KeyValueStore } from '../indexed-db.js';
import { watchOthers } from '../others.js';
import type { OutboxEntry, OutboxStore } from './outbox.js';

/**
 * Keeps what is to be sent in the browser (IndexedDB), over reloads. Two tabs on one do no harm: both send the same
 * `clientId`; and what a tab leaves that is closed, another sends.
 */
export function indexedDbOutbox(name = 'drawbridge-outbox'): OutboxStore {
  const store = new KeyValueStore(name);
  return {
    load: async () => (await store.all()) as OutboxEntry[],
    put: (entry) => store.put(entry.localId, entry),
    claim: async (localId, person) => {
      const entry = await store.update(localId, (found) => found && { person, ...(found as OutboxEntry) });
      return (entry as OutboxEntry | undefined)?.person;
    },
    remove: (localId) => store.delete(localId),
    watch: (act) => watchOthers(name, act),
  };
}
