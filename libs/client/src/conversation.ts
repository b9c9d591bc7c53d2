import type { CatalogueTitle, ShownMessage, WireCommands } from '@drawbridge/protocol';
import type { RequestOptions, Requests } from './requests.js';
import type { Sending, SendOptions, Sends } from './sends.js';

export interface NewMessage {
  readonly text: string;
  /** The id of a message in the same conversation. */
  readonly replyTo?: string;
}

export interface NewRecommendation {
  readonly to: string[];
  readonly title: CatalogueTitle;
  readonly note?: string;
}

/** A page: how many, and from where on. */
export interface HistoryPage extends RequestOptions {
  readonly before?: number;
  readonly limit?: number;
}

/** One conversation, by its id. It asks for nothing until it is used. */
export class ConversationHandle {
  constructor(
    readonly id: string,
    private readonly requests: Requests,
    private readonly sends: Sends,
  ) {}

  /** Resolves when the bridge has stored it; `localId` is there at once. */
  send({ text, replyTo }: NewMessage, options?: SendOptions): Sending<ShownMessage> {
    const data = { conversation: this.id, text, ...(replyTo === undefined ? {} : { replyTo }) };
    return this.sends.add('message.send', data, options);
  }

  /** Messages, the newest first; `next` is `before` of the page after this one. */
  history({ before, limit, ...options }: HistoryPage = {}): Promise<WireCommands['conversation.history']['reply']> {
    const page = { ...(before === undefined ? {} : { before }), ...(limit === undefined ? {} : { limit }) };
    return this.requests.request('conversation.history', { conversation: this.id, ...page }, options);
  }

  /** With everybody's receipts. */
  async get(options?: RequestOptions): Promise<WireCommands['conversation.get']['reply']['conversation']> {
    return (await this.requests.request('conversation.get', { conversation: this.id }, options)).conversation;
  }

  /** The person has read everything up to this position. */
  async read(upTo: number, options?: RequestOptions): Promise<void> {
    await this.requests.request('conversation.read', { conversation: this.id, upTo }, options);
  }

  /** Say it every few seconds while somebody types; it lapses after 6 s, and with a message. */
  async typing(isTyping = true, options?: RequestOptions): Promise<void> {
    await this.requests.request(isTyping ? 'typing.start' : 'typing.stop', { conversation: this.id }, options);
  }
}
