import { Acknowledgement } from './acknowledgement.js';
import { Arrivals } from './arrivals.js';
import { audience } from './audience.js';
import { Change, type MessageChange } from './change.js';
import { type CommitOptions, SendCommit } from './commit.js';
import { AckCommit } from './commit-acks.js';
import { ChangeCommit } from './commit-changes.js';
import { GroupCommit } from './commit-group.js';
import { ReadCommit } from './commit-reads.js';
import { RecommendationCommit } from './commit-recommendation.js';
import { ConversationMaking, type NewConversation } from './conversation-making.js';
import { type ConversationPage, Conversations, type MembersPage, type MembersRequest } from './conversations.js';
import { directConversation } from './direct-conversations.js';
import type { StoredEvent } from './events.js';
import { type ChangeOfGroup, GroupUpdate } from './group-update.js';
import { type HistoryPage, type HistoryRequest, readHistory } from './history.js';
import { Lanes } from './lanes.js';
import { Mailboxes, type MailboxPosition, type MailboxRead } from './mailboxes.js';
import { ReadMark } from './read-mark.js';
import { type NewRecommendation, Recommendation, type RecommendationResult } from './recommendation.js';
import { RecommendationTurns } from './recommendation-turns.js';
import { type NewMessage, Send, type Sender, type SendResult, type Series } from './send.js';
import type { ConversationView, MessageView } from './views.js';
import { Whole } from './whole.js';

export interface MessagingOptions extends CommitOptions {
  /** Conversations that are made at once; one, if it is not given. */
  readonly creationsAtOnce?: number;
  /** Lanes for conversations of up to 20 people and for larger ones. */
  readonly lanes?: { readonly shared: number; readonly large: number };
}

/** One writer of small conversations makes the largest batches: two took a tenth more CPU here, half more in the database. */
const LANES = { shared: 1, large: 1 } as const;

/** Conversations, messages and mailboxes. Everything it refuses is a MessagingError. */
export class Messaging {
  private readonly lanes: Lanes<Item>;
  private readonly arrivals: Arrivals<Item>;
  private readonly changes: ChangeCommit;
  private readonly conversations: Conversations;
  private readonly making: ConversationMaking;
  private readonly mailboxes: Mailboxes;
  private readonly acknowledgements: AckCommit;
  /** For the host platform. */
  readonly whole: Whole;
  private readonly recommendationTurns = new RecommendationTurns();
  private unanswered = 0;
  private drained: (() => void)[] = [];

  constructor(private readonly options: MessagingOptions) {
    const { database } = options;
    const noticed = (conversation: string, people: number) => this.lanes.noticed(conversation, people);
    const sends = new SendCommit(options, noticed);
    this.changes = new ChangeCommit(options);
    const learn = (conversation: string, people: number) => this.lanes.learn(conversation, people);
    this.conversations = new Conversations(database);
    this.making = new ConversationMaking(options, this.conversations, learn, options.creationsAtOnce);
    const reads = new ReadCommit(options);
    const groups = new GroupCommit(options, this.conversations, noticed);
    const recommendations = new RecommendationCommit(options, this.conversations, learn);
    this.lanes = new Lanes({
      ...(options.lanes ?? LANES),
      commit: async (batch) => {
        for (const run of runsOf(batch)) {
          if (run.kind === 'sends') await sends.commit(run.items);
          else if (run.kind === 'changes') await this.changes.commit(run.items);
          else if (run.kind === 'reads') await reads.commit(run.items);
          else if (run.kind === 'group') await groups.commit(run.item);
          else await recommendations.commit(run.item);
        }
      },
      sizes: (conversations) => this.conversations.sizes(conversations),
    });
    this.arrivals = new Arrivals((item) => this.lanes.join(item));
    this.mailboxes = new Mailboxes(database, this.conversations);
    this.acknowledgements = new AckCommit(options);
    this.whole = new Whole(database, this.conversations);
  }

  /**
   * Stores a message and resolves after the commit, when `onCommitted` has had the event (I3). One that names a
   * conversation takes its place in the order of it synchronously. The same again, by client id, gives the first
   * result and stores nothing (I5); after `unavailable` that is the way to find out. Of a series none overtakes one that
   * could not be stored for now.
   */
  async send(sender: Sender, request: NewMessage, series?: Series): Promise<SendResult> {
    const { to, clientId } = request;
    const { database } = this.options;
    const resolve =
      to === undefined ? undefined : () => directConversation(database, this.making, { sender, to, clientId });
    const send = new Send(sender, request, this.answered, resolve, series);
    this.unanswered++;
    this.arrivals.accept(send);
    return send.answer.result;
  }

