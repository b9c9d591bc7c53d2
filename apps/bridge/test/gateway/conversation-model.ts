import {
  type Conversation,
  directOf,
  type Entry,
  here,
  intervalOf,
  latest,
  type Membership,
  type Message,
  newLook,
  newReceipt,
  newVersion,
  now,
  otherOf,
  type Person,
  receiptOf,
} from './conversation-seen.js';

/** Who asks, and through which app. */
export interface By {
  readonly person: Person;
  readonly app: string;
}

/** In a conversation, counted from 1. */
export interface Place {
  readonly conversation: string;
  readonly position: number;
}

export type Command =
  | { do: 'create'; members: Person[]; title?: string | undefined; clientId: string }
  | { do: 'update'; conversation: string; title?: string | undefined; add?: Person[]; remove?: Person[] }
  | { do: 'send'; conversation: string; text: string; clientId: string; replyTo?: Place | undefined }
  | { do: 'send to'; to: Person; text: string; clientId: string }
  | { do: 'edit'; message: Place; text: string }
  | { do: 'delete'; message: Place }
  | { do: 'react' | 'unreact'; message: Place; emoji: string }
  | { do: 'read'; conversation: string; upTo: number }
  /** Everything up to there is stored; with the conversations in the order in which the bridge tells of them. */
  | { do: 'ack'; seq: number; order: string[] }
  | { do: 'contacts'; contacts: Person[] }
  | { do: 'blocks'; blocks: Person[] };

type Refusal = 'not_found' | 'invalid_data' | 'conflict';

/** What the reply says, as far as it cannot be asked for later. */
export interface Answer {
  readonly code: 'ok' | Refusal;
  readonly conversation?: string;
  readonly position?: number;
  readonly seq?: number;
  readonly duplicate?: boolean;
}

interface State {
  clock: number;
  readonly contacts: Map<Person, Person[]>;
  readonly blocks: Map<Person, Person[]>;
  readonly conversations: Map<string, Conversation>;
  readonly mailboxes: Map<Person, Entry[]>;
  readonly acked: Map<Person, number>;
  /** Pairs in which one has blocked the other at some time, as direct conversations. */
  readonly apart: Set<string>;
  /** By who asked, through what, and client id. */
  readonly requests: Map<string, { content: string; answer: Answer }>;
}

const OK: Answer = { code: 'ok' };
const refused = (code: Refusal): Answer => ({ code });

/**
 * What the protocol promises of conversations, membership, messages, reading, blocks and mailboxes, as a few rules over
 * plain data. It knows no ids of the bridge: a direct conversation is its two people, a group the request that made it,
 * a message its place in its conversation. Nothing here waits, fails or is delivered: that is the bridge's business.
 */

export class ConversationModel {
  private constructor(private readonly state: State) {}

  /** People who all know each other. */
  static of(people: readonly Person[]): ConversationModel {
    const others = (person: Person) => people.filter((each) => each !== person);
    return new ConversationModel({
      clock: 0,
      contacts: new Map(people.map((person) => [person, others(person)])),
      blocks: new Map(people.map((person) => [person, []])),
      conversations: new Map(),
      mailboxes: new Map(people.map((person) => [person, []])),
      acked: new Map(),
      apart: new Set(),
      requests: new Map(),
    });
  }

  clone(): ConversationModel {
    return new ConversationModel(structuredClone(this.state));
  }

  /** Time goes by: what is done between two ticks is done at once. */
  tick(): void {
    this.state.clock += 1;
  }

  apply(by: By, command: Command): Answer {
    switch (command.do) {
      case 'contacts':
        this.state.contacts.set(by.person, command.contacts);
        return OK;
      case 'blocks':
        this.state.blocks.set(by.person, command.blocks);
        for (const blocked of command.blocks) this.state.apart.add(directOf(by.person, blocked));
        return OK;
      case 'ack':
        return this.acknowledge(by, command);
      case 'create':
        return this.create(by, command);
      case 'update':
        return this.update(by, command);
      case 'send':
        return this.send(by, { ...command, isKnown: false });
      case 'send to':
        return this.send(by, { ...command, conversation: directOf(by.person, command.to), isKnown: true });
      case 'read':
        return this.read(by, command);
      default:
        return this.change(by, command);
    }
  }

