import type { ErrorCode } from '../codes.js';
import type { DataClass } from '../constraints.js';
import type { JsonSchema } from '../json-schema.js';
import type { Scope } from '../scopes.js';
import { CONVERSATION_COMMANDS } from './conversation-docs.js';
import { MESSAGE_COMMANDS } from './message-docs.js';
import { PEOPLE_COMMANDS } from './people-docs.js';
import { SESSION_COMMANDS } from './session-docs.js';

/** What `/asyncapi.json` says of one command. */
export interface CommandDoc {
  readonly title: string;
  readonly description: string;
  readonly scope?: Scope;
  readonly data: DataClass;
  /** The data of its `ok`. */
  readonly reply: JsonSchema;
  /** Beside those that any command may be answered with. */
  readonly errors: readonly ErrorCode[];
  readonly examples: readonly CommandExample[];
}

export interface CommandExample {
  readonly summary: string;
  readonly data: object;
  readonly reply: object;
}

export type CommandDocs = Readonly<Record<string, CommandDoc>>;

/** Every command of the protocol. The tests run every example, and compare this with what the gateway takes. */
export const COMMANDS: CommandDocs = {
  ...SESSION_COMMANDS,
  ...CONVERSATION_COMMANDS,
  ...MESSAGE_COMMANDS,
  ...PEOPLE_COMMANDS,
};

/** What any command may be answered with, beside `scope_missing` where it takes a scope. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  'invalid_data',
  'not_open',
  'unauthenticated',
  'conflict',
  'rate_limited',
  'consent_ended',
  'consent_unverifiable',
  'unavailable',
  'internal',
];
