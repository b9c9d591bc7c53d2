/**
 * Every command, reply and event of `drawbridge.v1` as types, and nothing else: this file has no imports that run, so that
 * it can go to partners with the SDK as it is. A test holds it against the classes of commands and `/asyncapi.json`.
 */
import type { Scope } from './scopes.js';

export type { Scope };

/** What is recommended, in its app's own words. */
export interface CatalogueTitle {
  kind: string;
  id: string;
  name: string;
  url: string;
}

export interface Person {
  id: string;
  /** The public name, as in @handle; not for `to`. */
  handle: string;
  name: string;
}

export interface ReactionTally {
  emoji: string;
  count: number;
  /** Ids of the first 20 who reacted so. */
  people: string[];
}

export interface Message {
  id: string;
  conversation: string;
  /** 1, 2, 3 … in its conversation: the order of messages. */
  position: number;
  from: { id: string; name: string };
  kind: 'text' | 'recommendation';
  /** Missing when the message is deleted. */
  text?: string;
  /** Of a recommendation. Show `url` before you open it: the app that sent it chose it. */
  title?: CatalogueTitle;
  note?: string;
  replyTo?: string;
  /** The app it was sent through; missing when it came from the platform itself. */
  via?: { app: string };
  reactions: ReactionTally[];
  /** For display; `position` is the order. */
  sentAt: string;
  editedAt?: string;
  deletedAt?: string;
}

/** What the reply to a command shows of a message: without `messages.read` no more than its id, conversation and time. */
export type ShownMessage = Pick<Message, 'id' | 'conversation' | 'sentAt'> & Partial<Message>;

export interface Receipt {
  person: string;
  deliveredUpTo?: number;
  readUpTo?: number;
}

/** As everybody in it sees it. */
export interface Conversation {
  id: string;
  kind: 'direct' | 'group';
  title?: string;
  memberCount: number;
  /** The first 20. */
  members: Person[];
  updatedAt: string;
}

/** As one person sees it. */
export interface PersonalConversation extends Conversation {
  lastMessage?: Message;
  /** Other people's messages after `readUpTo`. */
  unread: number;
  readUpTo?: number;
}

/** What the reply to a command shows of a conversation: without `messages.read` no more than its id and kind. */
export type ShownConversation = Pick<Conversation, 'id' | 'kind'> & Partial<PersonalConversation>;

export interface Grant {
  id: string;
  scopes: Scope[];
  expiresAt: string;
}

export interface Presence {
  id: string;
  online: boolean;
  lastSeen?: string;
}

export interface Activity {
  person: { id: string; name: string };
  verb: string;
  object: { kind: string; id: string; name: string };
  at: string;
  url?: string;
}

/** The reply to `session.open`. */
export interface Session {
  nonce: string;
  /** Just the id without the scope `profile`. */
  person: { id: string; handle?: string; name?: string };
  app: { id: string; name: string; partner: string };
  grant: Grant;
  tokenExpiresAt: string;
  /** Only with `messages.read`. */
  mailbox?: { epoch: string; head: number };
  limits: { maxFrameBytes: number; maxTextCodePoints: number; maxMembers: number; maxConnections: number };
}

interface Page {
  cursor?: string;
  limit?: number;
}

/** Every command: what it takes, and what it is answered with. */
export interface WireCommands {
  ping: { data: Record<never, never>; reply: { at: string } };
  'session.open': {
    data: {
      token?: string;
      proof?: string;
      client: { name: string; version: string };
      resume?: { epoch: string; after: number };
    };
    reply: Session;
  };
  'session.refresh': {
    data: { token?: string; proof?: string };
    reply: { tokenExpiresAt: string; grant: Grant; nonce: string };
  };
  'session.close': { data: Record<never, never>; reply: Record<never, never> };
  'conversation.list': {
    data: Page;
    reply: { conversations: PersonalConversation[]; asOf: number; next?: string };
  };
  'conversation.get': {
    data: { conversation: string };
    reply: { conversation: PersonalConversation & { receipts: Receipt[] } };
  };
  'conversation.members': { data: Page & { conversation: string }; reply: { members: Person[]; next?: string } };
  'conversation.create': {
    data: { members: string[]; title?: string; clientId: string };
    reply: { conversation: ShownConversation; duplicate?: true };
  };
  'conversation.update': {
    data: { conversation: string; title?: string; add?: string[]; remove?: string[] };
    reply: { conversation: ShownConversation };
  };
  'conversation.history': {
    data: { conversation: string; before?: number; limit?: number };
    reply: { messages: Message[]; asOf: number; next?: number };
  };
  'conversation.read': { data: { conversation: string; upTo: number }; reply: Record<never, never> };
  'message.send': {
    data: { conversation?: string; to?: string; text: string; clientId: string; replyTo?: string };
    reply: { message: ShownMessage; seq?: number; duplicate: boolean };
  };
  'message.edit': { data: { message: string; text: string }; reply: { message: ShownMessage } };
  'message.delete': { data: { message: string }; reply: { message: ShownMessage } };
  'reaction.add': { data: { message: string; emoji: string }; reply: { message: ShownMessage } };
  'reaction.remove': { data: { message: string; emoji: string }; reply: { message: ShownMessage } };
  'typing.start': { data: { conversation: string }; reply: Record<never, never> };
  'typing.stop': { data: { conversation: string }; reply: Record<never, never> };
  'mailbox.ack': { data: { seq: number }; reply: Record<never, never> };
  'contacts.list': { data: Page; reply: { contacts: Person[]; next?: string } };
  'presence.list': { data: Record<never, never>; reply: { people: Presence[] } };
  'recommendation.send': {
    data: { to: string[]; title: CatalogueTitle; note?: string; clientId: string };
    reply: { sent: { to: string; message: string }[]; duplicate?: true };
  };
  'activity.list': {
    data: Page & { about?: { kind: string; id: string } };
    reply: { activities: Activity[]; next?: string };
  };
}

/** Every event's data. */
export interface WireEvents {
  hello: {
    protocol: string;
    gateway: string;
    nonce: string;
    openWithinMs: number;
    heartbeatMs: number;
    maxFrameBytes: number;
  };
  'message.created': { message: Message; clientId?: string };
  'message.edited': { message: Message };
  'message.deleted': { message: Message };
  'message.reacted': { message: Message };
  'conversation.created': { conversation: Conversation };
  'conversation.updated': { conversation: Conversation };
  'receipt.updated': Receipt & { conversation: string };
  typing: { conversation: string; person: string; active: boolean };
  presence: { person: string; online: boolean; lastSeen?: string };
  'grant.changed': { scopes: Scope[] };
  'session.expiring': { inMs: number };
  'mailbox.live': { seq: number };
  'mailbox.reset': { epoch: string; head: number; reason: 'epoch_changed' | 'trimmed' | 'ahead' };
  going_away: { reconnectWithinMs: number };
}

/** The `data` of an `error` reply. */
export interface WireError {
  code: string;
  message: string;
  retryable: boolean;
  docs: string;
  issues?: { path: string; problem: string }[];
  scope?: Scope;
  retryAfterMs?: number;
}
