import {
  ConversationCreate,
  ConversationGet,
  ConversationHistory,
  ConversationList,
  ConversationMembers,
  ConversationRead,
  ConversationUpdate,
} from '../commands.js';
import { LIMITS } from '../limits.js';
import type { CommandDocs } from './command-docs.js';
import { EXAMPLE, SHOWN } from './examples.js';
import { flag, list, next, object, position, said, seq, view } from './views.js';

const asOf = said('Where the mailbox was when this was read: what happened later comes as events.', seq);

export const CONVERSATION_COMMANDS: CommandDocs = {
  'conversation.list': {
    title: 'List the conversations',
    description: 'Newest activity first. A page may be shorter than `limit`: only a missing `next` is the end.',
    scope: 'messages.read',
    data: ConversationList,
    reply: object({ conversations: list(view('personalConversation'), LIMITS.maxPage), asOf }, { next }),
    errors: [],
    examples: [
      {
        summary: 'The newest one',
        data: { limit: 1 },
        reply: { conversations: [SHOWN.personal], asOf: 13, next: EXAMPLE.cursor },
      },
      {
        summary: 'The page after that',
        data: { cursor: EXAMPLE.cursor },
        reply: { conversations: [{ ...SHOWN.group, unread: 2 }], asOf: 13 },
      },
    ],
  },
  'conversation.get': {
    title: 'Look at one conversation',
    description: 'With everybody’s `receipts`.',
    scope: 'messages.read',
    data: ConversationGet,
    reply: object({ conversation: view('conversationWithReceipts') }),
    errors: ['not_found'],
    examples: [
      {
        summary: 'A direct conversation',
        data: { conversation: EXAMPLE.direct },
        reply: { conversation: { ...SHOWN.personal, receipts: [{ person: 'alice', readUpTo: 7 }, { person: 'bob' }] } },
      },
    ],
  },
  'conversation.members': {
    title: 'List who is in a conversation',
    description: 'In the order of joining.',
    scope: 'messages.read',
    data: ConversationMembers,
    reply: object({ members: list(view('person'), LIMITS.maxPage) }, { next }),
    errors: ['not_found'],
    examples: [
      {
        summary: 'Of a group',
        data: { conversation: EXAMPLE.group, limit: 100 },
        reply: { members: [SHOWN.people.alice, SHOWN.people.bob, SHOWN.people.carol] },
      },
    ],
  },
  'conversation.create': {
    title: 'Begin a conversation',
    description: `With one other contact: the one direct conversation between the two, made if need be. With more: a group, ${LIMITS.maxMembers} members at most.`,
    scope: 'messages.send',
    data: ConversationCreate,
    reply: object(
      {
        conversation: {
          anyOf: [view('personalConversation'), view('conversation'), view('bareConversation')],
          description: 'Just `id` and `kind` without `messages.read`.',
        },
      },
      { duplicate: said('This `clientId` was answered before; nothing was made. Missing when it is not so.', flag) },
    ),
    errors: ['not_found'],
    examples: [
      {
        summary: 'A group',
        data: { members: ['bob', 'carol'], title: SHOWN.group.title, clientId: EXAMPLE.clientId },
        reply: { conversation: { ...SHOWN.group, unread: 0 } },
      },
      {
        summary: 'A direct conversation that was there already, without `messages.read`',
        data: { members: ['bob'], clientId: EXAMPLE.clientId },
        reply: { conversation: { id: EXAMPLE.direct, kind: 'direct' } },
      },
    ],
  },
  'conversation.update': {
    title: 'Change a group',
    description:
      'Any member renames it and adds contacts of their own. Its creator, or whoever has been in it longest after the creator left, removes others; everybody may leave.',
    scope: 'messages.send',
    data: ConversationUpdate,
    reply: object({
      conversation: {
        anyOf: [view('personalConversation'), view('conversation'), view('bareConversation')],
        description: 'Just `id` and `kind` without `messages.read`.',
      },
    }),
    errors: ['not_found'],
    examples: [
      {
        summary: 'Another title, and one more',
        data: { conversation: EXAMPLE.group, title: 'Saturday listening 🎶', add: ['dave'] },
        reply: {
          conversation: {
            ...SHOWN.group,
            title: 'Saturday listening 🎶',
            memberCount: 4,
            members: [...SHOWN.group.members, { id: 'dave', handle: 'dave', name: 'Dave Lindqvist' }],
            unread: 0,
          },
        },
      },
      {
        summary: 'One less, without `messages.read`',
        data: { conversation: EXAMPLE.group, remove: ['dave'] },
        reply: { conversation: { id: EXAMPLE.group, kind: 'group' } },
      },
    ],
  },
  'conversation.history': {
    title: 'Read what was said',
    description: 'Newest first. `next` is a position: give it back as `before`, and older messages follow.',
    scope: 'messages.read',
    data: ConversationHistory,
    reply: object(
      { messages: list(view('message'), LIMITS.maxPage), asOf },
      { next: said('Give it back as `before`; without it, these are the oldest.', position) },
    ),
    errors: ['not_found'],
    examples: [
      {
        summary: 'The newest two',
        data: { conversation: EXAMPLE.direct, limit: 2 },
        reply: { messages: [SHOWN.recommendation, SHOWN.message], asOf: 14, next: 7 },
      },
      {
        summary: 'Those before',
        data: { conversation: EXAMPLE.direct, before: 2 },
        reply: { messages: [{ ...SHOWN.deleted, position: 1 }], asOf: 14 },
      },
    ],
  },
  'conversation.read': {
    title: 'Mark as read',
    description: 'Up to a position, never backwards. Others are told with `receipt.updated`.',
    scope: 'messages.read',
    data: ConversationRead,
    reply: object({}),
    errors: ['not_found'],
    examples: [{ summary: 'The first message was read', data: { conversation: EXAMPLE.direct, upTo: 1 }, reply: {} }],
  },
};
