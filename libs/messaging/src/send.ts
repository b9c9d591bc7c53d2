import { createHash } from 'node:crypto';
import { ERROR_CODES } from '@drawbridge/protocol';
import { Answer } from './answer.js';
import type { Arriving } from './arrivals.js';
import { bridgeId, checkClientId, checkText } from './content.js';
import { type MessagingError, notFound } from './errors.js';
import { uuidv7 } from './uuid.js';
import type { MessageView } from './views.js';

/** On whose behalf something is done. */
export interface Sender {
  /** The internal key of the person. */
  readonly key: number;
  readonly id: string;
  readonly name: string;
  /** The app's client id; '' is the host platform itself. */
  readonly app: string;
  readonly appName?: string;
  /** The grant that must stand at the commit; null for the platform, which needs none. */
  readonly permit: string | null;
  /** For the platform, whose own rules say who may write to whom: neither contacts nor blocks are asked for. */
  readonly reachesEverybody?: true;
}

/** Either `conversation`, or `to`: a contact's public id. */
export interface NewMessage {
  readonly conversation?: string | undefined;
  readonly to?: string | undefined;
  readonly text: string;
  readonly clientId: string;
  readonly replyTo?: string | undefined;
  /** When it was written, where that was not now. */
  readonly sentAt?: Date | undefined;
}

export interface SendResult {
  readonly message: MessageView;
  /** The sender's own mailbox position of the event. */
  readonly seq: number;
  readonly duplicate: boolean;
}

/**
 * Sends that are in order or not at all: where one of them could not be stored for now, those after it are not stored
 * either, and whoever repeats them repeats them in their order.
 */
export class Series {
  isBroken = false;
}

/** One send on its way to the store. */
export class Send implements Arriving {
  readonly id = uuidv7();
  readonly bytes: number;
  queuedAtMs = 0;
  /** Known from the start, or from the moment `to` is resolved. */
  conversation = '';
  readonly answer: Answer<SendResult>;

  /** MessagingError `invalid_data`, or `not_found` for what cannot be an id. `resolve` where it names a person. */
  constructor(
    readonly sender: Sender,
    readonly request: NewMessage,
    answered: () => void,
    readonly resolve?: (() => Promise<string>) | undefined,
    private readonly series?: Series | undefined,
  ) {
    checkClientId(request.clientId);
    checkText(request.text);
    if (request.replyTo !== undefined && bridgeId(request.replyTo) === undefined) throw notFound('conversation');
    if (request.conversation !== undefined) {
      const conversation = bridgeId(request.conversation);
      if (conversation === undefined) throw notFound('conversation');
      this.conversation = conversation;
    }
    this.answer = new Answer(answered);
    this.bytes = 2 * request.text.length + 300;
  }

  fail(error: MessagingError): void {
    if (this.series && ERROR_CODES[error.code].retryable) this.series.isBroken = true;
    this.answer.fail(error);
  }

  get isBarred(): boolean {
    return this.series?.isBroken ?? false;
  }

  /** As commit_sends takes it. */
  row() {
    const { sender, request } = this;
    return {
      m: this.id,
      c: this.conversation,
      s: sender.key,
      a: sender.app,
      i: request.clientId,
      p: sender.permit ?? undefined,
      t: request.text,
      r: request.replyTo,
      k: request.to === undefined || sender.reachesEverybody ? undefined : true,
      f: sender.reachesEverybody,
      w: request.sentAt?.getTime(),
    };
  }

  /** The view of the message as stored at `position`; the same as messageView makes of its row. */
  view(position: number, sentAt: string): MessageView {
    const { sender, request } = this;
    return {
      id: this.id,
      conversation: this.conversation,
      position,
      from: { id: sender.id, name: sender.name },
      kind: 'text',
      text: request.text,
      ...(request.replyTo === undefined ? {} : { replyTo: request.replyTo.toLowerCase() }),
      ...(sender.app === '' ? {} : { via: { app: sender.appName ?? sender.app } }),
      reactions: [],
      sentAt: request.sentAt?.toISOString() ?? sentAt,
    };
  }
}

/** What a request asked for, to tell a retry from another request under the same client id (I5). */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
}
