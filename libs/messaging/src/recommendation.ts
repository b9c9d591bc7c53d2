import { randomUUID } from 'node:crypto';
import { LIMITS } from '@drawbridge/protocol';
import { Answer } from './answer.js';
import type { Arriving } from './arrivals.js';
import { checkClientId, checkRecommended, isPersonId, type Title } from './content.js';
import { invalid, type MessagingError } from './errors.js';
import { contentHash, type Sender } from './send.js';
import { uuidv7 } from './uuid.js';
import { type MessageView, type Recommended } from './views.js';

export interface NewRecommendation {
  /** Public ids of whoever it may be; those who are no contacts, or are nobody, are answered like friends. */
  readonly to: readonly string[];
  readonly title: Title;
  readonly note?: string | undefined;
  readonly clientId: string;
}

export interface RecommendationResult {
  /** Everybody once, in the order of `to`. An id says nothing of whether there is a message. */
  readonly sent: readonly { readonly to: string; readonly message: string }[];
  readonly duplicate: boolean;
}

/** One recommendation, to everybody it goes to, on its way to the store. */
export class Recommendation implements Arriving {
  readonly bytes: number;
  queuedAtMs = 0;
  /** Each has an id before anybody knows who they are, so that ids are all alike. */
  readonly messages: readonly string[];
  /** One of them stands for the lane: it goes to several conversations, all of them small. */
  conversation: string;
  readonly recommended: Recommended;
  readonly answer: Answer<RecommendationResult>;
  private readonly fresh: readonly string[];
  private readonly people: readonly string[];

  /** MessagingError `invalid_data`. */
  constructor(
    readonly sender: Sender,
    readonly request: NewRecommendation,
    answered: () => void,
    readonly resolve: () => Promise<string>,
  ) {
    checkClientId(request.clientId);
    checkRecommended(request.title, request.note);
    this.people = [...new Set(request.to)].toSorted();
    if (this.people.length === 0) throw invalid('to', 'names nobody');
    if (request.to.length > LIMITS.maxRecommendedTo)
      throw invalid('to', `names more than ${LIMITS.maxRecommendedTo} people`);
    const { kind, id, name, url } = request.title;
    this.recommended = {
      title: { kind, id, name, url },
      ...(request.note === undefined ? {} : { note: request.note }),
    };
    this.messages = this.people.map(() => uuidv7());
    this.fresh = this.people.map(() => randomUUID());
    this.conversation = this.fresh[0]!;
    this.answer = new Answer(answered);
    this.bytes = 2 * JSON.stringify(this.recommended).length + 200 * this.people.length;
  }

  fail(error: MessagingError): void {
    this.answer.fail(error);
  }

  /** As send_recommendation takes it. */
  row() {
    const { sender, request, people } = this;
    return {
      s: sender.key,
      a: sender.app,
      i: request.clientId,
      l: request.clientId.toLowerCase(),
      h: contentHash([people, this.recommended.title, this.recommended.note ?? null]),
      p: sender.permit ?? undefined,
      // What cannot be an id is nobody's.
      o: people.map((id) => (isPersonId(id) ? id : '')),
      m: this.messages,
      c: this.fresh,
      r: this.recommended,
    };
  }

  /** `messages`: as they were answered the first time. */
  succeed(messages: readonly string[], duplicate: boolean): void {
    const sent = [...new Set(this.request.to)].map((to) => ({ to, message: messages[this.people.indexOf(to)]! }));
    this.answer.succeed({ sent, duplicate });
  }

  /** The view of the `nth` message as stored; the same as messageView makes of its row. */
  view(nth: number, conversation: string, position: number, sentAt: string): MessageView {
    const { sender } = this;
    return {
      id: this.messages[nth]!,
      conversation,
      position,
      from: { id: sender.id, name: sender.name },
      kind: 'recommendation',
      ...this.recommended,
      ...(sender.app === '' ? {} : { via: { app: sender.appName ?? sender.app } }),
      reactions: [],
      sentAt,
    };
  }
}
