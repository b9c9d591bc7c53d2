export { COMMANDS } from './asyncapi/command-docs.js';
export { asyncApiDocument, errorsOf } from './asyncapi/document.js';
export { EVENTS } from './asyncapi/event-docs.js';
export { EXAMPLE } from './asyncapi/examples.js';
export * from './codes.js';
export * from './commands.js';
export {
  ClientId,
  codePoints,
  constraint,
  type DataClass,
  Emoji,
  HttpsUrl,
  isEmoji,
  isHttpsUrl,
  Nested,
  Opaque,
  Optional,
  PersonIds,
  Text,
  WholeNumber,
} from './constraints.js';
export * from './frames.js';
export { type JsonSchema, schemaOf } from './json-schema.js';
export * from './limits.js';
export * from './scopes.js';
export * from './validation.js';
export type * from './wire.js';
export { withinReply } from './within-reply.js';
