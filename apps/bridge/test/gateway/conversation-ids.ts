import type { Command, Place } from './conversation-model.js';
import type { ConversationSeen, MessageSeen, Person, PersonalSeen, ReceiptSeen } from './conversation-seen.js';
import { APP, WEB_APP } from './gateway-harness.js';

const APPS: Readonly<Record<string, string>> = { Tunebox: APP, 'Tunebox on the web': WEB_APP };

/** As they come over the wire, as far as it matters here. */
export interface WireMessage {
  id: string;
  conversation: string;
  position: number;
  from: { id: string; name: string };
  text?: string;
  replyTo?: string;
  via?: { app: string };
  reactions: MessageSeen['reactions'];
  sentAt: string;
  editedAt?: string;
  deletedAt?: string;
}

export interface WireConversation {
  id: string;
  kind: 'direct' | 'group';
  title?: string;
  memberCount: number;
  members: { id: string; handle: string; name: string }[];
  lastMessage?: WireMessage;
  unread?: number;
  readUpTo?: number;
  updatedAt: string;
  receipts?: ReceiptSeen[];
}

/** Which of the bridge's ids stand for what in the model, learnt from its answers. An id that is two things is a fault. */
export class ConversationIds {
  constructor(
    private readonly nameOf: (person: Person) => string,
    private readonly conversations = new Map<string, string>(),
    private readonly messages = new Map<string, string>(),
    private readonly meanings = new Map<string, string>(),
  ) {}

  clone(): ConversationIds {
    return new ConversationIds(
      this.nameOf,
      new Map(this.conversations),
      new Map(this.messages),
      new Map(this.meanings),
    );
  }

  /** What the bridge calls a conversation; an id of nothing where it is not known. */
  conversation(key: string): string {
    return this.conversations.get(key) ?? '00000000-0000-4000-8000-000000000000';
  }

  message(place: Place): string {
    return this.messages.get(keyOf(place)) ?? '00000000-0000-7000-8000-000000000000';
  }

  /** As the bridge orders them where it has no other order. */
  inOrder(conversations: Iterable<string>): string[] {
    return [...conversations].toSorted((a, b) => (this.conversation(a) < this.conversation(b) ? -1 : 1));
  }

  learnConversation(id: string, key: string): void {
    learn(this.conversations, this.meanings, id, key);
  }

  learnMessage(id: string, place: Place): void {
    learn(this.messages, this.meanings, id, keyOf(place));
  }

  /** Whether these could be the same, by what is known. */
  mayBe(id: string, of: string | Place): boolean {
    const key = typeof of === 'string' ? of : keyOf(of);
    const known = (typeof of === 'string' ? this.conversations : this.messages).get(key);
    return (known ?? id) === id && (this.meanings.get(id) ?? key) === key;
  }

  /** The wire's `event` and `data` of a command. */
  asked(command: Exclude<Command, { do: 'contacts' | 'blocks' }>): [event: string, data: object] {
    switch (command.do) {
      case 'create': {
        const { do: _, ...data } = command;
        return ['conversation.create', data];
      }
      case 'update': {
        const { do: _, ...data } = command;
        return ['conversation.update', { ...data, conversation: this.conversation(data.conversation) }];
      }
      case 'send': {
        const { do: _, replyTo, ...data } = command;
        const reply = replyTo ? { replyTo: this.message(replyTo) } : {};
        return ['message.send', { ...data, ...reply, conversation: this.conversation(data.conversation) }];
      }
      case 'send to': {
        const { do: _, ...data } = command;
        return ['message.send', data];
      }
      case 'read':
        return ['conversation.read', { conversation: this.conversation(command.conversation), upTo: command.upTo }];
      case 'ack':
        return ['mailbox.ack', { seq: command.seq }];
      case 'edit':
        return ['message.edit', { message: this.message(command.message), text: command.text }];
      case 'delete':
        return ['message.delete', { message: this.message(command.message) }];
      case 'react':
      case 'unreact': {
        const { message, emoji } = command;
        return [command.do === 'react' ? 'reaction.add' : 'reaction.remove', { message: this.message(message), emoji }];
      }
    }
  }

  seenMessage(message: WireMessage): MessageSeen {
    const { position, from, reactions } = message;
    const conversation = this.meanings.get(message.conversation) ?? `nothing known: ${message.conversation}`;
    if (!this.mayBe(message.id, { conversation, position }))
      throw new Error(`${message.id} was another message before`);
    this.learnMessage(message.id, { conversation, position });
    if (from.name !== this.nameOf(from.id)) throw new Error(`${from.id} is not called ${from.name}`);
    return {
      conversation,
      position,
      from: from.id,
      app: APPS[message.via?.app ?? ''] ?? '',
      ...(message.text === undefined ? {} : { text: message.text }),
      ...(message.replyTo === undefined ? {} : { replyTo: this.positionIn(conversation, message.replyTo) }),
      reactions,
      isEdited: message.editedAt !== undefined,
      isDeleted: message.deletedAt !== undefined,
    };
  }

  seenConversation(conversation: WireConversation): ConversationSeen {
    const { id, kind, title, memberCount, members } = conversation;
    for (const { id, name } of members) if (name !== this.nameOf(id)) throw new Error(`${id} is not called ${name}`);
    return {
      conversation: this.meanings.get(id) ?? `nothing known: ${id}`,
      kind,
      ...(title === undefined ? {} : { title }),
      memberCount,
      members: members.map(({ id }) => id),
    };
  }

  seenPersonally(conversation: WireConversation): PersonalSeen {
    const { lastMessage, unread, readUpTo } = conversation;
    return {
      ...this.seenConversation(conversation),
      ...(lastMessage ? { lastMessage: this.seenMessage(lastMessage) } : {}),
      unread: unread!,
      ...(readUpTo === undefined ? {} : { readUpTo }),
    };
  }

  /** The `data` of a durable event. */
  told(data: Record<string, unknown>): object {
    if (data.message) return { ...data, message: this.seenMessage(data.message as WireMessage) };
    if (typeof data.conversation === 'string') return { ...data, conversation: this.meanings.get(data.conversation) };
    const conversation = data.conversation as WireConversation;
    for (const personal of ['lastMessage', 'unread', 'readUpTo', 'receipts'])
      if (personal in conversation) throw new Error(`${personal} in an event`);
    return { ...data, conversation: this.seenConversation(conversation) };
  }

  private positionIn(conversation: string, id: string): number {
    const [key = '', position] = (this.meanings.get(id) ?? '').split('#');
    return key === conversation ? Number(position) : -1;
  }
}

function keyOf({ conversation, position }: Place): string {
  return `${conversation}#${position}`;
}

function learn(ids: Map<string, string>, meanings: Map<string, string>, id: string, key: string): void {
  const [known, meaning] = [ids.get(key), meanings.get(id)];
  if ((known ?? id) !== id) throw new Error(`${key} is ${known} and ${id}`);
  if ((meaning ?? key) !== key) throw new Error(`${id} is ${meaning} and ${key}`);
  ids.set(key, id);
  meanings.set(id, key);
}
