import { randomUUID } from 'node:crypto';
import { NoTurn, Turns } from '@drawbridge/database';
import { LIMITS } from '@drawbridge/protocol';
import { CompiledQuery } from 'kysely';
import { type CommitOptions, recipientsOf } from './commit.js';
import { checkClientId, checkTitle, isPersonId } from './content.js';
import type { Conversations } from './conversations.js';
import {
  conflict,
  consentEnded,
  consentUnverifiable,
  invalid,
  MessagingError,
  notFound,
  rateLimited,
  unavailable,
} from './errors.js';
import { failureOf } from './failures.js';
import { contentHash, type Sender } from './send.js';
import { repeated } from './storing.js';
import { type ConversationView, personalView } from './views.js';

export interface NewConversation {
  /** The others' public ids; all must be contacts. */
  readonly members: readonly string[];
  /** Of a group. A direct conversation has none: one given for it counts for nothing, in a retry too. */
  readonly title?: string | undefined;
  readonly clientId: string;
  /** Since when it has been there, where that is not from now on. */
  readonly since?: Date | undefined;
}

interface ToStore {
  readonly clientId?: string;
  readonly title?: string | undefined;
  readonly hash?: string;
  readonly since?: Date | undefined;
}

/** Conversations that are made, and that wait for it, grant by grant in turn (I9). */
export const CREATION_LIMITS = {
  /** One at a time, so that they never crowd out sends; where the platform loads its history, more of its own. */
  atOnce: 1,
  /** On one grant; more are `rate_limited`. */
  waitingEach: 64,
  waiting: 1_000,
  /** One that has waited longer is answered `unavailable`, untried. */
  maxWaitMs: 5_000,
} as const;

type Made = ['n', string, number[]] | ['h', string] | ['d', string] | ['c'] | ['x'] | ['e'];
type Found = Extract<Made, ['n' | 'h' | 'd', ...unknown[]]>;

const TOO_MANY = 'Too many conversations are waiting to be made.';
const crowded = () => unavailable(TOO_MANY);

/** Conversations that begin: with contacts only, each once by its client id (I5). */
export class ConversationMaking {
  private readonly turns: Turns;

  constructor(
    private readonly options: CommitOptions,
    private readonly conversations: Conversations,
    /** Told how many people are in a new conversation, before anybody can know of it. */
    private readonly learn: (conversation: string, people: number) => void,
    atOnce: number = CREATION_LIMITS.atOnce,
  ) {
    this.turns = new Turns({ ...CREATION_LIMITS, atOnce });
  }

  /** MessagingError `not_found` when one of the members is no contact, or is nobody, or has blocked the creator. */
  async create(
    sender: Sender,
    request: NewConversation,
  ): Promise<{ conversation: ConversationView; duplicate: boolean }> {
    checkClientId(request.clientId);
    if (request.title !== undefined) checkTitle(request.title);
    const others = [...new Set(request.members)].filter((id) => id !== sender.id);
    if (others.length === 0) throw invalid('members', 'names nobody else');
    if (others.length >= LIMITS.maxMembers) throw invalid('members', `would be more than ${LIMITS.maxMembers} people`);
    const title = others.length > 1 ? request.title : undefined;
    const hash = contentHash([others.toSorted(), title ?? null]);
    const clientId = request.clientId.toLowerCase();
    const made = await this.make(sender, others, { clientId, title, hash, since: request.since });
    const row = await this.conversations.personalRow(sender.key, made[1]);
    if (!row) throw notFound('conversation');
    return { conversation: personalView(row), duplicate: made[0] === 'd' };
  }

  /** The direct conversation with a contact, made if need be. Errors as of create. */
  async openDirect(sender: Sender, to: string, since?: Date): Promise<string> {
    return (await this.make(sender, [to], { since }))[1];
  }

  private async make(sender: Sender, others: string[], request: ToStore): Promise<Found> {
    if (!others.every(isPersonId)) throw notFound('person');
    const askedAt = performance.now();
    // What the platform makes for a person has turns of its own, by the person.
    const made = await this.turns
      .take(sender.permit ?? `person ${sender.key}`, () => {
        if (performance.now() - askedAt > CREATION_LIMITS.maxWaitMs) throw crowded();
        return this.store(sender, others, request);
      })
      .catch((error: unknown) => {
        if (!(error instanceof NoTurn)) throw error;
        throw error.crowded === 'own' ? rateLimited(TOO_MANY) : crowded();
      });
    if (made[0] === 'n') await this.announce(made[1], others.length + 1, made[2]);
    return made;
  }

  private async store(sender: Sender, others: string[], request: ToStore): Promise<Found> {
    const parameter = JSON.stringify({
      id: randomUUID(),
      s: sender.key,
      a: sender.app,
      i: request.clientId,
      h: request.hash,
      p: sender.permit ?? undefined,
      o: others,
      f: sender.reachesEverybody,
      w: request.since?.getTime(),
      title: request.title,
    });
    const made = await this.attempt(sender, parameter);
    if (made[0] === 'c') throw conflict();
    if (made[0] === 'x') throw notFound('person');
    if (made[0] === 'e') throw consentEnded();
    return made;
  }

  private async attempt(sender: Sender, parameter: string): Promise<Made> {
    const attempt = () =>
      this.options.database
        .commits<unknown>()
        .connection()
        .execute(async (connection) => {
          if (sender.permit !== null && !this.options.mayCommit()) throw consentUnverifiable();
          const { rows } = await connection.executeQuery<{ result: string }>(
            CompiledQuery.raw('select create_conversation($1::text) as result', [parameter]),
          );
          return JSON.parse(rows[0]!.result) as Made;
        });
    return repeated(this.options, attempt).catch((error: unknown) => {
      if (error instanceof MessagingError) throw error;
      this.options.log.warn({ err: error }, 'a conversation could not be made');
      throw failureOf(error) === 'data' ? invalid('title', 'cannot be stored') : unavailable('It could not be stored.');
    });
  }

  private async announce(conversation: string, people: number, pairs: number[]): Promise<void> {
    this.learn(conversation, people);
    try {
      const told = { name: 'conversation.created', recipients: recipientsOf(pairs) } as const;
      this.options.onCommitted((await this.conversations.told(conversation, 0, [told])).events);
    } catch (error) {
      // The store has it: whoever missed the hint finds it there (I4).
      this.options.log.error({ err: error }, 'the event of a new conversation was not handed on');
      this.options.onOutcomeUnknown?.();
    }
  }
}
