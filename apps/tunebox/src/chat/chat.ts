import {
  type Bridge,
  BridgeError,
  type BridgeEvent,
  type Message,
  type OutboxEntry,
  type Person,
  type PersonalConversation,
  type Scope,
  type State,
} from '@drawbridge/client';
import {
  inOrder,
  type Talk,
  type Talks,
  withConversation,
  withHistory,
  withMessage,
  withRead,
  withReceipt,
  withTyping,
} from './talks.js';

/** What is typed is told so often at most; it lapses with the others a little after that. */
const TYPING_EVERY_MS = 3_000;
const TYPING_LAPSES_MS = 7_000;
/** Pages of the list of conversations that are loaded. */
const MAX_PAGES = 5;

/** All that there is to show at one moment; never changed, only replaced. */
export interface ChatView {
  readonly state: State;
  readonly me: { readonly id: string; readonly name: string } | undefined;
  readonly allowed: readonly Scope[];
  readonly talks: readonly Talk[];
  /** Undefined until the list has come. */
  readonly isLoaded: boolean;
  readonly contacts: readonly Person[];
  readonly online: ReadonlySet<string>;
  /** What waits to be sent, or could not be. */
  readonly waiting: readonly Readonly<OutboxEntry>[];
  /** The last thing that went wrong, until something else is done. */
  readonly problem: string | undefined;
}

/** The person's messages, through the SDK: keeps what is to be shown up to date, and does what the person asks for. */
export class Chat {
  #view: ChatView;
  #talks: Talks = new Map();
  #readers = new Set<() => void>();
  #waiting = new Map<string, Readonly<OutboxEntry>>();
  #lapses = new Map<string, NodeJS.Timeout>();
  #typingAt = 0;
  #typingIn: string | undefined;
  #isLoading = false;
  #isStale = true;

  constructor(private readonly bridge: Bridge) {
    this.#view = {
      state: bridge.state,
      me: undefined,
      allowed: [],
      talks: [],
      isLoaded: false,
      contacts: [],
      online: new Set(),
      waiting: [],
      problem: undefined,
    };
    bridge.on('state', (state) => this.#stateIs(state));
    bridge.on('event', (event) => this.#heard(event));
    bridge.on('outbox', (entry) => this.#outbox(entry));
  }

  readonly view = (): ChatView => this.#view;

  /** Calls back after each change until the function that is returned is called. */
  readonly subscribe = (reader: () => void): (() => void) => {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  };

  /** Loads what a conversation that is looked at needs. */
  async open(id: string): Promise<void> {
    await this.#doing(async () => {
      const conversation = this.bridge.conversation(id);
      const [{ messages, next }, { receipts }] = await Promise.all([conversation.history(), conversation.get()]);
      this.#talks = withHistory(this.#talks, id, messages, next);
      for (const receipt of receipts) this.#talks = withReceipt(this.#talks, id, receipt, this.#me);
      this.#show();
    });
  }

