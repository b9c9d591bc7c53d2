import type { CommitOptions } from './commit.js';
import type { Conversations } from './conversations.js';
import { conflict, consentEnded, invalid, MessagingError, unavailable } from './errors.js';
import type { DurableEvent, Recipient } from './events.js';
import { failureOf } from './failures.js';
import type { Recommendation } from './recommendation.js';
import { call, repeated } from './storing.js';
import { conversationData, messageData } from './views.js';

type Message = [
  nth: number,
  conversation: string,
  position: number,
  sender: number,
  senderSeq: number,
  friend: number,
  friendSeq: number,
  made: 0 | 1,
];
type Outcome = ['n', number, Message[]] | ['d', string[]] | ['c'] | ['e'];

/** Commits a recommendation, tells those it reached, and answers it (I3). */
export class RecommendationCommit {
  constructor(
    private readonly options: CommitOptions,
    private readonly conversations: Conversations,
    /** Told how many people are in a new conversation, before anybody can know of it. */
    private readonly learn: (conversation: string, people: number) => void,
  ) {}

  async commit(item: Recommendation): Promise<void> {
    try {
      const attempt = () => call(this.options, [item], 'send_recommendation', ([only]) => only!.row());
      const { text } = await repeated(this.options, attempt);
      // Without it, it was answered before: consent could not be proved.
      if (text === undefined) return;
      const outcome = JSON.parse(text) as Outcome;
      if (outcome[0] === 'c') item.fail(conflict());
      else if (outcome[0] === 'e') item.fail(consentEnded());
      else if (outcome[0] === 'd') item.succeed(outcome[1], true);
      else {
        await this.announce(item, outcome[2], new Date(outcome[1]).toISOString());
        item.succeed(item.messages, false);
      }
    } catch (error) {
      this.options.log.warn({ err: error }, 'a recommendation could not be stored');
      if (error instanceof MessagingError) item.fail(error);
      else if (failureOf(error) === 'data') item.fail(invalid('title', 'cannot be stored'));
      else item.fail(unavailable('The recommendation could not be stored.'));
    }
  }

  private async announce(item: Recommendation, messages: readonly Message[], sentAt: string): Promise<void> {
    try {
      const made = messages.filter((message) => message[7] === 1).map((message) => message[1]);
      for (const conversation of made) this.learn(conversation, 2);
      // The lane waits for it, and may not wait for whoever reads a history.
      const rows = made.length === 0 ? undefined : await this.conversations.rows(made, this.options.database.commits());
      const events: DurableEvent[] = [];
      for (const [nth, conversation, position, sender, senderSeq, friend, friendSeq] of messages) {
        const recipients = (before: number): Recipient[] => [
          { owner: sender, seq: senderSeq - before },
          { owner: friend, seq: friendSeq - before },
        ];
        const row = rows?.get(conversation);
        if (row) events.push({ name: 'conversation.created', data: conversationData(row), recipients: recipients(1) });
        events.push({
          name: 'message.created',
          data: messageData(item.view(nth - 1, conversation, position, sentAt)),
          own: { person: sender, app: item.sender.app, clientId: item.request.clientId },
          recipients: recipients(0),
        });
      }
      if (events.length > 0) this.options.onCommitted(events);
    } catch (error) {
      // The store has them: whoever missed the hint finds them there (I4).
      this.options.log.error({ err: error }, 'events of a stored recommendation were not handed on');
      this.options.onOutcomeUnknown?.();
    }
  }
}
