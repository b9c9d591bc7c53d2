import {
  MailboxAck,
  MessageDelete,
  MessageEdit,
  MessageSend,
  Reaction,
  RecommendationSend,
  TypingIn,
} from '../commands.js';
import { LIMITS } from '../limits.js';
import type { CommandDoc, CommandDocs } from './command-docs.js';
import { EXAMPLE, SHOWN } from './examples.js';
import { flag, id, list, object, said, seq, view } from './views.js';

const message = {
  anyOf: [view('message'), view('bareMessage')],
  description: 'Just `id`, `conversation` and `sentAt` without `messages.read`, whoever wrote it.',
};

const changes = {
  scope: 'messages.send',
  reply: object({ message }),
  errors: ['not_found'],
} as const satisfies Partial<CommandDoc>;

const typing = {
  scope: 'messages.send',
  data: TypingIn,
  reply: object({}),
  errors: ['not_found'],
} as const satisfies Partial<CommandDoc>;

export const MESSAGE_COMMANDS: CommandDocs = {
  'message.send': {
    title: 'Send a message',
    description:
      'Into a conversation, or to a contact. An `ok` means that it is stored and will be in every member’s mailbox. The same `clientId` again is answered with the first result and sends nothing; with other content it is `conflict`.',
    scope: 'messages.send',
    data: MessageSend,
    reply: object(
      { message, duplicate: said('This `clientId` was answered before; nothing was sent.', flag) },
      { seq: said('Place of its `message.created` in the person’s own mailbox; only with `messages.read`.', seq) },
    ),
    errors: ['not_found'],
    examples: [
      {
        summary: 'Into a conversation, in answer to another message',
        data: {
          conversation: EXAMPLE.direct,
          text: SHOWN.message.text,
          clientId: EXAMPLE.clientId,
          replyTo: EXAMPLE.message,
        },
        reply: { message: { ...SHOWN.message, replyTo: EXAMPLE.message }, seq: 14, duplicate: false },
      },
      {
        summary: 'To a contact, without `messages.read`',
        data: { to: 'bob', text: SHOWN.message.text, clientId: EXAMPLE.clientId },
        reply: { message: SHOWN.bareMessage, duplicate: false },
      },
    ],
  },
  'recommendation.send': {
    title: 'Recommend a title',
    description:
      'To each of several friends, as a message of the kind `recommendation`. The answer and its time are the same for a contact, a stranger, somebody who blocked the person, and nobody: an id that may be of no message.',
    scope: 'recommendations.send',
    data: RecommendationSend,
    reply: object(
      { sent: said('Everybody once.', list(object({ to: id, message: id }), LIMITS.maxRecommendedTo)) },
      { duplicate: said('Only when this `clientId` was answered before; nothing was sent.', flag) },
    ),
    errors: [],
    examples: [
      {
        summary: 'To a friend, and to somebody who is not there',
        data: { to: ['bob', 'nobody'], title: SHOWN.recommended, note: 'For Friday?', clientId: EXAMPLE.clientId },
        reply: {
          sent: [
            { to: 'bob', message: EXAMPLE.ownMessage },
            { to: 'nobody', message: EXAMPLE.message },
          ],
        },
      },
    ],
  },
  'message.edit': {
    title: 'Change the text of a message',
    description: 'One’s own. What is deleted stays deleted (`conflict`).',
    ...changes,
    data: MessageEdit,
    examples: [
      {
        summary: 'One word more',
        data: { message: EXAMPLE.ownMessage, text: SHOWN.edited.text },
        reply: { message: SHOWN.edited },
      },
    ],
  },
  'reaction.add': {
    title: 'React to a message',
    description: 'With one emoji. A message has 20 different ones at most; one more is `conflict`.',
    ...changes,
    data: Reaction,
    examples: [
      {
        summary: 'It is good',
        data: { message: EXAMPLE.message, emoji: '🔥' },
        reply: { message: { ...SHOWN.reacted, id: EXAMPLE.message } },
      },
    ],
  },
  'reaction.remove': {
    title: 'Take a reaction back',
    description: 'One’s own.',
    ...changes,
    data: Reaction,
    examples: [
      {
        summary: 'It is not that good, without `messages.read`',
        data: { message: EXAMPLE.message, emoji: '🔥' },
        reply: { message: { ...SHOWN.bareMessage, id: EXAMPLE.message } },
      },
    ],
  },
  'message.delete': {
    title: 'Delete a message',
    description: 'One’s own; the text is gone for everybody, the place of the message stays.',
    ...changes,
    data: MessageDelete,
    examples: [
      {
        summary: 'It was a mistake',
        data: { message: EXAMPLE.ownMessage },
        reply: { message: SHOWN.deleted },
      },
    ],
  },
  'typing.start': {
    title: 'Say that one is writing',
    description: 'It lapses after 6 seconds, so say it again every few seconds.',
    ...typing,
    examples: [{ summary: 'A key was pressed', data: { conversation: EXAMPLE.direct }, reply: {} }],
  },
  'typing.stop': {
    title: 'Say that one no longer writes',
    description: 'A message that is sent says it too.',
    ...typing,
    examples: [{ summary: 'The field is empty again', data: { conversation: EXAMPLE.direct }, reply: {} }],
  },
  'mailbox.ack': {
    title: 'Say what has arrived',
    description:
      'The client has stored everything up to `seq`, at most the last one sent to it. It drives “delivered” at the other side.',
    scope: 'messages.read',
    data: MailboxAck,
    reply: object({}),
    errors: [],
    examples: [{ summary: 'Everything up to 14', data: { seq: 14 }, reply: {} }],
  },
};