  /** Contacts only, and nobody who has blocked the person: both are answered as somebody who does not exist. */
  private mayReach(person: Person, other: Person): boolean {
    return this.state.contacts.get(person)!.includes(other) && !this.hasBlocked(other, person);
  }

  private hasBlocked(person: Person, other: Person): boolean {
    return this.state.blocks.get(person)?.includes(other) ?? false;
  }

  /**
   * The first half of a send to somebody: the direct conversation, which is made by itself before the message is stored.
   * Whether there was anything to make.
   */
  opens(by: By, to: Person): boolean {
    const id = directOf(by.person, to);
    if (to === by.person || this.state.conversations.has(id) || !this.mayReach(by.person, to)) return false;
    this.make(id, [by.person, to], undefined);
    return true;
  }

  private create(by: By, { members, title, clientId }: Extract<Command, { do: 'create' }>): Answer {
    const others = [...new Set(members)].filter((person) => person !== by.person);
    if (others.length === 0) return refused('invalid_data');
    const named = others.length > 1 ? title : undefined;
    const request = requestOf('create', by, clientId);
    const content = JSON.stringify([others.toSorted(), named]);
    const before = this.state.requests.get(request);
    if (before) return before.content === content ? { ...before.answer, duplicate: true } : refused('conflict');
    if (!others.every((other) => this.mayReach(by.person, other))) return refused('not_found');
    const id = others.length > 1 ? `group of ${request}` : directOf(by.person, others[0]!);
    if (!this.state.conversations.has(id)) this.make(id, [by.person, ...others], named);
    const answer: Answer = { code: 'ok', conversation: id, duplicate: false };
    this.state.requests.set(request, { content, answer });
    return answer;
  }

  private make(id: string, people: Person[], title: string | undefined): void {
    const made: Conversation = {
      kind: id.startsWith('group') ? 'group' : 'direct',
      ...(title === undefined ? {} : { title }),
      messages: [],
      memberships: people.map((person) => ({ person, joined: 0, readUpTo: 0 })),
      active: this.state.clock,
      delivered: new Map(),
      versions: [],
      receipts: new Map(),
    };
    this.state.conversations.set(id, made);
    const version = newVersion(id, made, people);
    for (const person of people) this.tell(person, { event: 'conversation.created', conversation: id, version });
  }

  private send(
    by: By,
    send: { conversation: string; text: string; clientId: string; replyTo?: Place | undefined; isKnown: boolean },
  ): Answer {
    const { conversation: id, text, clientId, replyTo } = send;
    const request = requestOf('send', by, clientId);
    const content = JSON.stringify([id, text, replyTo]);
    const before = this.state.requests.get(request);
    if (before) return before.content === content ? { ...before.answer, duplicate: true } : refused('conflict');
    const [other] = otherOf(id, by.person);
    if (send.isKnown && !this.mayReach(by.person, other!)) return refused('not_found');
    if (send.isKnown && !this.state.conversations.has(id)) this.make(id, [by.person, other!], undefined);
    const conversation = this.state.conversations.get(id);
    const me = conversation && now(conversation, by.person);
    if (!conversation || !me || (other && this.hasBlocked(other, by.person))) return refused('not_found');
    if (replyTo && (replyTo.conversation !== id || !conversation.messages[replyTo.position - 1]))
      return refused('not_found');
    if (replyTo && replyTo.position <= me.joined) return refused('not_found');

    const message: Message = {
      from: by.person,
      app: by.app,
      text,
      ...(replyTo ? { replyTo: replyTo.position } : {}),
      reactions: [],
      isEdited: false,
      isDeleted: false,
      versions: [],
    };
    const position = conversation.messages.push(message);
    const place = { conversation: id, position };
    conversation.active = this.state.clock;
    me.readUpTo = position;
    newReceipt(conversation, me);
    const version = newLook(id, position, message);
    for (const { person } of here(conversation)) {
      const own = person === by.person ? { app: by.app, clientId } : undefined;
      this.tell(person, { event: 'message.created', ...place, version, ...(own ? { own } : {}) });
    }
    const answer: Answer = { code: 'ok', ...place, seq: this.head(by.person), duplicate: false };
    this.state.requests.set(request, { content, answer });
    return answer;
  }

