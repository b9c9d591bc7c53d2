import { PERSON_ID } from '@drawbridge/people';
import {
  ClientId,
  constraint,
  Emoji,
  HttpsUrl,
  LIMITS,
  Nested,
  Opaque,
  Optional,
  PersonIds,
  Text,
  WholeNumber,
} from '@drawbridge/protocol';
import { Name, Page, Time } from '../api/shapes.js';

/** What the host platform's calls take, in a body or after the `?`; nothing more is accepted. */

export const PLATFORM_LIMITS = {
  /** On one person's list of contacts, or of blocks. */
  maxListed: 10_000,
  messagesAtOnce: 500,
  maxPasswordLength: 1_024,
} as const;

function People(): PropertyDecorator {
  return constraint('people', `must be a list of at most ${PLATFORM_LIMITS.maxListed} ids of persons`, (value) => {
    if (!Array.isArray(value) || value.length > PLATFORM_LIMITS.maxListed) return false;
    return value.every((id) => typeof id === 'string' && PERSON_ID.test(id));
  });
}

function PersonId(): PropertyDecorator {
  return constraint('personId', 'must be 1 to 64 of A-Z a-z 0-9 . _ -', (value) => {
    return typeof value === 'string' && PERSON_ID.test(value);
  });
}

function Handle(): PropertyDecorator {
  return constraint('handle', 'must be 1 to 64 characters without a space', (value) => {
    return typeof value === 'string' && value.isWellFormed() && /^[^\s\p{Cc}\p{Cf}]{1,64}$/u.test(value);
  });
}

/** Each of them is looked at by itself, so that one that is wrong does the others no harm. */
function Messages(): PropertyDecorator {
  return constraint(
    'messages',
    `must be a list of 1 to ${PLATFORM_LIMITS.messagesAtOnce} messages`,
    (value) => Array.isArray(value) && value.length >= 1 && value.length <= PLATFORM_LIMITS.messagesAtOnce,
  );
}

function Position(): PropertyDecorator {
  return constraint('position', 'must be a position: a whole number of at least 0', (value) => {
    return typeof value === 'string' && /^\d{1,15}$/.test(value);
  });
}

export class PersonToPut {
  @Handle() handle!: string;
  @Name() name!: string;
  @Optional() @Text(200) login?: string;
  @Optional() @Text(PLATFORM_LIMITS.maxPasswordLength) password?: string;
}

export class Contacts {
  @People() contacts!: string[];
}

export class Blocks {
  @People() blocks!: string[];
}

class ActivityObject {
  @Text(LIMITS.maxKindCodePoints) kind!: string;
  @Text(LIMITS.maxObjectIdCodePoints) id!: string;
  @Text(LIMITS.maxNameCodePoints) name!: string;
  @Optional() @HttpsUrl() url?: string;
}

function Audience(): PropertyDecorator {
  return constraint('audience', 'must be public, or another word of a to z, 0 to 9, _ and -', (value) => {
    return typeof value === 'string' && /^[a-z][a-z0-9_-]{0,31}$/.test(value);
  });
}

export class NewActivity {
  @Text(LIMITS.maxKindCodePoints) verb!: string;
  @Nested(ActivityObject) object!: ActivityObject;
  @Time() at!: string;
  @Audience() audience!: string;
}

export class ActivityAudience {
  @Audience() audience!: string;
}

export class NewMessages {
  @Messages() messages!: unknown[];
}

export class PlatformMessage {
  @PersonId() from!: string;
  @Optional() @Opaque() conversation?: string;
  @Optional() @PersonId() to?: string;
  @Text(LIMITS.maxTextCodePoints) text!: string;
  @ClientId() clientId!: string;
  @Optional() @Opaque() replyTo?: string;
  @Optional() @Time() sentAt?: string;

  problem() {
    if ((this.conversation === undefined) === (this.to === undefined)) {
      return { path: 'conversation', problem: 'give either conversation or to' };
    }
    if (this.to === this.from) return { path: 'to', problem: 'is the sender' };
    return this.sentAt !== undefined && Date.parse(this.sentAt) > Date.now() + CLOCKS_DIFFER_MS
      ? { path: 'sentAt', problem: 'lies in the future' }
      : undefined;
  }
}

/** So far apart the clocks of two companies may be. */
const CLOCKS_DIFFER_MS = 60_000;

export class MessageText {
  @Text(LIMITS.maxTextCodePoints) text!: string;
}

export class PersonsReaction {
  @PersonId() person!: string;
  @Emoji() emoji!: string;
}

export class NewConversation {
  @PersonId() from!: string;
  @PersonIds(LIMITS.maxMembers) members!: string[];
  @Optional() @Text(LIMITS.maxTitleCodePoints) title?: string;
  @ClientId() clientId!: string;
  @Optional() @Time() createdAt?: string;
}

export class GroupChange {
  @PersonId() from!: string;
  @Optional() @Text(LIMITS.maxTitleCodePoints) title?: string;
  @Optional() @PersonIds(LIMITS.maxMembers) add?: string[];
  @Optional() @PersonIds(LIMITS.maxMembers) remove?: string[];
}

export class PersonsRead {
  @PersonId() person!: string;
  @WholeNumber(1) upTo!: number;
}

export class MessagesAfter extends Page {
  @Optional() @Position() after?: string;
}