  /**
   * Sends a title to each of several friends, in the direct conversation with them, which is made if need be. The answer
   * is the same for those who are no contacts, who have blocked the person, or are nobody: an id that is of no message.
   * Errors and retries as of send.
   */
  async recommend(sender: Sender, request: NewRecommendation): Promise<RecommendationResult> {
    const item: Recommendation = new Recommendation(sender, request, this.answered, () =>
      this.recommendationTurns.of(item),
    );
    this.unanswered++;
    this.arrivals.accept(item);
    return item.answer.result;
  }

  /**
   * Edits or deletes one's own message, or reacts to one; resolves after the commit with the message as it is then. One
   * that is so already stays so (I5). MessagingError `not_found` for a message that this person may not change,
   * `conflict` for one that is deleted or has as many kinds of reactions as it may have.
   */
  async change(sender: Sender, change: MessageChange): Promise<MessageView> {
    const resolve = () => this.changes.conversationOf(change.message);
    const item = new Change(sender, change, this.answered, resolve);
    this.unanswered++;
    this.arrivals.accept(item);
    return item.answer.result;
  }

  async createConversation(
    sender: Sender,
    request: NewConversation,
  ): Promise<{ conversation: ConversationView; duplicate: boolean }> {
    this.unanswered++;
    try {
      return await this.making.create(sender, request);
    } finally {
      this.answered();
    }
  }

  /**
   * The direct conversation of two people, made if need be; `since` when, if not from now on. MessagingError `not_found`
   * where the other one is nobody, or no contact of a sender who reaches contacts only.
   */
  async openDirect(sender: Sender, to: string, since?: Date): Promise<string> {
    this.unanswered++;
    try {
      return await this.making.openDirect(sender, to, since);
    } finally {
      this.answered();
    }
  }

  /**
   * Renames a group, adds contacts, removes members; one's own id leaves. Resolves after the commit with the group as it
   * is then, for who has left as it was. MessagingError `not_found` where it is no conversation of this person's, one
   * of those to add is no contact, or one of those to remove is no member or another's to remove; `invalid_data` for a
   * direct conversation and for too many people.
   */
  async updateGroup(sender: Sender, change: ChangeOfGroup): Promise<ConversationView> {
    const update = new GroupUpdate(sender, change, this.answered);
    this.unanswered++;
    this.arrivals.accept(update);
    return update.answer.result;
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

  /**
   * The person has read up to this position; never backwards. In a direct conversation the other person is told too.
   * MessagingError `not_found`, `invalid_data` for a position past the last message that they may see.
   */
  async markRead(sender: Sender, conversation: string, upTo: number): Promise<void> {
    const mark = new ReadMark(sender, conversation, upTo, this.answered);
    this.unanswered++;
    this.arrivals.accept(mark);
    return mark.answer.result;
  }

  /** As internal keys: whom it concerns that the person, by key or id, is typing or has read. MessagingError `not_found`. */
  audience(person: number | string, conversation: string): Promise<number[]> {
    return audience(this.options.database, person, conversation);
  }

  members(person: number, request: MembersRequest): Promise<MembersPage> {
    return this.conversations.members(person, request);
  }

  history(person: number, request: HistoryRequest): Promise<HistoryPage> {
    return readHistory(this.options.database, person, request);
  }

  /**
   * A client of this person's has stored everything up to `seq` of the mailbox; never backwards. Messages of others among
   * it have reached the person, and whoever is told of reading is told of that. `permit` as of a Sender. MessagingError
   * `invalid_data` for a seq that was not given out yet, `consent_ended` where the permit may not read.
   */
  async ack(person: number, seq: number, permit: string | null): Promise<void> {
    const acknowledgement = new Acknowledgement(person, seq, permit, this.answered);
    this.unanswered++;
    this.acknowledgements.add(acknowledgement);
    return acknowledgement.answer.result;
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

type Item = Send | Change | ReadMark | GroupUpdate | Recommendation;
type Run =
  | { kind: 'sends'; items: Send[] }
  | { kind: 'changes'; items: Change[] }
  | { kind: 'reads'; items: ReadMark[] }
  | { kind: 'group'; item: GroupUpdate }
  | { kind: 'recommendation'; item: Recommendation };

/** What follows each other and is of one kind goes in one statement; the order in the batch stays. */
function runsOf(batch: readonly Item[]): Run[] {
  const runs: Run[] = [];
  for (const item of batch) {
    const last = runs.at(-1);
    if (item instanceof GroupUpdate) runs.push({ kind: 'group', item });
    else if (item instanceof Recommendation) runs.push({ kind: 'recommendation', item });
    else if (item instanceof Send) {
      if (last?.kind === 'sends') last.items.push(item);
      else runs.push({ kind: 'sends', items: [item] });
    } else if (item instanceof ReadMark) {
      if (last?.kind === 'reads') last.items.push(item);
      else runs.push({ kind: 'reads', items: [item] });
    } else if (last?.kind === 'changes') last.items.push(item);
    else runs.push({ kind: 'changes', items: [item] });
  }
  return runs;
}