  private update(by: By, update: Extract<Command, { do: 'update' }>): Answer {
    const add = [...new Set(update.add)];
    const remove = [...new Set(update.remove)];
    if (update.title === undefined && add.length + remove.length === 0) return refused('invalid_data');
    if (add.some((person) => remove.includes(person))) return refused('invalid_data');
    const group = this.state.conversations.get(update.conversation);
    if (!group || !now(group, by.person)) return refused('not_found');
    if (group.kind === 'direct') return refused('invalid_data');
    const before = here(group).map(({ person }) => person);
    if (!add.every((person) => before.includes(person) || this.mayReach(by.person, person)))
      return refused('not_found');
    if (!remove.every((person) => before.includes(person))) return refused('not_found');
    // Everybody may leave; whoever has been in it longest removes others.
    if (before[0] !== by.person && remove.some((person) => person !== by.person)) return refused('not_found');
    const added = add.filter((person) => !before.includes(person));
    const isRenamed = update.title !== undefined && update.title !== group.title;
    if (added.length + remove.length === 0 && !isRenamed) return OK;

    const conversation = update.conversation;
    const last = group.messages.length;
    group.active = this.state.clock;
    const gone = remove.map((person) => now(group, person)!);
    for (const membership of gone) membership.left = last;
    // Who goes is not told who comes, nor what it is called from then on.
    const left = remove.length > 0 ? newVersion(conversation, group, remove) : 0;
    for (const membership of gone)
      membership.kept = {
        seen: group.versions[left]!.seen,
        receipts: here(group).map((each) => receiptOf(group, each)),
        active: group.active,
        looks: group.messages.map(({ versions }) => versions.length - 1),
      };
    for (const person of added) {
      // How far somebody has read does not go back when they come back.
      const readUpTo = latest(group, person)?.readUpTo ?? 0;
      group.memberships.push({ person, joined: last, readUpTo });
    }
    if (update.title !== undefined) group.title = update.title;
    const version = newVersion(
      conversation,
      group,
      here(group).map(({ person }) => person),
    );
    for (const person of remove) this.tell(person, { event: 'conversation.updated', conversation, version: left });
    for (const { person } of here(group)) {
      const event = added.includes(person) ? 'conversation.created' : 'conversation.updated';
      this.tell(person, { event, conversation, version });
    }
    return OK;
  }

  private read(by: By, { conversation: id, upTo }: Extract<Command, { do: 'read' }>): Answer {
    const conversation = this.state.conversations.get(id);
    const me = conversation && latest(conversation, by.person);
    if (!conversation || !me) return refused('not_found');
    if (upTo > (me.left ?? conversation.messages.length)) return refused('invalid_data');
    if (upTo <= me.readUpTo) return OK;
    me.readUpTo = upTo;
    this.receipt(id, conversation, me);
    return OK;
  }

  /** Messages that came to somebody's app have been delivered, once for each conversation, whatever it missed before. */
  private acknowledge({ person }: By, { seq, order }: Extract<Command, { do: 'ack' }>): Answer {
    const before = this.state.acked.get(person) ?? 0;
    if (seq <= before) return OK;
    this.state.acked.set(person, seq);
    const entries = this.state.mailboxes.get(person)!.slice(before, seq);
    for (const id of order) {
      const positions = entries.flatMap((entry) =>
        entry.conversation === id && entry.event === 'message.created' ? [entry.position!] : [],
      );
      const conversation = this.state.conversations.get(id)!;
      const me = latest(conversation, person);
      const upTo = Math.max(0, ...positions);
      if (!me || upTo <= Math.max(me.joined, receiptOf(conversation, me).deliveredUpTo ?? 0)) continue;
      conversation.delivered.set(person, upTo);
      this.receipt(id, conversation, me);
    }
    return OK;
  }

  /** Tells them and, in a direct conversation, the other person; who has blocked somebody neither tells them nor is told. */
  private receipt(id: string, conversation: Conversation, me: Membership): void {
    const version = newReceipt(conversation, me);
    const [other] = otherOf(id, me.person);
    const told = other && !this.areApart(me.person, other) ? [me.person, other] : [me.person];
    for (const person of told)
      this.tell(person, { event: 'receipt.updated', conversation: id, reader: me.person, version });
  }

  areApart(one: Person, other: Person): boolean {
    return this.hasBlocked(one, other) || this.hasBlocked(other, one);
  }

