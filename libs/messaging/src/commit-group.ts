import { LIMITS } from '@drawbridge/protocol';
import { type CommitOptions, recipientsOf } from './commit.js';
import type { Conversations } from './conversations.js';
import { consentEnded, invalid, MessagingError, notFound, unavailable } from './errors.js';
import { failureOf } from './failures.js';
import type { GroupUpdate } from './group-update.js';
import { call, repeated } from './storing.js';

type Changed = ['n', revision: number, added: number[], stayed: number[], removed: number[]];
type Outcome = Changed | ['s'] | ['x'] | ['k'] | ['m'] | ['e'];

const REFUSALS: Readonly<Record<string, () => MessagingError>> = {
  x: () => notFound('conversation'),
  k: () => invalid('conversation', 'is not a group'),
  m: () => invalid('add', `would make it more than ${LIMITS.maxMembers} people`),
  e: consentEnded,
};

/** Commits a change of a group, tells everybody concerned, and answers it (I3). */
export class GroupCommit {
  constructor(
    private readonly options: CommitOptions,
    private readonly conversations: Conversations,
    private readonly noticed: (conversation: string, people: number) => void,
  ) {}

  /** Resolves when it is stored: what it reads for events and answer keeps nobody's sends waiting in the lane. */
  async commit(update: GroupUpdate): Promise<void> {
    await this.answering(update, async () => {
      const outcome = await this.store(update);
      if (!outcome) return;
      const refusal = REFUSALS[outcome[0]];
      if (refusal) update.fail(refusal());
      else void this.answering(update, () => this.tell(update, outcome));
    });
  }

  private async tell(update: GroupUpdate, outcome: Outcome): Promise<void> {
    if (outcome[0] === 'n') await this.announce(update.conversation, outcome);
    update.answer.succeed(await this.conversations.get(update.sender.key, update.conversation));
  }

  private async answering(update: GroupUpdate, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.log.warn({ err: error }, 'a group could not be changed');
      update.fail(error instanceof MessagingError ? error : unavailable('The group could not be changed.'));
    }
  }

  /** Undefined where it was answered before: consent could not be proved. */
  private async store(update: GroupUpdate): Promise<Outcome | undefined> {
    const attempt = () => call(this.options, [update], 'update_group', ([only]) => only!.row());
    const { text } = await repeated(this.options, attempt).catch((error: unknown) => {
      throw failureOf(error) === 'data' ? invalid('title', 'cannot be stored') : error;
    });
    return text === undefined ? undefined : (JSON.parse(text) as Outcome);
  }

  /** Those who came see it made, those who stayed see it changed, and those who went see what they leave. */
  private async announce(conversation: string, [, revision, added, stayed, removed]: Changed): Promise<void> {
    try {
      const { people, events } = await this.conversations.told(conversation, revision, [
        { name: 'conversation.created', recipients: recipientsOf(added) },
        { name: 'conversation.updated', recipients: recipientsOf(stayed) },
        { name: 'conversation.updated', recipients: recipientsOf(removed), gone: true },
      ]);
      this.noticed(conversation, people);
      this.options.onCommitted(events);
    } catch (error) {
      // The store has it: whoever missed the hint finds it there (I4).
      this.options.log.error({ err: error }, 'the event of a changed group was not handed on');
      this.options.onOutcomeUnknown?.();
    }
  }
}
