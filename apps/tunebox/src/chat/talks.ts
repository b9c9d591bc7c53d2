/** What is known of conversations and how events change it; pure. Text is made plain when it is shown. */
import type { Message, Person, PersonalConversation, Receipt } from '@drawbridge/client';

/** A conversation as Tunebox shows it. */
export interface Talk {
  readonly id: string;
  readonly isDirect: boolean;
  readonly title: string;
  readonly people: readonly Person[];
  readonly memberCount: number;
  readonly last: Message | undefined;
  readonly updatedAt: string;
  readonly unread: number;
  readonly readUpTo: number;
  /** In order of position; undefined until it has been opened. */
  readonly messages: readonly Message[] | undefined;
  /** `before` of the page with older ones. */
  readonly older: number | undefined;
  /** Ids of those who type. */
  readonly typing: readonly string[];
  /** How far others are, by id. */
  readonly receipts: ReadonlyMap<string, Receipt>;
}

export type Talks = ReadonlyMap<string, Talk>;

/** As a list or an event gives it; what is known besides stays. */
export function withConversation(talks: Talks, shown: PersonalConversation, me: string): Talks {
  const known = talks.get(shown.id);
  return put(talks, {
    messages: undefined,
    older: undefined,
    typing: [],
    receipts: new Map(),
    ...known,
    id: shown.id,
    isDirect: shown.kind === 'direct',
    title: titleOf(shown, me),
    people: shown.members,
    memberCount: shown.memberCount,
    updatedAt: shown.updatedAt,
    last: shown.lastMessage ?? known?.last,
    unread: shown.unread ?? known?.unread ?? 0,
    readUpTo: Math.max(shown.readUpTo ?? 0, known?.readUpTo ?? 0),
  });
}

/** A message that came, or has changed. It counts as unread once, however often it is told. */
export function withMessage(talks: Talks, message: Message, me: string): Talks {
  const talk = talks.get(message.conversation);
  if (!talk) return talks;
  const isNew = message.position > (talk.last?.position ?? 0);
  const isUnread = isNew && message.from.id !== me && message.position > talk.readUpTo;
  return put(talks, {
    ...talk,
    last: isNew || message.id === talk.last?.id ? message : talk.last,
    updatedAt: isNew ? message.sentAt : talk.updatedAt,
    unread: talk.unread + (isUnread ? 1 : 0),
    messages: talk.messages && merged(talk.messages, [message]),
    typing: isNew ? talk.typing.filter((id) => id !== message.from.id) : talk.typing,
  });
}

/** A page of history. */
export function withHistory(talks: Talks, id: string, page: readonly Message[], older: number | undefined): Talks {
  const talk = talks.get(id);
  return talk ? put(talks, { ...talk, messages: merged(talk.messages ?? [], page), older }) : talks;
}

export function withTyping(talks: Talks, id: string, person: string, isTyping: boolean): Talks {
  const talk = talks.get(id);
  if (!talk || talk.typing.includes(person) === isTyping) return talks;
  const others = talk.typing.filter((each) => each !== person);
  return put(talks, { ...talk, typing: isTyping ? [...others, person] : others });
}

/** My own mark of another device takes what is unread away; others' say how far they are. */
export function withReceipt(talks: Talks, id: string, receipt: Receipt, me: string): Talks {
  const talk = talks.get(id);
  if (!talk) return talks;
  if (receipt.person === me) return withRead(talks, id, receipt.readUpTo ?? 0);
  const receipts = new Map(talk.receipts).set(receipt.person, { ...talk.receipts.get(receipt.person), ...receipt });
  return put(talks, { ...talk, receipts });
}

export function withRead(talks: Talks, id: string, upTo: number): Talks {
  const talk = talks.get(id);
  if (!talk || upTo <= talk.readUpTo) return talks;
  const isAll = upTo >= (talk.last?.position ?? 0);
  const unread = isAll ? 0 : Math.max(0, talk.unread - (upTo - talk.readUpTo));
  return put(talks, { ...talk, readUpTo: upTo, unread });
}

/** The latest first. */
export function inOrder(talks: Talks): Talk[] {
  return [...talks.values()].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : a.updatedAt > b.updatedAt ? -1 : 0));
}

export type Reached = 'sent' | 'delivered' | 'read';

/** How far one of my messages has come: to all others in a direct conversation, to somebody in a group. */
export function reached({ receipts }: Talk, { position }: Message): Reached {
  let farthest: Reached = 'sent';
  for (const { readUpTo = 0, deliveredUpTo = 0 } of receipts.values()) {
    if (readUpTo >= position) return 'read';
    if (deliveredUpTo >= position) farthest = 'delivered';
  }
  return farthest;
}

function put(talks: Talks, talk: Talk): Talks {
  return new Map(talks).set(talk.id, talk);
}

function merged(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  const byPosition = new Map(known.map((message) => [message.position, message]));
  for (const message of more) byPosition.set(message.position, message);
  return [...byPosition.values()].sort((a, b) => a.position - b.position);
}

function titleOf({ title, members, kind }: PersonalConversation, me: string): string {
  if (title !== undefined) return title;
  const others = members.filter(({ id }) => id !== me).map(({ name }) => name);
  return others.join(', ') || (kind === 'direct' ? 'Yourself' : 'A group');
}