  private change(by: By, change: Extract<Command, { message: Place }>): Answer {
    const { conversation: id, position } = change.message;
    const conversation = this.state.conversations.get(id);
    const message = conversation?.messages[position - 1];
    if (!conversation || !message) return refused('not_found');
    const isMine = message.from === by.person;
    const me = now(conversation, by.person);
    const isSeen = me !== undefined && me.joined < position;
    if ((change.do === 'edit' || change.do === 'delete') && !isMine) return refused('not_found');
    // Who has left takes back what they wrote, and changes nothing else.
    if (change.do !== 'delete' && !isSeen) return refused('not_found');
    const [other] = otherOf(id, by.person);
    if (other && (change.do === 'edit' || change.do === 'react') && this.hasBlocked(other, by.person))
      return refused('not_found');
    if (message.isDeleted) return change.do === 'delete' ? OK : refused('conflict');

    const { reactions } = message;
    if (change.do === 'edit') {
      if (message.text === change.text) return OK;
      message.text = change.text;
      message.isEdited = true;
    } else if (change.do === 'delete') {
      message.isDeleted = true;
      message.reactions = [];
    } else {
      const had = reactions.findIndex(({ emoji, person }) => emoji === change.emoji && person === by.person);
      if (had >= 0 === (change.do === 'react')) return OK;
      if (change.do === 'react') reactions.push({ emoji: change.emoji, person: by.person });
      else reactions.splice(had, 1);
    }
    const version = newLook(id, position, message);
    const event =
      change.do === 'edit' ? 'message.edited' : change.do === 'delete' ? 'message.deleted' : 'message.reacted';
    const reached = conversation.memberships.filter(
      ({ joined, left }) => joined < position && (left === undefined || (change.do === 'delete' && position <= left)),
    );
    for (const person of new Set(reached.map(({ person }) => person)))
      this.tell(person, { event, conversation: id, position, version });
    return OK;
  }

  private tell(person: Person, entry: Entry): void {
    this.state.mailboxes.get(person)!.push(entry);
  }

  head(person: Person): number {
    return this.state.mailboxes.get(person)!.length;
  }

  /** All that there are, oldest first. */
  get conversations(): ReadonlyMap<string, Conversation> {
    return this.state.conversations;
  }

  /** Those that somebody is or was in. */
  conversationsOf(person: Person): string[] {
    return [...this.state.conversations].filter(([, each]) => latest(each, person)).map(([id]) => id);
  }

  contactsOf(person: Person): readonly Person[] {
    return this.state.contacts.get(person)!;
  }

  blocksOf(person: Person): readonly Person[] {
    return this.state.blocks.get(person)!;
  }

  /**
   * What the event at this place of a mailbox may say: what it is of as it was then, or as it came to be until now, as
   * far as that is theirs to see. Undefined where there is none.
   */
  event(person: Person, app: string, seq: number): { event: string; data: object[] } | undefined {
    const entry = this.state.mailboxes.get(person)![seq - 1];
    if (!entry) return undefined;
    const { event, version, own, reader } = entry;
    const conversation = this.state.conversations.get(entry.conversation)!;
    if (reader !== undefined) {
      const told = conversation.receipts.get(reader)!.slice(version);
      // Where they have parted since, there is nothing left to say.
      const nothing = reader !== person && this.state.apart.has(entry.conversation) ? [{ person: reader }] : [];
      return { event, data: [...told, ...nothing].map((each) => ({ conversation: entry.conversation, ...each })) };
    }
    if (entry.position === undefined) {
      const seen = conversation.versions.slice(version).filter(({ to }) => to.includes(person));
      return { event, data: seen.map(({ seen }) => ({ conversation: seen })) };
    }
    const clientId = own?.app === app ? { clientId: own.clientId } : {};
    const { versions, isDeleted } = conversation.messages[entry.position - 1]!;
    const last =
      intervalOf(conversation, person, entry.position)!.kept?.looks[entry.position - 1] ?? versions.length - 1;
    const looks = versions.filter((_, n) => n >= version && (n <= last || (isDeleted && n === versions.length - 1)));
    return { event, data: looks.map((message) => ({ message, ...clientId })) };
  }
}

/** A client id is a UUID, in whatever letters. */
function requestOf(kind: string, { person, app }: By, clientId: string): string {
  return [kind, person, app, clientId.toLowerCase()].join(' ');
}
