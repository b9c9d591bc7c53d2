import { type CommitOptions, SendCommit } from './commit.js';
import { type ConversationPage, Conversations, type NewConversation } from './conversations.js';
import { DirectSends } from './direct-sends.js';
import type { StoredEvent } from './events.js';
import { type HistoryPage, type HistoryRequest, readHistory } from './history.js';
import { Lanes } from './lanes.js';
import { Acknowledgements, Mailboxes, type MailboxPosition, type MailboxRead } from './mailboxes.js';
import { type NewMessage, Send, type Sender, type SendResult } from './send.js';
import type { ConversationView } from './views.js';

export interface MessagingOptions extends CommitOptions {
  /** Lanes for conversations of up to 20 people and for larger ones. */
  readonly lanes?: { readonly shared: number; readonly large: number };
}

/** One writer of small conversations makes the largest batches: two took a tenth more CPU here, half more in the database. */
const LANES = { shared: 1, large: 1 } as const;

/** Conversations, messages and mailboxes. Everything it refuses is a MessagingError. */
export class Messaging {
  private readonly lanes: Lanes<Send>;
  private readonly directSends: DirectSends;
  private readonly conversations: Conversations;
  private readonly mailboxes: Mailboxes;
  private readonly acknowledgements: Acknowledgements;
  private unanswered = 0;
  private drained: (() => void)[] = [];

  constructor(private readonly options: MessagingOptions) {
    const { database } = options;
    const commit = new SendCommit(options);
    this.conversations = new Conversations(options, (conversation, people) => this.lanes.learn(conversation, people));
    this.lanes = new Lanes<Send>({
      ...(options.lanes ?? LANES),
      commit: (batch) => commit.commit(batch),
      sizes: (conversations) => this.conversations.sizes(conversations),
    });
    this.directSends = new DirectSends(database, this.conversations, (send) => this.lanes.join(send));
    this.mailboxes = new Mailboxes(database, this.conversations);
    this.acknowledgements = new Acknowledgements(options);
  }

  /**
   * Stores a message and resolves after the commit, when `onCommitted` has had the event (I3). One that names a
   * conversation takes its place in the order of it synchronously. The same again, by client id, gives the first
   * result and stores nothing (I5); after `unavailable` that is the way to find out.
   */
  async send(sender: Sender, request: NewMessage): Promise<SendResult> {
    const send = new Send(sender, request, this.answered);
    this.unanswered++;
    if (this.directSends.concerns(send)) this.directSends.accept(send);
    else this.lanes.join(send);
    return send.result;
  }

  async createConversation(
    sender: Sender,
    request: NewConversation,
  ): Promise<{ conversation: ConversationView; duplicate: boolean }> {
    this.unanswered++;
    try {
      return await this.conversations.create(sender, request);
    } finally {
      this.answered();
    }
  }

  listConversations(
    person: number,
    page: { cursor?: string | undefined; limit?: number | undefined } = {},
  ): Promise<ConversationPage> {
    return this.conversations.list(person, page);
  }

  conversation(person: number, id: string): Promise<ConversationView> {
    return this.conversations.get(person, id);
  }

  history(person: number, request: HistoryRequest): Promise<HistoryPage> {
    return readHistory(this.options.database, person, request);
  }

  /** `permit` as of a Sender. */
  ack(person: number, seq: number, permit: string | null): Promise<void> {
    return this.acknowledgements.ack(person, seq, permit);
  }

  heads(owners: readonly number[]): Promise<Map<number, MailboxPosition>> {
    return this.mailboxes.heads(owners);
  }

  /** What stands in mailboxes, one answer for each read, in order. */
  read(reads: readonly MailboxRead[]): Promise<StoredEvent[][]> {
    return this.mailboxes.read(reads);
  }

  epoch(): Promise<string> {
    return this.mailboxes.epoch();
  }

  /** Resolves when everything accepted is answered. */
  async drain(): Promise<void> {
    if (this.unanswered > 0) await new Promise<void>((resolve) => this.drained.push(resolve));
  }

  private readonly answered = (): void => {
    if (--this.unanswered > 0) return;
    for (const resolve of this.drained.splice(0)) resolve();
  };
}
