import {
  ClientId,
  Emoji,
  HttpsUrl,
  Needed,
  Nested,
  Opaque,
  Optional,
  PersonIds,
  Text,
  WholeNumber,
} from './constraints.js';
import type { JsonSchema } from './json-schema.js';
import { LIMITS } from './limits.js';
import type { Issue } from './validation.js';

/** The `data` of every command, client → bridge. What the bridge accepts is what these classes say, and nothing more. */

export class Nothing {}

class ClientInfo {
  @Text(100) name!: string;
  @Text(100) version!: string;
}

class Resume {
  @Opaque(128) epoch!: string;
  @WholeNumber(0) after!: number;
}

export class SessionOpen {
  /** Its absence is `unauthenticated`, as any other unusable token is. */
  @Needed() @Opaque(LIMITS.maxFrameBytes) token?: string;
  @Optional() @Opaque(LIMITS.maxFrameBytes) proof?: string;
  @Nested(ClientInfo) client!: ClientInfo;
  @Optional() @Nested(Resume) resume?: Resume;
}

export class SessionRefresh {
  @Needed() @Opaque(LIMITS.maxFrameBytes) token?: string;
  @Optional() @Opaque(LIMITS.maxFrameBytes) proof?: string;
}

export class ConversationList {
  @Optional() @Opaque(512) cursor?: string;
  @Optional() @WholeNumber(1, LIMITS.maxPage) limit?: number;
}

export class ConversationGet {
  @Opaque() conversation!: string;
}

export class ConversationCreate {
  @PersonIds(LIMITS.maxMembers) members!: string[];
  @Optional() @Text(LIMITS.maxTitleCodePoints) title?: string;
  @ClientId() clientId!: string;
}

export class ConversationUpdate {
  @Opaque() conversation!: string;
  @Optional() @Text(LIMITS.maxTitleCodePoints) title?: string;
  @Optional() @PersonIds(LIMITS.maxMembers) add?: string[];
  @Optional() @PersonIds(LIMITS.maxMembers) remove?: string[];

  static readonly rule: JsonSchema = {
    anyOf: [{ required: ['title'] }, { required: ['add'] }, { required: ['remove'] }],
  };

  problem(): Issue | undefined {
    return this.title === undefined && this.add === undefined && this.remove === undefined
      ? { path: 'title', problem: 'give title, add or remove' }
      : undefined;
  }
}

export class ConversationMembers {
  @Opaque() conversation!: string;
  @Optional() @Opaque(512) cursor?: string;
  @Optional() @WholeNumber(1, LIMITS.maxPage) limit?: number;
}

export class ConversationHistory {
  @Opaque() conversation!: string;
  @Optional() @WholeNumber(1) before?: number;
  @Optional() @WholeNumber(1, LIMITS.maxPage) limit?: number;
}

export class ConversationRead {
  @Opaque() conversation!: string;
  @WholeNumber(1) upTo!: number;
}

export class MessageSend {
  @Optional() @Opaque() conversation?: string;
  @Optional() @Opaque() to?: string;
  @Text(LIMITS.maxTextCodePoints) text!: string;
  @ClientId() clientId!: string;
  @Optional() @Opaque() replyTo?: string;

  static readonly rule: JsonSchema = {
    oneOf: [
      { required: ['conversation'], properties: { to: false } },
      { required: ['to'], properties: { conversation: false, replyTo: false } },
    ],
  };

  problem(): Issue | undefined {
    if ((this.conversation === undefined) === (this.to === undefined)) {
      return { path: 'conversation', problem: 'give either conversation or to' };
    }
    return this.to !== undefined && this.replyTo !== undefined
      ? { path: 'replyTo', problem: 'goes with conversation only' }
      : undefined;
  }
}

export class MessageEdit {
  @Opaque() message!: string;
  @Text(LIMITS.maxTextCodePoints) text!: string;
}

export class MessageDelete {
  @Opaque() message!: string;
}

/** Of `reaction.add` and `reaction.remove`. */
export class Reaction {
  @Opaque() message!: string;
  @Emoji() emoji!: string;
}

/** Of `typing.start` and `typing.stop`. */
export class TypingIn {
  @Opaque() conversation!: string;
}

/** A film, a record, a dish: in its app's own words. */
class Title {
  @Text(LIMITS.maxKindCodePoints) kind!: string;
  @Text(LIMITS.maxObjectIdCodePoints) id!: string;
  @Text(LIMITS.maxNameCodePoints) name!: string;
  @HttpsUrl() url!: string;
}

export class RecommendationSend {
  @PersonIds(LIMITS.maxRecommendedTo) to!: string[];
  @Nested(Title) title!: Title;
  @Optional() @Text(LIMITS.maxNoteCodePoints) note?: string;
  @ClientId() clientId!: string;
}

class About {
  @Text(LIMITS.maxKindCodePoints) kind!: string;
  @Text(LIMITS.maxObjectIdCodePoints) id!: string;
}

export class ActivityList {
  @Optional() @Nested(About) about?: About;
  @Optional() @Opaque(512) cursor?: string;
  @Optional() @WholeNumber(1, LIMITS.maxPage) limit?: number;
}

export class ContactsList {
  @Optional() @Opaque(1_024) cursor?: string;
  @Optional() @WholeNumber(1, LIMITS.maxContactsPage) limit?: number;
}

export class MailboxAck {
  @WholeNumber(0) seq!: number;
}
