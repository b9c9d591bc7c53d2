import type { JsonSchema } from '../json-schema.js';
import { LIMITS, PROTOCOL } from '../limits.js';
import type { Scope } from '../scopes.js';
import { EXAMPLE, SHOWN } from './examples.js';
import { durationMs, flag, id, object, position, said, scopes, seq, text, time, view } from './views.js';

/** What `/asyncapi.json` says of one event. */
export interface EventDoc {
  readonly title: string;
  readonly description: string;
  /** Reaches only connections whose grant has it. */
  readonly scope?: Scope;
  /** `durable`: in the mailbox, with `seq` and `prev`. `both`: in groups it passes. */
  readonly kind: 'durable' | 'passing' | 'both';
  readonly data: JsonSchema;
  readonly examples: readonly { readonly summary: string; readonly data: object; readonly passing?: true }[];
}

const message = object({ message: view('message') });
const conversation = object({ conversation: view('conversation') });
const read = { scope: 'messages.read' } as const;

/** Every event of the protocol. The tests compare what the gateway writes with it. */
export const EVENTS: Readonly<Record<string, EventDoc>> = {
  hello: {
    title: 'The bridge speaks first',
    description: 'Answer with `session.open` within `openWithinMs`.',
    kind: 'passing',
    data: object({
      protocol: { type: 'string', const: PROTOCOL },
      gateway: text,
      nonce: said('128 random bits, for the proof of `session.open`.', text),
      openWithinMs: durationMs,
      heartbeatMs: said('Milliseconds between two WebSocket pings of the bridge.', durationMs),
      maxFrameBytes: { type: 'integer', const: LIMITS.maxFrameBytes },
    }),
    examples: [
      {
        summary: 'A new connection',
        data: {
          protocol: PROTOCOL,
          gateway: 'gw-1',
          nonce: 'ubFiDO0ZlTzYQ-xflpPt4Q',
          openWithinMs: 5_000,
          heartbeatMs: 25_000,
          maxFrameBytes: LIMITS.maxFrameBytes,
        },
      },
    ],
  },
  'message.created': {
    title: 'A message was sent',
    description: 'To every member, the sender’s own connections included.',
    ...read,
    kind: 'durable',
    data: object(
      { message: view('message') },
      { clientId: said('Only to connections of the person and app that sent it.', { type: 'string', format: 'uuid' }) },
    ),
    examples: [
      { summary: 'At the other side', data: { message: SHOWN.message } },
      { summary: 'At the sender', data: { message: SHOWN.message, clientId: EXAMPLE.clientId } },
      { summary: 'A recommendation', data: { message: SHOWN.recommendation } },
    ],
  },
  'message.edited': {
    title: 'The text of a message was changed',
    description: 'The message as it is when the event is written.',
    ...read,
    kind: 'durable',
    data: message,
    examples: [{ summary: 'One word more', data: { message: SHOWN.edited } }],
  },
  'message.deleted': {
    title: 'A message was deleted',
    description: 'Forget its text.',
    ...read,
    kind: 'durable',
    data: message,
    examples: [{ summary: 'It was a mistake', data: { message: SHOWN.deleted } }],
  },
  'message.reacted': {
    title: 'Somebody reacted, or took it back',
    description: 'The message with its reactions as they are when the event is written.',
    ...read,
    kind: 'durable',
    data: message,
    examples: [{ summary: 'It is good', data: { message: SHOWN.reacted } }],
  },
  'conversation.created': {
    title: 'A conversation began for this person',
    description: 'It was made, or the person was added to it.',
    ...read,
    kind: 'durable',
    data: conversation,
    examples: [{ summary: 'A group', data: { conversation: SHOWN.group } }],
  },
  'conversation.updated': {
    title: 'A group was changed',
    description: 'It has another title, or other members.',
    ...read,
    kind: 'durable',
    data: conversation,
    examples: [
      { summary: 'Another title', data: { conversation: { ...SHOWN.group, title: 'Saturday listening 🎶' } } },
    ],
  },
  'receipt.updated': {
    title: 'Messages have arrived, or were read',
    description:
      'To the reader’s own connections and, in a direct conversation, to the other person. In groups it has no `seq`, and comes at most once a second.',
    ...read,
    kind: 'both',
    data: object({ conversation: id, person: id }, { deliveredUpTo: position, readUpTo: position }),
    examples: [
      {
        summary: 'In a direct conversation',
        data: { conversation: EXAMPLE.direct, person: 'bob', deliveredUpTo: 7, readUpTo: 7 },
      },
      { summary: 'In a group', data: { conversation: EXAMPLE.group, person: 'bob', readUpTo: 3 }, passing: true },
    ],
  },
  typing: {
    title: 'Somebody is writing',
    description: 'To the others in the conversation.',
    ...read,
    kind: 'passing',
    data: object({ conversation: id, person: id, active: flag }),
    examples: [
      { summary: 'A key was pressed', data: { conversation: EXAMPLE.direct, person: 'bob', active: true } },
      { summary: 'No more', data: { conversation: EXAMPLE.direct, person: 'bob', active: false } },
    ],
  },
  presence: {
    title: 'A contact has come or gone',
    description: 'Of those whom `presence.list` lists.',
    scope: 'presence.read',
    kind: 'passing',
    data: object({ person: id, online: flag }, { lastSeen: time }),
    examples: [
      { summary: 'Online', data: { person: 'bob', online: true } },
      { summary: 'Gone', data: { person: 'bob', online: false, lastSeen: SHOWN.at } },
    ],
  },
  'grant.changed': {
    title: 'The person took something back',
    description: 'These scopes are left, with effect on the very next frame either way.',
    kind: 'passing',
    data: object({ scopes }),
    examples: [{ summary: 'Reading was taken back', data: { scopes: ['messages.send', 'profile'] } }],
  },
  'session.expiring': {
    title: 'The token runs out soon',
    description: 'Bring a new one with `session.refresh`.',
    kind: 'passing',
    data: object({ inMs: durationMs }),
    examples: [{ summary: 'A minute left', data: { inMs: 60_000 } }],
  },
  'mailbox.live': {
    title: 'From here on events are live',
    description: 'Everything up to `seq` was sent.',
    ...read,
    kind: 'passing',
    data: object({ seq }),
    examples: [{ summary: 'After an opening', data: { seq: 13 } }],
  },
  'mailbox.reset': {
    title: 'What was kept of the mailbox cannot be gone on with',
    description: 'Load anew what is shown, and go on from `epoch` and `head`.',
    ...read,
    kind: 'passing',
    data: object({
      epoch: text,
      head: seq,
      reason: { type: 'string', enum: ['epoch_changed', 'trimmed', 'ahead'] },
    }),
    examples: [{ summary: 'Away for too long', data: { epoch: EXAMPLE.epoch, head: 5_120, reason: 'trimmed' } }],
  },
  going_away: {
    title: 'The connection will be closed',
    description: 'Come back at a random moment within that time, with `resume`.',
    kind: 'passing',
    data: object({ reconnectWithinMs: durationMs }),
    examples: [{ summary: 'The gateway is restarted', data: { reconnectWithinMs: 10_000 } }],
  },
};
