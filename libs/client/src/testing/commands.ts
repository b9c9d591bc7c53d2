import type { Message, Scope, WireCommands, WireError } from '@drawbridge/protocol';
import type { TestConversation, World } from './world.js';

/** What a command is refused with. */
export class Refusal extends Error {
  constructor(readonly data: Omit<WireError, 'docs'>) {
    super(data.code);
  }
}

export function refusal(code: string, more: Partial<WireError> = {}): Refusal {
  const retryable = ['rate_limited', 'consent_unverifiable', 'unavailable', 'internal'].includes(code);
  return new Refusal({ code, message: `${code}, says the bridge of this test.`, retryable, ...more });
}

type Answered = Exclude<keyof WireCommands, 'session.open' | 'session.refresh' | 'session.close'>;

interface Command<Name extends Answered> {
  readonly scope?: Scope;
  answer(world: World, person: string, data: WireCommands[Name]['data']): WireCommands[Name]['reply'];
}

const read = { scope: 'messages.read' } as const;
const send = { scope: 'messages.send' } as const;
const DEFAULT_PAGE = 50;

/** What the bridge of a test does with each command: as the real one, but for limits, and what tells a stranger from nobody. */
export const COMMANDS: { readonly [Name in Answered]: Command<Name> } = {
  ping: { answer: () => ({ at: new Date().toISOString() }) },
  'conversation.list': {
    ...read,
    answer: (world, person, { limit = DEFAULT_PAGE, cursor }) => {
      const all = [...world.conversations.values()]
        .filter(({ members }) => members.includes(person))
        .toSorted((a, b) => b.updatedAt.localeCompare(a.updatedAt))
        .map((conversation) => world.shownTo(person, conversation));
      const { items, next } = page(all, limit, cursor);
      return { conversations: items, asOf: world.head(person), ...next };
    },
  },
  'conversation.get': {
    ...read,
    answer: (world, person, data) => {
      const conversation = conversationOf(world, person, data.conversation);
      const receipts = conversation.members.map((member) => world.shownReceipt(conversation, member));
      return { conversation: { ...world.shownTo(person, conversation), receipts } };
    },
  },
  'conversation.members': {
    ...read,
    answer: (world, person, { conversation, limit = DEFAULT_PAGE, cursor }) => {
      const { members } = conversationOf(world, person, conversation);
      const { items, next } = page(
        members.map((id) => world.person(id)),
        limit,
        cursor,
      );
      return { members: items, ...next };
    },
  },
  'conversation.create': {
    ...send,
    answer: (world, person, { members, title }) => {
      for (const member of members) personOf(world, member);
      return { conversation: world.shownTo(person, world.conversationOf([person, ...members], title)) };
    },
  },
  'conversation.update': {
    ...send,
    answer: (world, person, { conversation: id, title, add = [], remove = [] }) => {
      const conversation = conversationOf(world, person, id);
      if (conversation.kind === 'direct') throw refusal('invalid_data');
      const before = conversation.members;
      // Its creator removes others, or whoever has been in it longest after them; everybody may leave.
      if (remove.some((each) => each !== person) && before[0] !== person) throw refusal('not_found');
      if (title !== undefined) conversation.title = title;
      conversation.members = [...new Set([...before, ...add.map((each) => personOf(world, each))])].filter(
        (member) => !remove.includes(member),
      );
      world.tell([...new Set([...before, ...conversation.members])], 'conversation.updated', {
        conversation: world.shown(conversation),
      });
      return { conversation: world.shownTo(person, conversation) };
    },
  },
  'conversation.history': {
    ...read,
    answer: (world, person, { conversation, before = Number.POSITIVE_INFINITY, limit = DEFAULT_PAGE }) => {
      const older = conversationOf(world, person, conversation).messages.filter(({ position }) => position < before);
      const messages = structuredClone(older.slice(-limit)).toReversed();
      const asOf = world.head(person);
      return { messages, asOf, ...(older.length > limit ? { next: messages.at(-1)!.position } : {}) };
    },
  },
  'conversation.read': {
    ...read,
    answer: (world, person, { conversation: id, upTo }) => {
      const conversation = conversationOf(world, person, id);
      const receipt = world.receipt(conversation, person);
      if (upTo > conversation.messages.length) throw refusal('invalid_data');
      if (upTo <= receipt.readUpTo) return {};
      receipt.readUpTo = upTo;
      receipt.deliveredUpTo = Math.max(receipt.deliveredUpTo, receipt.readUpTo);
      world.received(conversation, person);
      return {};
    },
  },
  'message.send': {
    ...send,
    answer: (world, person, { conversation: id, to, text, replyTo, clientId }) => {
      const conversation =
        to === undefined
          ? conversationOf(world, person, id ?? '')
          : world.conversationOf([person, contactOf(world, person, to)]);
      if (replyTo !== undefined && !conversation.messages.some((each) => each.id === replyTo))
        throw refusal('not_found');
      const message = world.add(
        conversation,
        person,
        { text, ...(replyTo === undefined ? {} : { replyTo }) },
        clientId,
      );
      return { message: structuredClone(message), seq: world.head(person), duplicate: false };
    },
  },
  'message.edit': {
    ...send,
    answer: (world, person, { message: id, text }) => {
      const message = messageOf(world, person, id);
      if (message.from.id !== person || message.kind !== 'text') throw refusal('not_found');
      if (message.deletedAt) throw refusal('conflict');
      if (message.text !== text) {
        Object.assign(message, { text, editedAt: new Date().toISOString() });
        world.changed(message, 'message.edited');
      }
      return { message: structuredClone(message) };
    },
  },
  'message.delete': {
    ...send,
    answer: (world, person, { message: id }) => {
      const message = messageOf(world, person, id);
      if (message.from.id !== person) throw refusal('not_found');
      if (!message.deletedAt) {
        for (const gone of ['text', 'title', 'note', 'editedAt'] as const) delete message[gone];
        message.reactions = [];
        message.deletedAt = new Date().toISOString();
        world.changed(message, 'message.deleted');
      }
      return { message: structuredClone(message) };
    },
  },
  'reaction.add': {
    ...send,
    answer: (world, person, { message: id, emoji }) => {
      const message = messageOf(world, person, id);
      if (message.deletedAt) throw refusal('conflict');
      const known = message.reactions.find((reaction) => reaction.emoji === emoji);
      if (known?.people.includes(person)) return { message: structuredClone(message) };
      if (known) known.count = known.people.push(person);
      else message.reactions.push({ emoji, count: 1, people: [person] });
      world.changed(message, 'message.reacted');
      return { message: structuredClone(message) };
    },
  },
  'reaction.remove': {
    ...send,
    answer: (world, person, { message: id, emoji }) => {
      const message = messageOf(world, person, id);
      const known = message.reactions.find((reaction) => reaction.emoji === emoji && reaction.people.includes(person));
      if (!known) return { message: structuredClone(message) };
      known.people = known.people.filter((each) => each !== person);
      known.count = known.people.length;
      message.reactions = message.reactions.filter(({ count }) => count > 0);
      world.changed(message, 'message.reacted');
      return { message: structuredClone(message) };
    },
  },
  // Others are told where the connections are (test-bridge.ts).
  'typing.start': {
    ...send,
    answer: typing,
  },
  'typing.stop': {
    ...send,
    answer: typing,
  },
  'mailbox.ack': {
    ...read,
    answer: (world, person, { seq }) => {
      if (seq > world.head(person)) throw refusal('invalid_data');
      const stored = (world.mailboxes.get(person) ?? []).filter(
        (entry) => entry.seq <= seq && entry.event === 'message.created',
      );
      for (const { message } of stored.map(({ data }) => data as { message: Message })) {
        const conversation = world.conversations.get(message.conversation)!;
        const receipt = world.receipt(conversation, person);
        if (message.position <= receipt.deliveredUpTo) continue;
        receipt.deliveredUpTo = message.position;
        world.received(conversation, person);
      }
      return {};
    },
  },
  'contacts.list': {
    scope: 'contacts.read',
    answer: (world, person, { limit = DEFAULT_PAGE, cursor }) => {
      const others = [...world.people.values()].filter(({ id }) => id !== person);
      const { items, next } = page(others, limit, cursor);
      return { contacts: items, ...next };
    },
  },
  'presence.list': { scope: 'presence.read', answer: () => ({ people: [] }) },
  'recommendation.send': {
    scope: 'recommendations.send',
    answer: (world, person, { to, title, note }) => ({
      sent: to.map((each) => {
        if (!world.people.has(each)) return { to: each, message: crypto.randomUUID() };
        const conversation = world.conversationOf([person, each]);
        return {
          to: each,
          message: world.add(conversation, person, { title, ...(note === undefined ? {} : { note }) }).id,
        };
      }),
    }),
  },
  'activity.list': { scope: 'public.read', answer: () => ({ activities: [] }) },
};

function typing(world: World, person: string, { conversation }: { conversation: string }): Record<never, never> {
  conversationOf(world, person, conversation);
  return {};
}

function page<T>(all: readonly T[], limit: number, cursor = '0'): { items: T[]; next: { next?: string } } {
  const end = Number(cursor) + limit;
  return { items: all.slice(Number(cursor), end), next: end < all.length ? { next: String(end) } : {} };
}

function personOf(world: World, id: string): string {
  if (!world.people.has(id)) throw refusal('not_found');
  return id;
}

function contactOf(world: World, person: string, id: string): string {
  if (id === person) throw refusal('not_found');
  return personOf(world, id);
}

function conversationOf(world: World, person: string, id: string): TestConversation {
  const conversation = world.conversations.get(id);
  if (!conversation?.members.includes(person)) throw refusal('not_found');
  return conversation;
}

function messageOf(world: World, person: string, id: string): Message {
  for (const { members, messages } of world.conversations.values()) {
    const message = members.includes(person) ? messages.find((each) => each.id === id) : undefined;
    if (message) return message;
  }
  throw refusal('not_found');
}
