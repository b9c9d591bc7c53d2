import type { JsonSchema } from '../json-schema.js';
import { LIMITS } from '../limits.js';
import { SCOPES } from '../scopes.js';

/** What the bridge shows, as JSON Schema: the parts that replies and events are made of. */

type Properties = Readonly<Record<string, JsonSchema>>;

/** Of what the bridge sends: properties may be added, so none are forbidden. */
export function object(required: Properties, optional: Properties = {}): JsonSchema {
  const names = Object.keys(required);
  return {
    type: 'object',
    ...(names.length === 0 ? {} : { required: names }),
    properties: { ...required, ...optional },
  };
}

/** With words for people; a reference takes none beside it. */
export function said(description: string, schema: JsonSchema): JsonSchema {
  return '$ref' in schema ? { allOf: [schema], description } : { ...schema, description };
}

export function list(items: JsonSchema, maxItems?: number): JsonSchema {
  return { type: 'array', items, ...(maxItems === undefined ? {} : { maxItems }) };
}

export const id: JsonSchema = { type: 'string', minLength: 1, maxLength: 64, description: 'Opaque.' };
export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const durationMs: JsonSchema = { type: 'integer', minimum: 0, description: 'In milliseconds.' };
export const time: JsonSchema = {
  type: 'string',
  format: 'date-time',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
  description: 'RFC 3339, in UTC, with milliseconds.',
};
export const position: JsonSchema = {
  type: 'integer',
  minimum: 1,
  description: 'Place of a message in its conversation: 1, 2, 3 …',
};
export const seq: JsonSchema = { type: 'integer', minimum: 0, description: 'Place in the person’s own mailbox.' };
export const next = said('Give it back for the next page; without it, this is the last.', text);
export const scopes = list({ $ref: '#/components/schemas/scope' });

const countFromOne: JsonSchema = { type: 'integer', minimum: 1 };
const count: JsonSchema = { type: 'integer', minimum: 0 };

export const view = (name: keyof typeof VIEWS): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

const catalogueTitle = object({ kind: text, id: text, name: text }, { url: { type: 'string', format: 'uri' } });

const conversation = {
  id,
  kind: { type: 'string', enum: ['direct', 'group'] },
  memberCount: said('How many people are in it.', count),
  members: said(
    `The first ${LIMITS.maxMembersShown} of them.`,
    list({ $ref: '#/components/schemas/person' }, LIMITS.maxMembersShown),
  ),
  updatedAt: said('Of the last activity.', time),
} as const satisfies Properties;
const title = { title: said('Of a group that has one.', text) };

const personal = {
  ...title,
  lastMessage: said('The last that the person may see.', { $ref: '#/components/schemas/message' }),
  readUpTo: said('How far the person has read; missing when nothing was.', position),
};
const unread = said('Other people’s messages after `readUpTo`.', count);

export const VIEWS = {
  person: object({ id, handle: said('The public name, as in @handle; not for `to`.', text), name: text }),
  reaction: object({
    emoji: text,
    count: countFromOne,
    people: said(`Ids of the first ${LIMITS.maxMembersShown} who reacted so.`, list(id, LIMITS.maxMembersShown)),
  }),
  catalogueTitle: said('A title of a catalogue: a film, a record, a game …', catalogueTitle),
  message: object(
    {
      id,
      conversation: id,
      position,
      from: said('Who wrote it.', object({ id, name: text })),
      kind: { type: 'string', enum: ['text', 'recommendation'] },
      reactions: list({ $ref: '#/components/schemas/reaction' }),
      sentAt: said('For display; `position` is the order.', time),
    },
    {
      text: said('What was written, byte for byte; missing when the message is deleted.', {
        type: 'string',
        maxLength: LIMITS.maxTextCodePoints,
      }),
      title: said('Of a recommendation: what is recommended.', { $ref: '#/components/schemas/catalogueTitle' }),
      note: said('Of a recommendation: what was written to it.', text),
      replyTo: said('The message that it answers.', id),
      via: said('The app it was sent through; missing when it came from the platform itself.', object({ app: text })),
      editedAt: time,
      deletedAt: time,
    },
  ),
  bareMessage: said('All that is told of a message without `messages.read`.', {
    ...object({ id, conversation: id, sentAt: time }),
    additionalProperties: false,
  }),
  conversation: said('As everybody in it sees it.', object(conversation, title)),
  personalConversation: said('As one person sees it.', object({ ...conversation, unread }, personal)),
  conversationWithReceipts: said(
    'As one person sees it, with how far everybody is.',
    object({ ...conversation, unread, receipts: list({ $ref: '#/components/schemas/receipt' }) }, personal),
  ),
  bareConversation: said('All that is told of a conversation without `messages.read`.', {
    ...object({ id, kind: conversation.kind }),
    additionalProperties: false,
  }),
  receipt: object({ person: id }, { deliveredUpTo: position, readUpTo: position }),
  presence: object({ id, online: flag }, { lastSeen: time }),
  activity: object(
    {
      person: said('Who shared it.', object({ id, name: text })),
      verb: said('As in “Bob rated Lentil soup”.', text),
      object: object({ kind: text, id: text, name: text }),
      at: time,
    },
    { url: { type: 'string', format: 'uri' } },
  ),
  grant: said('What the person allowed in this sign-in.', object({ id, scopes, expiresAt: time })),
  issue: object({ path: text, problem: text }),
  scope: { type: 'string', enum: SCOPES },
} as const satisfies Properties;
