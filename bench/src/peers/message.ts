import { randomUUID } from 'node:crypto';

/** A message as every peer makes it: as much on the wire as the bridge's. */
export function makeMessage(person: string | undefined, conversation: string, text: string) {
  return {
    id: randomUUID(),
    conversation,
    from: { id: person, name: person },
    kind: 'text',
    text,
    reactions: [],
    sentAt: new Date().toISOString(),
  };
}
