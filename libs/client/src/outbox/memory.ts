import type { OutboxEntry, OutboxStore } from './outbox.js';

/** Keeps what is to be sent as long as the program runs. */
export function memoryOutbox(): OutboxStore {
  const entries = new Map<string, OutboxEntry>();
  return {
    load: async () => [...entries.values()].map((entry) => structuredClone(entry)),
    put: async (entry) => void entries.set(entry.localId, structuredClone(entry)),
    claim: async (localId, person) => {
      const entry = entries.get(localId);
      if (entry) entry.person ??= person;
      return entry?.person;
    },
    remove: async (localId) => void entries.delete(localId),
  };
}
