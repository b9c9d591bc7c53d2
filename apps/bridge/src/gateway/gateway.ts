import type { IncomingMessage } from 'node:http';
import { Endings } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { AccessPages } from '@drawbridge/ledger';
import {
  type ConversationView,
  type MessageChange,
  type MessageView,
  Messaging,
  type SendResult,
} from '@drawbridge/messaging';
import { readContacts } from '@drawbridge/people';
import {
  ContactsList,
  ConversationCreate,
  ConversationGet,
  ConversationHistory,
  ConversationList,
  ConversationMembers,
  ConversationRead,
  ConversationUpdate,
  LIMITS,
  MailboxAck,
  MessageDelete,
  MessageEdit,
  MessageSend,
  Nothing,
  Reaction,
  SessionOpen,
  SessionRefresh,
  TypingIn,
} from '@drawbridge/protocol';
import { Logger, UseGuards } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { Config } from '../config/config.js';
import { Acceptance } from './acceptance.js';
import { Command } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection, OpenSession } from './connection.js';
import { Connections } from './connections.js';
import { ConsentGuard } from './consent.guard.js';
import { ReadTurns } from './read-turns.js';
import { READ, SEND } from './scope-bits.js';
import { grantView, type Opened, openReply, Sessions } from './sessions.js';
import { changedMessage, createdConversation, sentMessage, updatedConversation } from './shown.js';
import { lastMessages, recordShown } from './shown-pages.js';
import { Typing } from './typing.js';