  async older(id: string): Promise<void> {
    const before = this.#talks.get(id)?.older;
    if (before === undefined) return;
    await this.#doing(async () => {
      const { messages, next } = await this.bridge.conversation(id).history({ before });
      this.#talks = withHistory(this.#talks, id, messages, next);
      this.#show();
    });
  }

  /** The person sees everything of it. */
  read(id: string): void {
    const talk = this.#talks.get(id);
    const upTo = talk?.last?.position ?? 0;
    if (!talk || upTo <= talk.readUpTo || this.#view.state.name !== 'live') return;
    this.#talks = withRead(this.#talks, id, upTo);
    this.#show();
    void this.#doing(() => this.bridge.conversation(id).read(upTo));
  }

  /** Into the outbox, which sends it when it can. */
  send(conversation: string, text: string): void {
    this.#typingIn = undefined;
    this.#sending(this.bridge.conversation(conversation).send({ text }));
  }

  sendTo(person: string, text: string): void {
    this.#sending(this.bridge.sendTo(person, { text }));
  }

  /** Does not wait any longer for the next try. */
  connect(): void {
    this.bridge.open();
  }

  /** Failed ones once more, in the order in which they were written. */
  async retry(): Promise<void> {
    for (const { localId, status } of await this.bridge.outbox.list())
      if (status === 'failed') await this.bridge.outbox.retry(localId);
  }

  /** Failed ones are given up. */
  async discard(): Promise<void> {
    for (const { localId, status } of await this.bridge.outbox.list())
      if (status === 'failed') await this.bridge.outbox.discard(localId);
  }

  /** Said at each key; told to the others now and then. */
  typing(conversation: string, isTyping: boolean): void {
    const now = Date.now();
    const isSame = isTyping && this.#typingIn === conversation && now - this.#typingAt < TYPING_EVERY_MS;
    if (isSame || (!isTyping && this.#typingIn === undefined) || this.#view.state.name !== 'live') return;
    this.#typingIn = isTyping ? conversation : undefined;
    this.#typingAt = now;
    // What is passing is not worth a word when it fails.
    this.bridge
      .conversation(conversation)
      .typing(isTyping)
      .catch(() => {});
  }

  get #me(): string {
    return this.#view.me?.id ?? '';
  }

  #sending(sending: Promise<unknown>): void {
    this.#set({ problem: undefined });
    sending.then(
      (message) => this.#sent(message as Partial<Message>),
      // What failed is in the outbox, with the reason.
      () => {},
    );
  }

  /** The reply may come before the event. */
  #sent(message: Partial<Message>): void {
    if (message.position === undefined) return;
    this.#talks = withMessage(this.#talks, message as Message, this.#me);
    this.#show();
  }

  #stateIs(state: State): void {
    const { session } = this.bridge;
    this.#set({ state });
    if (session) {
      const { id, name = id } = session.person;
      this.#set({ me: { id, name }, allowed: session.grant.scopes });
    }
    if ((state.name === 'live' || state.name === 'catching-up') && this.#isStale) void this.#load();
    if (state.name !== 'live') this.#set({ online: new Set() });
    else void this.#loadPresence();
  }

  /** Everything, from the beginning: at the start, and where the mailbox cannot be gone on with. */
  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    while (this.#isStale && this.bridge.session) {
      this.#isStale = false;
      const isDone = await this.#doing(async () => {
        if (this.#may('messages.read')) await this.#loadTalks();
        if (this.#may('contacts.read')) this.#set({ contacts: await this.#allContacts() });
        this.#set({ isLoaded: true });
      });
      if (!isDone) {
        // With the next connection.
        this.#isStale = true;
        break;
      }
    }
    this.#isLoading = false;
  }

  async #allContacts(): Promise<Person[]> {
    const { contacts } = await this.bridge.request('contacts.list', {});
    return contacts;
  }

  async #loadTalks(): Promise<void> {
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const { conversations, next } = await this.bridge.request('conversation.list', cursor ? { cursor } : {});
      for (const each of conversations) this.#talks = withConversation(this.#talks, each, this.#me);
      this.#show();
      if (next === undefined) return;
      cursor = next;
    }
  }

  async #loadPresence(): Promise<void> {
    if (!this.#may('presence.read')) return;
    await this.#doing(async () => {
      const { people } = await this.bridge.request('presence.list', {});
      this.#set({ online: new Set(people.filter(({ online }) => online).map(({ id }) => id)) });
    });
  }

  #may(scope: Scope): boolean {
    return this.#view.allowed.includes(scope);
  }

  #heard(event: BridgeEvent): void {
    switch (event.event) {
      case 'message.created':
        if (!this.#talks.has(event.data.message.conversation)) {
          void this.#loadOne(event.data.message.conversation);
          return;
        }
        this.#talks = withMessage(this.#talks, event.data.message, this.#me);
        break;
      case 'message.edited':
      case 'message.deleted':
      case 'message.reacted':
        this.#talks = withMessage(this.#talks, event.data.message, this.#me);
        break;
      case 'conversation.created':
      case 'conversation.updated':
        this.#talks = withConversation(this.#talks, event.data.conversation as PersonalConversation, this.#me);
        break;
      case 'receipt.updated':
        this.#talks = withReceipt(this.#talks, event.data.conversation, event.data, this.#me);
        break;
      case 'typing':
        this.#types(event.data.conversation, event.data.person, event.data.active);
        break;
      case 'presence': {
        const online = new Set(this.#view.online);
        if (event.data.online) online.add(event.data.person);
        else online.delete(event.data.person);
        this.#set({ online });
        break;
      }
      case 'grant.changed':
        this.#set({ allowed: event.data.scopes });
        if (!this.#may('messages.read')) this.#talks = new Map();
        if (!this.#may('contacts.read')) this.#set({ contacts: [] });
        if (!this.#may('presence.read')) this.#set({ online: new Set() });
        break;
      case 'mailbox.reset':
        this.#talks = new Map();
        this.#isStale = true;
        void this.#load();
    }
    this.#show();
  }

  async #loadOne(id: string): Promise<void> {
    await this.#doing(async () => {
      this.#talks = withConversation(this.#talks, await this.bridge.conversation(id).get(), this.#me);
      this.#show();
    });
  }

  #types(conversation: string, person: string, active: boolean): void {
    const key = `${conversation} ${person}`;
    clearTimeout(this.#lapses.get(key));
    this.#lapses.delete(key);
    this.#talks = withTyping(this.#talks, conversation, person, active);
    if (!active) return;
    const lapse = setTimeout(() => {
      this.#types(conversation, person, false);
      this.#show();
    }, TYPING_LAPSES_MS).unref();
    this.#lapses.set(key, lapse);
  }

  #outbox(entry: Readonly<OutboxEntry>): void {
    if (entry.status === 'sent' || entry.error?.code === 'discarded') this.#waiting.delete(entry.localId);
    else this.#waiting.set(entry.localId, { ...entry });
    this.#set({ waiting: [...this.#waiting.values()].sort((a, b) => a.order - b.order) });
  }

  /** False where it failed; what fails is said, unless it is only that there is no connection: the state says that. */
  async #doing(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const isOffline = error instanceof BridgeError && ['closed', 'timeout', 'signed_out'].includes(error.code);
      if (!isOffline) this.#set({ problem: error instanceof BridgeError ? error.message : String(error) });
      return false;
    }
  }

  #show(): void {
    this.#set({ talks: inOrder(this.#talks) });
  }

  #set(change: Partial<ChatView>): void {
    this.#view = { ...this.#view, ...change };
    for (const reader of this.#readers) reader();
  }
}
