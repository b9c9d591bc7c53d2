import { LIMITS } from '@drawbridge/protocol';
import { Answer } from './answer.js';
import type { Arriving } from './arrivals.js';
import { bridgeId, checkTitle, isPersonId } from './content.js';
import { invalid, type MessagingError, notFound } from './errors.js';
import type { Sender } from './send.js';
import type { ConversationView } from './views.js';

export interface ChangeOfGroup {
  readonly conversation: string;
  readonly title?: string | undefined;
  /** Public ids: contacts to add, and members to remove; one's own to leave. */
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** One change of a group on its way to the store. */
export class GroupUpdate implements Arriving {
  readonly bytes: number;
  queuedAtMs = 0;
  conversation: string;
  readonly answer: Answer<ConversationView>;
  private readonly add: string[];
  private readonly remove: string[];

  /** MessagingError `invalid_data`, or `not_found` for what cannot be an id. */
  constructor(
    readonly sender: Sender,
    private readonly change: ChangeOfGroup,
    answered: () => void,
  ) {
    const id = bridgeId(change.conversation);
    if (id === undefined) throw notFound('conversation');
    if (change.title !== undefined) checkTitle(change.title);
    this.add = [...new Set(change.add)];
    this.remove = [...new Set(change.remove)];
    if (change.title === undefined && this.add.length + this.remove.length === 0)
      throw invalid('title', 'or add or remove must be given');
    if (this.add.some((each) => this.remove.includes(each))) throw invalid('remove', 'names somebody of add');
    if (![...this.add, ...this.remove].every(isPersonId)) throw notFound('person');
    this.conversation = id;
    this.answer = new Answer(answered);
    this.bytes = 300 + 64 * (this.add.length + this.remove.length);
  }

  fail(error: MessagingError): void {
    this.answer.fail(error);
  }

  /** As update_group takes it. */
  row() {
    return {
      c: this.conversation,
      s: this.sender.key,
      p: this.sender.permit ?? undefined,
      f: this.sender.reachesEverybody,
      title: this.change.title,
      add: this.add,
      remove: this.remove,
      max: LIMITS.maxMembers,
    };
  }
}
