import type { Message, Scope, WireCommands, WireError } from '@drawbridge/protocol';
import type { ClientOptions } from '../options.js';
import type { WebSocketClass } from '../socket.js';
import { COMMANDS, Refusal, refusal } from './commands.js';
import { bare, type Consent, refusedOpening, sessionOf } from './replies.js';
import { check } from './rules.js';
import { type SocketServer, TestSocket } from './test-socket.js';
import { type MailboxEntry, type TestConversation, World } from './world.js';

const URL = 'http://bridge.test';
/** The compiler knows when one is missing: the SDK has the protocol's types alone. */
const EVERY: Readonly<Record<Scope, true>> = {
  'messages.read': true,
  'messages.send': true,
  'contacts.read': true,
  'presence.read': true,
  profile: true,
  'recommendations.send': true,
  'public.read': true,
};
const ALL = Object.keys(EVERY) as Scope[];

/** Of one consent. */
const MAX_CONNECTIONS = 4;

interface Client {
  readonly socket: TestSocket;
  consent?: Consent;
  /** The last durable event that it was sent. */
  seq: number;
}

/** What a client of the bridge needs, for `createClient`. */
export type TestClientOptions = Pick<ClientOptions, 'url' | 'token' | 'webSocket' | 'backoff'>;

/** A bridge in memory, for tests of apps: the protocol as it is, people that a script moves, and faults on demand. */
export class TestBridge {
  /** How many connections there were. */
  connections = 0;
  /** How often tokens were asked for. */
  tokensAsked = 0;
  readonly #clients = new Map<TestSocket, Client>();
  readonly #consents = new Map<string, Consent>();
  readonly #valid = new Set<string>();
  readonly #failures: { command: string; code: string; more: Partial<WireError> }[] = [];
  #refusesConnections = false;
  #loses = false;
  /** Which one is lost: to each of its recipients. */
  #lost: object | undefined;
  readonly #world = new World((person, entry) => this.#deliver(person, entry));

  constructor(people: readonly string[]) {
    for (const person of people) this.#world.person(person);
  }

  /** Options for `createClient`, as this person, who has allowed these scopes (all of them by default). */
  as(person: string, scopes: readonly Scope[] = ALL): TestClientOptions {
    const { id } = this.#world.person(person);
    const consent: Consent = { person: id, grant: crypto.randomUUID(), scopes: [...scopes] };
    this.#consents.set(consent.grant, consent);
    const server: SocketServer = {
      connected: (socket) => this.#connected(socket),
      received: (socket, frame) => this.#received(socket, frame),
      closed: (socket) => void this.#clients.delete(socket),
    };
    const webSocket = class extends TestSocket {
      constructor() {
        super(server);
      }
    } satisfies WebSocketClass;
    const token = () => {
      this.tokensAsked++;
      const made = `${consent.grant} ${crypto.randomUUID()}`;
      this.#valid.add(made);
      return made;
    };
    return { url: URL, token, webSocket, backoff: { baseMs: 1, maxMs: 10 } };
  }

  /** Somebody writes to somebody else, in an app of their own. */
  message(from: string, to: string, text: string): Message {
    return this.#world.add(this.#world.conversationOf([from, to]), from, { text });
  }

  /** Somebody makes a group. */
  group(title: string, members: readonly string[]): TestConversation {
    return this.#world.conversationOf(members, title);
  }

  /** Everything that was written between two people, or in the conversation with this id, oldest first. */
  messages(between: string | readonly [string, string]): readonly Message[] {
    if (typeof between === 'string') return this.#world.conversations.get(between)?.messages ?? [];
    return this.#world.conversationOf(between).messages;
  }

  /** Somebody begins to type, or stops, where the app under test can see it. */
  typing(from: string, to: string, active = true): void {
    this.#pass(this.#world.conversationOf([from, to]), from, active);
  }

