export type {
  Activity,
  CatalogueTitle,
  Conversation,
  Grant,
  Message,
  Person,
  PersonalConversation,
  Presence,
  ReactionTally,
  Receipt,
  Scope,
  Session,
  ShownConversation,
  ShownMessage,
  WireCommands,
  WireError,
  WireEvents,
} from '@drawbridge/protocol';
export type { Backoff } from './backoff.js';
export { Bridge, type BridgeListeners, createClient, type Outbox } from './bridge.js';
export type { ConversationHandle, HistoryPage, NewMessage, NewRecommendation } from './conversation.js';
export { BridgeError, type ClientErrorCode } from './errors.js';
export type { BridgeEvent, Cursor, EventName, EventsOptions } from './events.js';
export type { ClientOptions } from './options.js';
export { memoryOutbox } from './outbox/memory.js';
export type { OutboxEntry, OutboxStore, SendCommand, SendStatus } from './outbox/outbox.js';
export type { CommandName, RequestOptions } from './requests.js';
export type { Sending, SendOptions, SendResults } from './sends.js';
export type { WebSocketClass, WebSocketLike } from './socket.js';
export type { State, StateName } from './state.js';
export type { BoundToken, Token, TokenCallback, TokenReason, TokenRequest } from './tokens.js';
