import { type MessageChange, type MessageView, Messaging, type SendResult } from '@drawbridge/messaging';
import {
  LIMITS,
  MailboxAck,
  MessageDelete,
  MessageEdit,
  MessageSend,
  Reaction,
  RecommendationSend,
  TypingIn,
} from '@drawbridge/protocol';
import { UseGuards } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Command } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';
import { ConsentGuard } from './consent.guard.js';
import { sessionOf } from './open-session.js';
import { Reads } from './reads.js';
import { SEND } from './scope-bits.js';
import { changedMessage, recommended, sentMessage } from './shown.js';
import { Typing } from './typing.js';

/** Messages: sent, changed, reacted to, being typed, and received. */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class MessageCommands {
  constructor(
    private readonly messaging: Messaging,
    private readonly typing: Typing,
    private readonly reads: Reads,
  ) {}

  @Command({
    event: 'message.send',
    data: MessageSend,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: sentMessage,
  })
  send(connection: Connection, data: MessageSend) {
    const sending = this.messaging.send(sessionOf(connection).sender, data);
    connection.order.sent(data.conversation, sending);
    if (data.conversation) this.wasTyped(connection, data.conversation);
    return sending.then((sent) => {
      if (sent.duplicate) return this.sentBefore(connection, sent);
      if (data.to) this.wasTyped(connection, sent.message.conversation);
      return sent;
    });
  }

  @Command({
    event: 'recommendation.send',
    data: RecommendationSend,
    scope: 'recommendations.send',
    countsAs: 'sends',
    changes: true,
    shown: recommended,
    answeredEveryMs: LIMITS.recommendationAnsweredEveryMs,
  })
  recommend(connection: Connection, data: RecommendationSend) {
    const sending = this.messaging.recommend(sessionOf(connection).sender, data);
    connection.order.sent(undefined, sending);
    return sending;
  }

  @Command({
    event: 'message.edit',
    data: MessageEdit,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: changedMessage,
  })
  edit(connection: Connection, { message, text }: MessageEdit) {
    return this.change(connection, { kind: 'edit', message, text });
  }

  @Command({
    event: 'message.delete',
    data: MessageDelete,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: changedMessage,
  })
  delete(connection: Connection, { message }: MessageDelete) {
    return this.change(connection, { kind: 'delete', message });
  }

  @Command({
    event: 'reaction.add',
    data: Reaction,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: changedMessage,
  })
  react(connection: Connection, { message, emoji }: Reaction) {
    return this.change(connection, { kind: 'react', message, emoji });
  }

  @Command({
    event: 'reaction.remove',
    data: Reaction,
    scope: 'messages.send',
    countsAs: 'sends',
    changes: true,
    shown: changedMessage,
  })
  unreact(connection: Connection, { message, emoji }: Reaction) {
    return this.change(connection, { kind: 'unreact', message, emoji });
  }

  @Command({ event: 'typing.start', data: TypingIn, scope: 'messages.send' })
  startTyping(connection: Connection, { conversation }: TypingIn): Promise<object> {
    return connection.order.typed(conversation, async () => {
      const audience = await this.audience(connection, conversation);
      // The consent may have gone meanwhile.
      const refused = connection.refusal(SEND);
      if (refused) throw new CommandError(refused);
      this.typing.start(sessionOf(connection).consent.person, conversation.toLowerCase(), audience);
      return {};
    });
  }

  @Command({ event: 'typing.stop', data: TypingIn, scope: 'messages.send' })
  stopTyping(connection: Connection, { conversation }: TypingIn): Promise<object> {
    return connection.order.typed(conversation, async () => {
      await this.audience(connection, conversation);
      this.typing.stop(sessionOf(connection).consent.person, conversation.toLowerCase());
      return {};
    });
  }

  @Command({ event: 'mailbox.ack', data: MailboxAck, scope: 'messages.read', changes: true })
  async acknowledge(connection: Connection, { seq }: MailboxAck): Promise<object> {
    const { stream, consent } = sessionOf(connection);
    if (!stream || seq > stream.lastWritten) {
      throw new CommandError('invalid_data', {
        issues: [{ path: 'seq', problem: 'must not be past the last event of this connection' }],
      });
    }
    await this.messaging.ack(consent.person.key, seq, consent.grant);
    return {};
  }

  /** As it is after what was sent there before. */
  private audience(connection: Connection, conversation: string): Promise<number[]> {
    const audience = (person: number) => this.messaging.audience(person, conversation);
    return connection.order.read(conversation, () => this.reads.take(connection, audience));
  }

  /** What was typed is there. */
  private wasTyped(connection: Connection, conversation: string): void {
    const { person } = sessionOf(connection).consent;
    const stop = () => this.typing.stop(person, conversation.toLowerCase());
    if (connection.order.isTypingSaid(conversation)) void connection.order.typed(conversation, async () => stop());
    else stop();
  }

  /** A retry is shown the message as it is today: perhaps in another app's words, and with other people's reactions (I8). */
  private async sentBefore(connection: Connection, sent: SendResult): Promise<SendResult> {
    await this.reads.shows(connection, 'message.send', [sent.message]);
    return sent;
  }

  /** What its reply shows of somebody else's message is on the record first, as any page is (I8). */
  private async change(connection: Connection, change: MessageChange): Promise<MessageView> {
    const changing = this.messaging.change(sessionOf(connection).sender, change);
    // Which conversation it is in is not known here: reads of all of them wait for it.
    connection.order.sent(undefined, changing);
    const message = await changing;
    await this.reads.shows(connection, COMMANDS[change.kind], [message]);
    return message;
  }
}

const COMMANDS = {
  edit: 'message.edit',
  delete: 'message.delete',
  react: 'reaction.add',
  unreact: 'reaction.remove',
} as const satisfies Record<MessageChange['kind'], string>;
