import type {
  Bridge,
  BridgeEvent,
  Conversation,
  Message,
  OutboxEntry,
  Person,
  PersonalConversation,
} from '@drawbridge/client';
import { batch, signal } from '@preact/signals';

const PAGE = 50;
export const CHAT_LIMITS = {
  /** Bubbles of a conversation that grows while it is looked at; the older ones are loaded again on demand. */
  messages: 300,
} as const;
/** Events are taken together so often: a burst of a thousand is drawn once. */
const TAKE_EVERY_MS = 16;

/** A conversation as the console shows it. */
export interface Talk extends Pick<PersonalConversation, 'id' | 'kind' | 'title' | 'members' | 'updatedAt' | 'unread'> {
  readonly last?: Message;
}

/** What one person sees of their messages: as an app shows it, so that a tester sees what the frames mean. */
export class Chat {
  readonly talks = signal<readonly Talk[]>([]);
  readonly contacts = signal<readonly Person[]>([]);
  /** The id of the conversation that is open. */
  readonly openId = signal<string | undefined>(undefined);
  /** The contact who is written to, where there is no conversation with them yet. */
  readonly to = signal<string | undefined>(undefined);
  /** Of the open conversation, in the order of their positions. */
  readonly messages = signal<readonly Message[]>([]);
  /** `before` of the page before the first of `messages`. */
  readonly older = signal<number | undefined>(undefined);
  /** Who types in the open conversation. */
  readonly typing = signal<ReadonlySet<string>>(new Set());
  /** How far the others have read the open conversation, by their ids. */
  readonly readUpTo = signal<ReadonlyMap<string, number>>(new Map());
  /** What waits to be sent, or could not be. */
  readonly waiting = signal<readonly Readonly<OutboxEntry>[]>([]);
  readonly problem = signal('');
  /** How far this person has read each conversation, as the bridge knows it. */
  readonly #marks = new Map<string, number>();
  #isReading = false;
  #heard: BridgeEvent[] = [];
  /** How often everything was forgotten: what was asked for before is not shown after. */
  #forgotten = 0;

  constructor(private readonly client: () => Bridge | undefined) {}

