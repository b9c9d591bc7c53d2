import { type Entry, stateOf, type WireMessage } from './held.js';
import type { StoredMessage } from './store.js';
import type { Acknowledged } from './talk.js';

/** One conversation as the store has it, by position; `history` as the protocol shows it to a member. */
export interface StoredConversation {
  readonly id: string;
  readonly members: ReadonlySet<string>;
  readonly stored: readonly StoredMessage[];
  readonly history: readonly WireMessage[];
}

export interface Holder {
  readonly name: string;
  readonly person: string;
  readonly conversations: ReadonlyMap<string, ReadonlyMap<number, Entry>>;
}

export interface Outcome {
  readonly conversations: readonly StoredConversation[];
  readonly holders: readonly Holder[];
  readonly acknowledged: readonly Acknowledged[];
}

/** What is lost, doubled, or in another order somewhere, in words; nothing where all is well. */
export function verify({ conversations, holders, acknowledged }: Outcome): string[] {
  const problems: string[] = [];
  const byId = new Map(conversations.map((conversation) => [conversation.id, conversation]));
  for (const conversation of conversations) problems.push(...storedRightly(conversation));
  problems.push(...keptPromises(acknowledged, byId));
  for (const { name, person, conversations: held } of holders) {
    for (const conversation of conversations) {
      if (!conversation.members.has(person)) continue;
      problems.push(...heldRightly(name, held.get(conversation.id) ?? new Map(), conversation));
    }
    for (const id of held.keys()) {
      if (!byId.get(id)?.members.has(person)) problems.push(`${name} holds messages of ${id}, which is none of theirs`);
    }
  }
  return problems;
}

/** Positions 1 to n, and the history shows the same. */
function storedRightly({ id, stored, history }: StoredConversation): string[] {
  const problems: string[] = [];
  for (const [index, { position }] of stored.entries()) {
    if (position !== index + 1) {
      problems.push(`${id} has ${position} stored where ${index + 1} should be`);
      break;
    }
  }
  if (history.length !== stored.length)
    problems.push(`${id}: ${stored.length} stored, ${history.length} in its history`);
  for (const [index, message] of history.entries()) {
    const row = stored[index];
    if (row && message.position === row.position && message.id === row.id && message.from.id === row.sender) continue;
    problems.push(`${id}: its history has ${message.id} at ${message.position}, stored is ${row?.id ?? 'nothing'}`);
    break;
  }
  return problems;
}

/** Each that got ok is stored, once, where the reply said; and nothing is stored that nobody sent. */
function keptPromises(acknowledged: readonly Acknowledged[], byId: ReadonlyMap<string, StoredConversation>): string[] {
  const problems: string[] = [];
  const promised = new Map<string, Acknowledged>();
  for (const each of acknowledged) {
    const { message, sender, text } = each;
    const twin = promised.get(message.id);
    if (twin) problems.push(`${message.id} is the reply to both "${twin.text}" and "${text}"`);
    promised.set(message.id, each);
    const row = byId.get(message.conversation)?.stored[message.position - 1];
    if (row?.id !== message.id || row.sender !== sender)
      problems.push(
        `LOST: "${text}" of ${sender} got ok as ${message.id}, and ${row?.id ?? 'nothing'} is stored there`,
      );
  }
  for (const { id, stored } of byId.values()) {
    for (const row of stored)
      if (!promised.has(row.id)) problems.push(`DOUBLED: ${row.id} of ${row.sender} is stored in ${id}, and got no ok`);
  }
  return problems;
}

/** Each message once, with all that was done to it since. (That none came twice the client has seen.) */
function heldRightly(
  name: string,
  held: ReadonlyMap<number, Entry>,
  { id, stored, history }: StoredConversation,
): string[] {
  const problems: string[] = [];
  for (const [index, row] of stored.entries()) {
    const entry = held.get(row.position);
    if (!entry) problems.push(`LOST: ${name} never got message ${row.position} of ${id}`);
    else if (entry.id !== row.id)
      problems.push(`${name} has ${entry.id} as message ${row.position} of ${id}, not ${row.id}`);
    else if (entry.state !== stateOf(history[index] ?? ({ from: {} } as WireMessage)))
      problems.push(
        `${name} has message ${row.position} of ${id} as ${entry.state}, the history as ${stateOf(history[index]!)}`,
      );
  }
  if (held.size > stored.length)
    problems.push(`${name} holds ${held.size} messages of ${id}, and ${stored.length} are stored`);
  return problems;
}