  /** Connections are lost (1006). */
  cut(): void {
    for (const socket of this.#clients.keys()) socket.end(1006, '');
  }

  /** Connections are closed by the bridge, such as with `close(4503, 'consent_unverifiable')`. */
  close(code: number, reason: string): void {
    for (const socket of this.#clients.keys()) socket.end(code, reason);
  }

  /** Connections stay, and nothing gets through any more. New ones are well. */
  halfOpen(): void {
    for (const socket of this.#clients.keys()) socket.isDead = true;
    this.#clients.clear();
  }

  /** New connections fail, until it is called with false. */
  refuseConnections(refuses = true): void {
    this.#refusesConnections = refuses;
  }

  /** The gateway says that it is going away; `close(4512, 'going_away')` is the end of it. */
  goAway(reconnectWithinMs = 1_000): void {
    for (const socket of this.#clients.keys()) socket.write({ event: 'going_away', data: { reconnectWithinMs } });
  }

  /** The next command of this name is refused with this code. */
  failNext(command: keyof WireCommands, code: string, more: Partial<WireError> = {}): void {
    this.#failures.push({ command, code, more });
  }

  /** The next durable event does not reach anybody, though it is in their mailbox. */
  loseNextEvent(): void {
    this.#loses = true;
    this.#lost = undefined;
  }

  /** No token that was given is good any more; connections with one are closed (4401). */
  expireTokens(): void {
    this.#valid.clear();
    this.close(4401, 'unauthenticated');
  }

  /** The bridge asks for another token. */
  tokenExpires(inMs = 60_000): void {
    for (const socket of this.#clients.keys()) socket.write({ event: 'session.expiring', data: { inMs } });
  }

  /** The person takes scopes back; these are left. */
  narrow(person: string, scopes: readonly Scope[]): void {
    for (const consent of this.#consents.values()) if (consent.person === person) consent.scopes = [...scopes];
    for (const client of this.#of(person)) client.socket.write({ event: 'grant.changed', data: { scopes } });
  }

  /** The consent is over: 4403, with this reason. */
  endConsent(person: string, reason = 'revoked_by_person'): void {
    for (const consent of this.#consents.values()) if (consent.person === person) consent.ended = reason;
    for (const { socket } of this.#of(person)) socket.end(4403, reason);
  }

  /** What was kept of everybody's mailbox is gone: clients get `mailbox.reset`. */
  loseMailboxes(): void {
    this.#world.epoch = crypto.randomUUID();
    this.cut();
  }

  #of(person: string): Client[] {
    return [...this.#clients.values()].filter(({ consent }) => consent?.person === person);
  }

  #connected(socket: TestSocket): void {
    this.connections++;
    if (this.#refusesConnections) return void socket.end(1006, '');
    this.#clients.set(socket, { socket, seq: 0 });
    const data = { protocol: 'drawbridge.v1', gateway: 'test', nonce: crypto.randomUUID() };
    const times = { openWithinMs: 5_000, heartbeatMs: 25_000, maxFrameBytes: 65_536 };
    socket.write({ event: 'hello', data: { ...data, ...times } });
  }

  #received(
    socket: TestSocket,
    { event, id, data }: { event: string; id: string; data: Record<string, unknown> },
  ): void {
    const client = this.#clients.get(socket);
    if (!client) return;
    try {
      const failure = this.#failures.findIndex(({ command }) => command === event);
      const [failing] = failure < 0 ? [] : this.#failures.splice(failure, 1);
      if (failing) throw refusal(failing.code, failing.more);
      if (event === 'session.open') this.#open(client, id, data as WireCommands['session.open']['data']);
      else if (event === 'session.refresh')
        socket.write({ event: 'ok', id, data: this.#refresh(client, data.token as string) });
      else if (event === 'session.close') this.#signOut(client, id);
      else socket.write({ event: 'ok', id, data: this.#answer(client, event, data) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      socket.write({ event: 'error', id, data: { ...error.data, docs: `${URL}/errors/${error.data.code}` } });
      if (event === 'session.open')
        socket.end(...refusedOpening(error.data.code, error.data.retryable, this.#consentNamed(String(data.token))));
    }
  }

  #open(client: Client, id: string, { token = '', resume }: WireCommands['session.open']['data']): void {
    const consent = this.#consentOf(token);
    client.consent = consent;
    const [oldest, ...others] = [...this.#clients.values()].filter((each) => each.consent === consent);
    if (others.length >= MAX_CONNECTIONS) oldest?.socket.end(4409, 'superseded');
    const { socket } = client;
    const head = this.#world.head(consent.person);
    const reads = consent.scopes.includes('messages.read');
    const { epoch } = this.#world;
    socket.write({
      event: 'ok',
      id,
      data: sessionOf(consent, this.#world.person(consent.person), reads ? { epoch, head } : undefined),
    });
    if (!reads) return;
    client.seq = resume?.after ?? head;
    const isOther = resume !== undefined && resume.epoch !== epoch;
    if (isOther || client.seq > head) {
      client.seq = head;
      socket.write({ event: 'mailbox.reset', data: { epoch, head, reason: isOther ? 'epoch_changed' : 'ahead' } });
    }
    for (const entry of this.#world.mailboxes.get(consent.person) ?? [])
      if (entry.seq > client.seq) this.#write(client, entry);
    socket.write({ event: 'mailbox.live', data: { seq: head } });
  }

  #refresh(client: Client, token: string): WireCommands['session.refresh']['reply'] {
    const consent = this.#consentOf(token);
    if (consent !== client.consent) throw refusal('unauthenticated');
    const { tokenExpiresAt, grant, nonce } = sessionOf(consent, this.#world.person(consent.person));
    return { tokenExpiresAt, grant, nonce };
  }

  #signOut({ socket, consent }: Client, id: string): void {
    if (!consent) throw refusal('not_open');
    consent.ended = 'signed_out';
    socket.write({ event: 'ok', id, data: {} });
    for (const client of this.#clients.values()) if (client.consent === consent) client.socket.end(4403, 'signed_out');
  }

  #consentOf(token: string): Consent {
    const consent = this.#consentNamed(token);
    if (consent?.ended) throw refusal('consent_ended');
    if (!consent || !this.#valid.has(token)) throw refusal('unauthenticated');
    return consent;
  }

  #consentNamed(token: string): Consent | undefined {
    return this.#consents.get(token.split(' ')[0]!);
  }

  #answer({ consent }: Client, event: string, data: Record<string, unknown>): object {
    if (!consent) throw refusal('not_open');
    const command = Object.hasOwn(COMMANDS, event) ? COMMANDS[event as keyof typeof COMMANDS] : undefined;
    if (!command) throw refusal('unknown_event');
    const { scope } = command;
    if (scope && !consent.scopes.includes(scope)) throw refusal('scope_missing', { scope });
    check(event, data);
    const { clientId, ...content } = data;
    const key = `${consent.person} ${event} ${clientId}`;
    const known = clientId === undefined ? undefined : this.#world.answered.get(key);
    if (known && known.content !== JSON.stringify(content)) throw refusal('conflict');
    const reply = known
      ? { ...known.reply, duplicate: true }
      : command.answer(this.#world, consent.person, data as never);
    if (clientId !== undefined && !known) this.#world.answered.set(key, { content: JSON.stringify(content), reply });
    if (event === 'typing.start' || event === 'typing.stop')
      this.#pass(this.#world.conversations.get(data.conversation as string)!, consent.person, event === 'typing.start');
    return consent.scopes.includes('messages.read') ? reply : bare(reply);
  }

  #pass({ id, members }: TestConversation, person: string, active: boolean): void {
    for (const client of this.#clients.values()) {
      const { consent, socket } = client;
      if (
        consent &&
        consent.person !== person &&
        members.includes(consent.person) &&
        consent.scopes.includes('messages.read')
      )
        socket.write({ event: 'typing', data: { conversation: id, person, active } });
    }
  }

  #deliver(person: string, entry: MailboxEntry): void {
    if (this.#loses) this.#lost = entry.data;
    this.#loses = false;
    for (const client of this.#of(person)) {
      if (entry.data === this.#lost) client.seq = entry.seq;
      else if (client.consent?.scopes.includes('messages.read')) this.#write(client, entry);
    }
  }

  #write(client: Client, { seq, event, data, clientId }: MailboxEntry): void {
    const known = clientId && clientId.person === client.consent?.person ? { clientId: clientId.id } : {};
    client.socket.write({ event, seq, prev: client.seq, data: { ...data, ...known } });
    client.seq = seq;
  }
}

/** A bridge with these people, each a contact of every other. */
export function createTestBridge(people: readonly string[] = ['alice', 'bob', 'carol']): TestBridge {
  return new TestBridge(people);
}