  /** Everything from the beginning: at the start, and after whatever was missed. */
  load(): Promise<void> {
    return this.#doing(async (client) => {
      const forgotten = this.#forgotten;
      const scopes = client.session?.grant.scopes ?? [];
      const reads = scopes.includes('messages.read');
      const [list, people] = await Promise.all([
        reads ? client.request('conversation.list', {}) : undefined,
        scopes.includes('contacts.read') ? client.request('contacts.list', {}) : undefined,
      ]);
      // It may have ended, or been narrowed, since it was asked.
      if (client !== this.client() || this.#forgotten !== forgotten) return;
      const mayKnowPeople = client.session?.grant.scopes.includes('contacts.read') ?? false;
      batch(() => {
        for (const { id, readUpTo = 0 } of list?.conversations ?? []) this.#marks.set(id, readUpTo);
        if (list)
          this.talks.value = list.conversations
            .filter(isTalk)
            .map(({ lastMessage: last, ...talk }) => ({ ...talk, last }));
        if (!list) this.talks.value = [];
        this.contacts.value = mayKnowPeople ? (people?.contacts ?? []) : [];
      });
      const open = this.openId.value ?? this.talks.value[0]?.id;
      if (open !== undefined && reads) await this.open(open);
    });
  }

  open(id: string): Promise<void> {
    return this.#doing(async (client) => {
      if (id !== this.openId.value) this.#show([], undefined);
      this.openId.value = id;
      this.to.value = undefined;
      this.typing.value = new Set();
      const talk = client.conversation(id);
      const [page, { receipts }] = await Promise.all([talk.history({ limit: PAGE }), talk.get()]);
      if (this.openId.value !== id) return;
      this.readUpTo.value = new Map(receipts.map(({ person, readUpTo = 0 }) => [person, readUpTo]));
      this.#show(merged(this.messages.value, page.messages), page.next);
      await this.#read(client);
    });
  }

  loadOlder(): Promise<void> {
    return this.#doing(async (client) => {
      const id = this.openId.value;
      const before = this.older.value;
      if (id === undefined || before === undefined) return;
      const page = await client.conversation(id).history({ before, limit: PAGE });
      if (this.openId.value === id) this.#show(merged(this.messages.value, page.messages), page.next);
    });
  }

  /** The next message makes a conversation with this contact. */
  address(person: string): void {
    batch(() => {
      this.openId.value = undefined;
      this.to.value = person;
      this.#show([], undefined);
    });
  }

  /** Through the SDK's outbox: it is sent when it can be, and until then it is in `waiting`. */
  send(text: string): Promise<void> {
    return this.#doing(async (client) => {
      const id = this.openId.value;
      const to = this.to.value;
      if (id !== undefined) await client.conversation(id).send({ text });
      else if (to !== undefined) {
        const { conversation } = await client.sendTo(to, { text });
        if (this.to.value === to && client.session?.grant.scopes.includes('messages.read')) {
          this.openId.value = conversation;
          await this.load();
        }
      }
    });
  }

  typed(): void {
    const id = this.openId.value;
    // What is passing is not worth a word when it fails.
    if (id !== undefined)
      this.client()
        ?.conversation(id)
        .typing()
        .catch(() => {});
  }

  heard(event: BridgeEvent): void {
    if (this.#heard.push(event) > 1) return;
    setTimeout(() => {
      const events = this.#heard.splice(0);
      batch(() => {
        for (const each of events) this.#takeIfAny(each);
      });
    }, TAKE_EVERY_MS);
  }

  /** A bridge that is tested may send what no bridge should: the frames show it, and the rest is heard all the same. */
  #takeIfAny(event: BridgeEvent): void {
    try {
      this.#take(event);
    } catch (error) {
      this.problem.value = `${event.event} came with something that is not of the protocol: ${(error as Error).message}`;
    }
  }

  #take({ event, data }: BridgeEvent): void {
    switch (event) {
      case 'message.created':
        // One of one's own may come before the answer to its command.
        this.waiting.value = this.waiting.value.filter(({ localId }) => localId !== data.clientId);
        this.#message(data.message, true);
        return;
      case 'message.edited':
      case 'message.deleted':
      case 'message.reacted':
        this.#message(data.message, false);
        return;
      case 'conversation.created':
      case 'conversation.updated':
        this.#conversation(data.conversation);
        return;
      case 'typing':
        if (data.conversation === this.openId.value) this.typing.value = changed(this.typing.value, data);
        return;
      case 'receipt.updated':
        if (data.conversation === this.openId.value && data.readUpTo !== undefined)
          this.readUpTo.value = new Map(this.readUpTo.value).set(data.person, data.readUpTo);
        return;
      case 'grant.changed':
        if (!data.scopes.includes('messages.read')) this.forget();
        if (!data.scopes.includes('contacts.read')) this.contacts.value = [];
    }
  }

  outboxChanged(entry: Readonly<OutboxEntry>): void {
    const others = this.waiting.value.filter(({ localId }) => localId !== entry.localId);
    this.waiting.value = entry.status === 'sent' ? others : [...others, entry];
  }

  /** The consent is over: nothing of what it showed stays on the page. */
  forget(): void {
    this.#forgotten++;
    this.#marks.clear();
    // What has just come is of the consent that is over.
    this.#heard.length = 0;
    batch(() => {
      this.talks.value = [];
      this.contacts.value = [];
      this.openId.value = undefined;
      this.to.value = undefined;
      this.waiting.value = [];
      this.typing.value = new Set();
      this.readUpTo.value = new Map();
      this.#show([], undefined);
    });
  }

  #message(message: Message, isNew: boolean): void {
    if (!isMessage(message)) throw new Error('it is no message.');
    const isOpen = message.conversation === this.openId.value;
    const talk = this.talks.value.find(({ id }) => id === message.conversation);
    if (!talk) return void this.load();
    const me = this.client()?.session?.person.id;
    batch(() => {
      if (isOpen) {
        this.#append(message);
        if (isNew) this.typing.value = changed(this.typing.value, { person: message.from.id, active: false });
      }
      const isLast = message.position >= (talk.last?.position ?? 0);
      const unread = talk.unread + (isNew && !isOpen && message.from.id !== me ? 1 : 0);
      this.#put({ ...talk, unread, ...(isLast ? { last: message, updatedAt: message.sentAt } : {}) });
    });
    if (isOpen && isNew && message.from.id !== me) void this.#doing((client) => this.#read(client));
  }

  #conversation(shown: Conversation): void {
    if (!isTalk(shown)) throw new Error('it is no conversation.');
    const me = this.client()?.session?.person.id;
    // Taken out of it: there is nothing to see any more.
    const isWhole = shown.memberCount <= shown.members.length;
    if (isWhole && !shown.members.some(({ id }) => id === me)) return void this.load();
    const known = this.talks.value.find(({ id }) => id === shown.id);
    this.#put({ unread: 0, ...known, ...shown });
  }

  /** What is open has been read. One mark is under way at a time, and the next says all that came meanwhile. */
  async #read(client: Bridge): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (;;) {
        const id = this.openId.value;
        const last = this.messages.value.at(-1)?.position ?? 0;
        if (id === undefined || last <= (this.#marks.get(id) ?? 0)) return;
        this.#marks.set(id, last);
        await client.conversation(id).read(last);
        const talk = this.talks.value.find((each) => each.id === id);
        if (talk && talk.unread > 0) this.#put({ ...talk, unread: 0 });
      }
    } finally {
      this.#isReading = false;
    }
  }

  #put(talk: Talk): void {
    const others = this.talks.value.filter(({ id }) => id !== talk.id);
    this.talks.value = [talk, ...others].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
  }

  #show(messages: readonly Message[], older: number | undefined): void {
    this.messages.value = messages;
    this.older.value = older;
  }

  #append(message: Message): void {
    const all = merged(this.messages.value, [message]);
    const isTooMuch = all.length > 2 * CHAT_LIMITS.messages;
    const shown = isTooMuch ? all.slice(-CHAT_LIMITS.messages) : all;
    this.#show(shown, isTooMuch ? shown[0]!.position : this.older.value);
  }

  /** What goes wrong is said on the page; the frames beside it say the rest. */
  async #doing(act: (client: Bridge) => Promise<void>): Promise<void> {
    const client = this.client();
    if (!client) return;
    try {
      this.problem.value = '';
      await act(client);
    } catch (error) {
      if (client === this.client()) this.problem.value = (error as Error).message;
    }
  }
}

function changed(
  people: ReadonlySet<string>,
  { person, active }: { person: string; active: boolean },
): ReadonlySet<string> {
  const next = new Set(people);
  if (active) next.add(person);
  else next.delete(person);
  return next;
}

/** As far as it is drawn: the frames say what else is wrong with it. */
function isMessage(message: Partial<Message> | null | undefined): boolean {
  const { id, conversation, position, from, reactions } = message ?? {};
  const isNamed = typeof id === 'string' && typeof conversation === 'string' && typeof position === 'number';
  return isNamed && typeof from?.id === 'string' && Array.isArray(reactions) && reactions.every(Boolean);
}

function isTalk(talk: Pick<Talk, 'id' | 'members'> | null | undefined): boolean {
  return typeof talk?.id === 'string' && Array.isArray(talk.members) && talk.members.every(Boolean);
}

function merged(known: readonly Message[], more: readonly Message[]): readonly Message[] {
  const byPosition = new Map(known.map((message) => [message.position, message]));
  for (const message of more.filter(isMessage)) byPosition.set(message.position, message);
  return [...byPosition.values()].sort((a, b) => a.position - b.position);
}
