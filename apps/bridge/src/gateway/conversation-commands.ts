import { type ConversationView, Messaging } from '@drawbridge/messaging';
import {
  ConversationCreate,
  ConversationGet,
  ConversationHistory,
  ConversationList,
  ConversationMembers,
  ConversationRead,
  ConversationUpdate,
} from '@drawbridge/protocol';
import { UseGuards } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Command } from './command.js';
import type { Connection } from './connection.js';
import { ConsentGuard } from './consent.guard.js';
import { sessionOf } from './open-session.js';
import { Reads } from './reads.js';
import { createdConversation, updatedConversation } from './shown.js';
import { lastMessages } from './shown-pages.js';

/** Conversations: what there is, what was said, who is in them, and how far one has read. */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class ConversationCommands {
  constructor(
    private readonly messaging: Messaging,
    private readonly reads: Reads,
  ) {}

  @Command({ event: 'conversation.list', data: ConversationList, scope: 'messages.read', countsAs: 'pages' })
  listConversations(connection: Connection, page: ConversationList): Promise<object> {
    return this.reads.read(connection, {
      command: 'conversation.list',
      read: (person) => this.messaging.listConversations(person, page),
      messages: ({ conversations }) => lastMessages(conversations),
    });
  }

  @Command({ event: 'conversation.get', data: ConversationGet, scope: 'messages.read', countsAs: 'pages' })
  async conversation(connection: Connection, { conversation: id }: ConversationGet): Promise<object> {
    const read = () =>
      this.reads.read(connection, {
        command: 'conversation.get',
        read: (person) => this.messaging.conversation(person, id),
        messages: (conversation) => lastMessages([conversation]),
      });
    return { conversation: await connection.order.read(id, read) };
  }

  @Command({ event: 'conversation.history', data: ConversationHistory, scope: 'messages.read', countsAs: 'pages' })
  history(connection: Connection, data: ConversationHistory): Promise<object> {
    const read = () =>
      this.reads.read(connection, {
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
    countsAs: 'conversations',
    changes: true,
    shown: createdConversation,
  })
  async create(connection: Connection, data: ConversationCreate) {
    const created = await this.messaging.createConversation(sessionOf(connection).sender, data);
    // A direct conversation that was there already comes with its last message.
    await this.reads.shows(connection, 'conversation.create', lastMessages([created.conversation]));
    return created;
  }

  @Command({
    event: 'conversation.update',
    data: ConversationUpdate,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: updatedConversation,
  })
  async update(connection: Connection, data: ConversationUpdate): Promise<ConversationView> {
    const updating = this.messaging.updateGroup(sessionOf(connection).sender, data);
    connection.order.sent(data.conversation, updating);
    const updated = await updating;
    await this.reads.shows(connection, 'conversation.update', lastMessages([updated]));
    return updated;
  }

  @Command({ event: 'conversation.members', data: ConversationMembers, scope: 'messages.read' })
  members(connection: Connection, data: ConversationMembers): Promise<object> {
    const read = () =>
      this.reads.read(connection, {
        command: 'conversation.members',
        read: (person) => this.messaging.members(person, data),
        messages: () => [],
      });
    return connection.order.read(data.conversation, read);
  }

  @Command({ event: 'conversation.read', data: ConversationRead, scope: 'messages.read', changes: true })
  async markRead(connection: Connection, { conversation, upTo }: ConversationRead): Promise<object> {
    const marking = this.messaging.markRead(sessionOf(connection).sender, conversation, upTo);
    connection.order.sent(conversation, marking);
    await marking;
    return {};
  }
}