/** The partners' end. Each handler has data that was checked and consent that was proven; it calls one function. */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class Gateway implements OnGatewayConnection<WebSocket> {
  private readonly log = new Logger('Connection');

  constructor(
    private readonly config: Config,
    private readonly acceptance: Acceptance,
    private readonly connections: Connections,
    private readonly sessions: Sessions,
    private readonly messaging: Messaging,
    private readonly endings: Endings,
    private readonly turns: ReadTurns,
    private readonly pages: AccessPages,
    private readonly typing: Typing,
    private readonly database: Database,
  ) {}

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    this.acceptance.accept(ws, request);
  }

  /** Accepts nothing more, says going_away, finishes what was accepted and closes (4512). Then nothing is open. */
  async drain(): Promise<void> {
    await this.connections.drain(this.config.drainMs);
    await this.messaging.drain();
  }

  @Command({ event: 'session.open', data: SessionOpen, opens: true, shown: openReply, replied: began })
  async open(connection: Connection, data: SessionOpen): Promise<Opened> {
    const opened = await this.sessions.open(connection, data);
    this.log.debug(connection.ids, 'A session is open');
    return opened;
  }

  @Command({ event: 'session.refresh', data: SessionRefresh })
  async refresh(connection: Connection, data: SessionRefresh): Promise<object> {
    const { expiresAtMs } = await this.sessions.refresh(connection, data);
    const { consent } = sessionOf(connection);
    return {
      tokenExpiresAt: new Date(expiresAtMs).toISOString(),
      grant: grantView(consent),
      nonce: connection.nonce,
    };
  }

  @Command({ event: 'session.close', data: Nothing, signsOut: true, replied: signedOut })
  async close(connection: Connection): Promise<object> {
    const { consent } = sessionOf(connection);
    await this.endings.end({ grants: [consent.grant], reason: 'signed_out', by: `app:${consent.app.id}` });
    return {};
  }

  @Command({ event: 'ping', data: Nothing })
  ping(): object {
    return { at: new Date().toISOString() };
  }

  @Command({ event: 'conversation.list', data: ConversationList, scope: 'messages.read' })
  listConversations(connection: Connection, page: ConversationList): Promise<object> {
    return this.read(connection, {
      command: 'conversation.list',
      read: (person) => this.messaging.listConversations(person, page),
      messages: ({ conversations }) => lastMessages(conversations),
    });
  }

  @Command({ event: 'conversation.get', data: ConversationGet, scope: 'messages.read' })
  async conversation(connection: Connection, { conversation: id }: ConversationGet): Promise<object> {
    const read = () =>
      this.read(connection, {
        command: 'conversation.get',
        read: (person) => this.messaging.conversation(person, id),
        messages: (conversation) => lastMessages([conversation]),
      });
    return { conversation: await connection.order.read(id, read) };
  }

  @Command({ event: 'conversation.history', data: ConversationHistory, scope: 'messages.read' })
  history(connection: Connection, data: ConversationHistory): Promise<object> {
    const read = () =>
      this.read(connection, {
        command: 'conversation.history',
        read: (person) => this.messaging.history(person, data),
        messages: ({ messages }) => messages,
      });
    return connection.order.read(data.conversation, read);
  }

  @Command({
    event: 'conversation.create',
    data: ConversationCreate,
    scope: 'messages.send',
    changes: true,
    shown: createdConversation,
  })
  async create(connection: Connection, data: ConversationCreate) {
    const { sender, consent } = sessionOf(connection);
    const created = await this.messaging.createConversation(sender, data);
    // A direct conversation that was there already comes with its last message.
    const messages = consent.scopes & READ ? lastMessages([created.conversation]) : [];
    await recordShown(this.pages, consent, { command: 'conversation.create', messages });
    return created;
  }

  @Command({
    event: 'conversation.update',
    data: ConversationUpdate,
    scope: 'messages.send',
    changes: true,
    shown: updatedConversation,
  })
  async update(connection: Connection, data: ConversationUpdate): Promise<ConversationView> {
    const { sender, consent } = sessionOf(connection);
    const updating = this.messaging.updateGroup(sender, data);
    connection.order.sent(data.conversation, updating);
    const updated = await updating;
    const messages = consent.scopes & READ ? lastMessages([updated]) : [];
    await recordShown(this.pages, consent, { command: 'conversation.update', messages });
    return updated;
  }

  @Command({ event: 'conversation.members', data: ConversationMembers, scope: 'messages.read' })
  members(connection: Connection, data: ConversationMembers): Promise<object> {
    const read = () =>
      this.read(connection, {
        command: 'conversation.members',
        read: (person) => this.messaging.members(person, data),
        messages: () => [],
      });
    return connection.order.read(data.conversation, read);
  }

  @Command({
    event: 'message.send',
    data: MessageSend,
    scope: 'messages.send',
    changes: true,
    shown: sentMessage,
  })
  send(connection: Connection, data: MessageSend) {
    const sending = this.messaging.send(sessionOf(connection).sender, data);
    connection.order.sent(data.conversation, sending);
    // What was typed is there.
    if (data.conversation) this.typing.stop(sessionOf(connection).consent.person, data.conversation.toLowerCase());
    return sending.then((sent) => (sent.duplicate ? this.sentBefore(connection, sent) : sent));
  }

  @Command({ event: 'message.edit', data: MessageEdit, scope: 'messages.send', changes: true, shown: changedMessage })
  edit(connection: Connection, { message, text }: MessageEdit) {
    return this.change(connection, { kind: 'edit', message, text });
  }

  @Command({
    event: 'message.delete',
    data: MessageDelete,
    scope: 'messages.send',
    changes: true,
    shown: changedMessage,
  })
  delete(connection: Connection, { message }: MessageDelete) {
    return this.change(connection, { kind: 'delete', message });
  }

  @Command({ event: 'reaction.add', data: Reaction, scope: 'messages.send', changes: true, shown: changedMessage })
  react(connection: Connection, { message, emoji }: Reaction) {
    return this.change(connection, { kind: 'react', message, emoji });
  }

  @Command({ event: 'reaction.remove', data: Reaction, scope: 'messages.send', changes: true, shown: changedMessage })
  unreact(connection: Connection, { message, emoji }: Reaction) {
    return this.change(connection, { kind: 'unreact', message, emoji });
  }

  @Command({ event: 'conversation.read', data: ConversationRead, scope: 'messages.read', changes: true })
  async markRead(connection: Connection, { conversation, upTo }: ConversationRead): Promise<object> {
    const marking = this.messaging.markRead(sessionOf(connection).sender, conversation, upTo);
    connection.order.sent(conversation, marking);
    await marking;
    return {};
  }

  @Command({ event: 'contacts.list', data: ContactsList, scope: 'contacts.read' })
  async contacts(connection: Connection, { cursor, limit = LIMITS.defaultPage }: ContactsList): Promise<object> {
    const { person, grant } = sessionOf(connection).consent;
    const page = await this.turns.take(grant, () => readContacts(this.database, person.key, { cursor, limit }));
    if (page) return page;
    throw new CommandError('invalid_data', {
      issues: [{ path: 'cursor', problem: 'is not one that the bridge gave' }],
    });
  }

  @Command({ event: 'typing.start', data: TypingIn, scope: 'messages.send' })
  async startTyping(connection: Connection, { conversation }: TypingIn): Promise<object> {
    const { person, grant } = sessionOf(connection).consent;
    const audience = await this.turns.take(grant, () => this.messaging.audience(person.key, conversation));
    // The consent may have gone meanwhile.
    const refused = connection.refusal(SEND);
    if (refused) throw new CommandError(refused);
    this.typing.start(person, conversation.toLowerCase(), audience);
    return {};
  }

  @Command({ event: 'typing.stop', data: TypingIn, scope: 'messages.send' })
  async stopTyping(connection: Connection, { conversation }: TypingIn): Promise<object> {
    const { person, grant } = sessionOf(connection).consent;
    await this.turns.take(grant, () => this.messaging.audience(person.key, conversation));
    this.typing.stop(person, conversation.toLowerCase());
    return {};
  }

  @Command({ event: 'mailbox.ack', data: MailboxAck, scope: 'messages.read', changes: true })
  async acknowledge(connection: Connection, { seq }: MailboxAck): Promise<object> {
    const { stream } = sessionOf(connection);
    if (!stream || seq > stream.lastWritten) {
      throw new CommandError('invalid_data', {
        issues: [{ path: 'seq', problem: 'must not be past the last event of this connection' }],
      });
    }
    await this.messaging.ack(personOf(connection), seq, sessionOf(connection).consent.grant);
    return {};
  }

  /** A retry is shown the message as it is today: perhaps in another app's words, and with other people's reactions (I8). */
  private async sentBefore(connection: Connection, sent: SendResult): Promise<SendResult> {
    const { consent } = sessionOf(connection);
    const messages = consent.scopes & READ ? [sent.message] : [];
    await recordShown(this.pages, consent, { command: 'message.send', messages });
    return sent;
  }

  /** What its reply shows of somebody else's message is on the record first, as any page is (I8). */
  private async change(connection: Connection, change: MessageChange): Promise<MessageView> {
    const { sender, consent } = sessionOf(connection);
    const changing = this.messaging.change(sender, change);
    // Which conversation it is in is not known here: reads of all of them wait for it.
    connection.order.sent(undefined, changing);
    const message = await changing;
    const messages = consent.scopes & READ ? [message] : [];
    await recordShown(this.pages, consent, { command: COMMANDS[change.kind], messages });
    return message;
  }

  /** In its turn, and not at all for a connection that is gone by then. The messages it shows are on the record first (I8). */
  private async read<T>(connection: Connection, { command, read, messages }: Reading<T>): Promise<T> {
    const { consent } = sessionOf(connection);
    const result = await this.turns.take(consent.grant, async () => {
      if (connection.state !== 'open') throw new CommandError('unavailable');
      return read(consent.person.key);
    });
    // What the reply would be refused for anyway was not read by anybody, and is not said to have been.
    const refused = connection.refusal(READ);
    if (refused) throw new CommandError(refused);
    await recordShown(this.pages, consent, { command, messages: messages(result) });
    return result;
  }
}

const COMMANDS = {
  edit: 'message.edit',
  delete: 'message.delete',
  react: 'reaction.add',
  unreact: 'reaction.remove',
} as const satisfies Record<MessageChange['kind'], string>;

/** A command that reads, and the messages that its reply shows. */
interface Reading<T> {
  readonly command: string;
  read(person: number): Promise<T>;
  messages(result: T): readonly MessageView[];
}

/** After the reply of session.open: what was missed, and the times of the token. */
function began(connection: Connection): void {
  connection.onTokenSet();
  connection.session?.stream?.start();
}

/** Where the end did not reach this connection by the feed, because the lease had lapsed. */
function signedOut(connection: Connection): void {
  connection.ended('signed_out');
}

/** The guard has seen to it that the session is open. */
function sessionOf(connection: Connection): OpenSession {
  if (!connection.session) throw new CommandError('not_open');
  return connection.session;
}

function personOf(connection: Connection): number {
  return sessionOf(connection).consent.person.key;
}
