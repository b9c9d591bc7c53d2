/** What people see of conversations in the model: plain data, and how it looks to each of them. */

export type Person = string;

export interface MessageSeen {
  conversation: string;
  position: number;
  from: Person;
  app: string;
  text?: string;
  replyTo?: number;
  reactions: { emoji: string; count: number; people: Person[] }[];
  isEdited: boolean;
  isDeleted: boolean;
}

/** What all who are in it see alike. */
export interface ConversationSeen {
  conversation: string;
  kind: 'direct' | 'group';
  title?: string;
  memberCount: number;
  members: Person[];
}

export interface PersonalSeen extends ConversationSeen {
  lastMessage?: MessageSeen;
  unread: number;
  readUpTo?: number;
}

export interface ReceiptSeen {
  person: Person;
  deliveredUpTo?: number;
  readUpTo?: number;
}

/** An interval of positions, after `joined` and up to `left`: what was sent in it is theirs to see. */
export interface Membership {
  readonly person: Person;
  readonly joined: number;
  readUpTo: number;
  left?: number;
  /** What they keep: the conversation and everybody's receipts as they were when they left, when that was, and which version of each message it had. */
  kept?: { seen: ConversationSeen; receipts: ReceiptSeen[]; active: number; looks: number[] };
}

export interface Message {
  readonly from: Person;
  readonly app: string;
  readonly replyTo?: number;
  text: string;
  reactions: { emoji: string; person: Person }[];
  isEdited: boolean;
  isDeleted: boolean;
  /** Everything that it has looked like. */
  readonly versions: MessageSeen[];
}

export interface Conversation {
  readonly kind: 'direct' | 'group';
  title?: string;
  readonly messages: Message[];
  /** In the order of joining. */
  memberships: Membership[];
  /** Of the last thing that happened in it, by the model's own clock. */
  active: number;
  /** How far it has reached whose apps said so. */
  readonly delivered: Map<Person, number>;
  /** Everything that it has looked like, and to whom. */
  readonly versions: { seen: ConversationSeen; to: Person[] }[];
  /** Everything that there was to say of how far somebody has come. */
  readonly receipts: Map<Person, ReceiptSeen[]>;
}

/** An event in a mailbox: what it is of, and the version of it that it tells of at least. */
export interface Entry {
  readonly event: string;
  readonly conversation: string;
  readonly position?: number;
  readonly reader?: Person;
  readonly version: number;
  readonly own?: { app: string; clientId: string };
}

/** Those who are in it, in the order of joining. */
export function here({ memberships }: Conversation): Membership[] {
  return memberships.filter(({ left }) => left === undefined);
}

export function now(conversation: Conversation, person: Person): Membership | undefined {
  return here(conversation).find((each) => each.person === person);
}

export function latest({ memberships }: Conversation, person: Person): Membership | undefined {
  return memberships.findLast((each) => each.person === person);
}

export function directOf(one: Person, other: Person): string {
  return `direct ${[one, other].toSorted().join(' ')}`;
}

/** The other person of a direct conversation; nobody of a group. */
export function otherOf(conversation: string, person: Person): Person[] {
  const [kind, ...people] = conversation.split(' ');
  return kind === 'direct' ? people.filter((each) => each !== person) : [];
}

/** What it looks like from now on, to these people; gives the number of that version. */
export function newVersion(id: string, conversation: Conversation, to: Person[]): number {
  const members = here(conversation).map(({ person }) => person);
  const { kind, title } = conversation;
  const seen: ConversationSeen = { conversation: id, kind, memberCount: members.length, members };
  if (title !== undefined) seen.title = title;
  return conversation.versions.push({ seen, to }) - 1;
}

/** The same of a message. */
export function newLook(conversation: string, position: number, message: Message): number {
  const { from, app, text, replyTo, reactions, isEdited, isDeleted } = message;
  const emojis = [...new Set(reactions.map(({ emoji }) => emoji))];
  const seen: MessageSeen = {
    conversation,
    position,
    from,
    app,
    reactions: emojis.map((emoji) => {
      const people = reactions.filter((each) => each.emoji === emoji).map(({ person }) => person);
      return { emoji, count: people.length, people };
    }),
    isEdited: isEdited && !isDeleted,
    isDeleted,
  };
  if (!isDeleted) seen.text = text;
  if (replyTo !== undefined) seen.replyTo = replyTo;
  return message.versions.push(seen) - 1;
}

/** The interval of membership in which somebody may see a message. */
export function intervalOf({ memberships }: Conversation, person: Person, position: number): Membership | undefined {
  return memberships.find(
    (each) => each.person === person && each.joined < position && position <= (each.left ?? Infinity),
  );
}

/** A message as it is, or as it was when they left; that it is deleted shows then too. */
export function messageFor(conversation: Conversation, person: Person, position: number): MessageSeen | undefined {
  const { versions, isDeleted } = conversation.messages[position - 1]!;
  const interval = intervalOf(conversation, person, position);
  return interval && versions.at(isDeleted ? -1 : (interval.kept?.looks[position - 1] ?? -1));
}

/** Oldest first. */
export function historyOf(conversation: Conversation, person: Person): MessageSeen[] {
  return conversation.messages.flatMap((_, n) => messageFor(conversation, person, n + 1) ?? []);
}

/** What somebody who is or was in it sees of it: who has left, what it was then. */
export function personalOf(conversation: Conversation, person: Person): PersonalSeen {
  const me = latest(conversation, person)!;
  const seen = me.kept?.seen ?? conversation.versions.at(-1)!.seen;
  const top = me.left ?? conversation.messages.length;
  const unread = conversation.messages.filter(
    ({ from }, n) => from !== person && n + 1 > Math.max(me.joined, me.readUpTo) && n + 1 <= top,
  ).length;
  // Of what was sent while they were away, and before, there is the history.
  const lastMessage = top > me.joined ? messageFor(conversation, person, top) : undefined;
  return {
    ...seen,
    ...(lastMessage ? { lastMessage } : {}),
    unread,
    ...(me.readUpTo > 0 ? { readUpTo: me.readUpTo } : {}),
  };
}

export function activeFor(conversation: Conversation, person: Person): number {
  return latest(conversation, person)?.kept?.active ?? conversation.active;
}

/** How far a member has come; what was read has been delivered too. */
export function receiptOf({ delivered }: Conversation, { person, joined, readUpTo }: Membership): ReceiptSeen {
  const reached = delivered.get(person) ?? 0;
  const deliveredUpTo = Math.max(readUpTo, reached > joined ? reached : 0);
  return { person, ...(deliveredUpTo > 0 ? { deliveredUpTo } : {}), ...(readUpTo > 0 ? { readUpTo } : {}) };
}

/** Of everybody who is in it, or was when the person left. */
export function receiptsOf(conversation: Conversation, person: Person): ReceiptSeen[] {
  const { kept } = latest(conversation, person)!;
  return kept?.receipts ?? here(conversation).map((each) => receiptOf(conversation, each));
}

/** The same of how far a member has come. */
export function newReceipt(conversation: Conversation, member: Membership): number {
  const all = conversation.receipts.get(member.person) ?? [];
  conversation.receipts.set(member.person, all);
  return all.push(receiptOf(conversation, member)) - 1;
}
