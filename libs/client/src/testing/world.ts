import type {
  Conversation,
  Message,
  Person,
  PersonalConversation,
  Receipt,
  ShownConversation,
  WireEvents,
} from '@drawbridge/protocol';

/** A durable event of one person. */
export interface MailboxEntry {
  readonly seq: number;
  readonly event: keyof WireEvents;
  readonly data: object;
  /** The app that caused it, which alone is told the `clientId`. */
  readonly clientId?: { readonly person: string; readonly id: string };
}

export interface TestConversation {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  title?: string;
  members: string[];
  readonly messages: Message[];
  readonly receipts: Map<string, { deliveredUpTo: number; readUpTo: number }>;
  updatedAt: string;
}

/** How many of the members a conversation shows. */
const MEMBERS_SHOWN = 20;

/** People, what they wrote, and each one's mailbox: in memory, for one test. */
export class World {
  epoch = crypto.randomUUID();
  readonly people = new Map<string, Person>();
  readonly conversations = new Map<string, TestConversation>();
  readonly mailboxes = new Map<string, MailboxEntry[]>();
  /** By person, command and `clientId`: what was sent, and what it was answered with. */
  readonly answered = new Map<string, { readonly content: string; readonly reply: object }>();

  /** `told` hears of every event, when it is stored. */
  constructor(private readonly told: (person: string, entry: MailboxEntry) => void) {}

  person(id: string): Person {
    let person = this.people.get(id);
    if (!person) {
      person = { id, handle: id, name: id.charAt(0).toUpperCase() + id.slice(1) };
      this.people.set(id, person);
      this.mailboxes.set(id, []);
    }
    return person;
  }

  head(person: string): number {
    return this.mailboxes.get(person)?.at(-1)?.seq ?? 0;
  }

  /** The conversation with exactly these two, or a new one with all of these. */
  conversationOf(members: readonly string[], title?: string): TestConversation {
    const all = [...new Set(members)];
    const known = [...this.conversations.values()].find(
      ({ kind, members: others }) => all.length === 2 && kind === 'direct' && all.every((id) => others.includes(id)),
    );
    if (known) return known;
    const made: TestConversation = {
      id: crypto.randomUUID(),
      kind: all.length > 2 ? 'group' : 'direct',
      members: all,
      messages: [],
      receipts: new Map(),
      updatedAt: new Date().toISOString(),
      ...(title === undefined || all.length <= 2 ? {} : { title }),
    };
    for (const id of all) this.person(id);
    this.conversations.set(made.id, made);
    this.tell(made.members, 'conversation.created', { conversation: this.shown(made) });
    return made;
  }

  add(conversation: TestConversation, from: string, content: Partial<Message>, clientId?: string): Message {
    const { id, name } = this.person(from);
    const message: Message = {
      id: crypto.randomUUID(),
      conversation: conversation.id,
      position: conversation.messages.length + 1,
      from: { id, name },
      kind: content.title ? 'recommendation' : 'text',
      ...content,
      reactions: [],
      sentAt: new Date().toISOString(),
    };
    conversation.messages.push(message);
    conversation.updatedAt = message.sentAt;
    this.receipt(conversation, from).readUpTo = message.position;
    this.receipt(conversation, from).deliveredUpTo = message.position;
    const told = clientId === undefined ? undefined : { person: from, id: clientId };
    this.tell(conversation.members, 'message.created', { message: structuredClone(message) }, told);
    return message;
  }

  /** Tells everybody in the conversation of a message that was changed. */
  changed(message: Message, event: 'message.edited' | 'message.deleted' | 'message.reacted'): void {
    const { members } = this.conversations.get(message.conversation)!;
    this.tell(members, event, { message: structuredClone(message) });
  }

  receipt(conversation: TestConversation, person: string): { deliveredUpTo: number; readUpTo: number } {
    let receipt = conversation.receipts.get(person);
    if (!receipt) {
      receipt = { deliveredUpTo: 0, readUpTo: 0 };
      conversation.receipts.set(person, receipt);
    }
    return receipt;
  }

  /** Tells of a receipt that has moved. */
  received(conversation: TestConversation, person: string): void {
    this.tell(conversation.members, 'receipt.updated', {
      conversation: conversation.id,
      ...this.shownReceipt(conversation, person),
    });
  }

  shownReceipt(conversation: TestConversation, person: string): Receipt {
    const { deliveredUpTo, readUpTo } = this.receipt(conversation, person);
    return { person, ...(deliveredUpTo ? { deliveredUpTo } : {}), ...(readUpTo ? { readUpTo } : {}) };
  }

  tell(members: readonly string[], event: keyof WireEvents, data: object, clientId?: MailboxEntry['clientId']): void {
    for (const person of members) {
      const entry = { seq: this.head(person) + 1, event, data, ...(clientId ? { clientId } : {}) };
      this.mailboxes.get(person)?.push(entry);
      this.told(person, entry);
    }
  }

  shown({ id, kind, title, members, updatedAt }: TestConversation): Conversation {
    const people = members.slice(0, MEMBERS_SHOWN).map((member) => this.person(member));
    return {
      id,
      kind,
      ...(title === undefined ? {} : { title }),
      memberCount: members.length,
      members: people,
      updatedAt,
    };
  }

  shownTo(person: string, conversation: TestConversation): PersonalConversation & ShownConversation {
    const { readUpTo } = this.receipt(conversation, person);
    const lastMessage = conversation.messages.at(-1);
    const unread = conversation.messages.filter(
      ({ position, from }) => position > readUpTo && from.id !== person,
    ).length;
    return {
      ...this.shown(conversation),
      ...(lastMessage ? { lastMessage: structuredClone(lastMessage) } : {}),
      unread,
      ...(readUpTo ? { readUpTo } : {}),
    };
  }
}
