import { Nothing, SessionOpen, SessionRefresh } from '../commands.js';
import { LIMITS } from '../limits.js';
import type { CommandDocs } from './command-docs.js';
import { EXAMPLE, SHOWN } from './examples.js';
import { id, object, said, seq, text, time, view } from './views.js';

const nonce = said('What the next proof on this connection is made over.', text);
const tokenExpiresAt = said('When the access token runs out.', time);
const limit = (value: number) => ({ type: 'integer', const: value });

const limits = {
  maxFrameBytes: LIMITS.maxFrameBytes,
  maxTextCodePoints: LIMITS.maxTextCodePoints,
  maxMembers: LIMITS.maxMembers,
  maxConnections: LIMITS.maxConnectionsPerGrant,
};

const client = { name: 'my-client', version: '1.0' };
const opened = {
  nonce: 'bHfyQqDqB75R4tjuCZNYVg',
  person: SHOWN.people.alice,
  app: { id: 'tunebox-desktop', name: 'Tunebox', partner: 'Tunebox' },
  grant: SHOWN.grant,
  tokenExpiresAt: '2026-11-25T15:27:48.000Z',
  mailbox: { epoch: EXAMPLE.epoch, head: 13 },
  limits,
};

export const SESSION_COMMANDS: CommandDocs = {
  ping: {
    title: 'Ask whether the bridge is there',
    description: 'For clients that cannot see WebSocket pings.',
    data: Nothing,
    reply: object({ at: time }),
    errors: [],
    examples: [{ summary: 'Is anybody there?', data: {}, reply: { at: SHOWN.at } }],
  },
  'session.open': {
    title: 'Open the session',
    description:
      'The answer to `hello`, within `openWithinMs`. With `resume`, the events after `after` come in order, and then `mailbox.live`. A failed open is answered with the error and then closed.',
    data: SessionOpen,
    reply: object(
      {
        nonce,
        person: said('Just the id without the scope `profile`.', object({ id }, { handle: text, name: text })),
        app: object({ id, name: text, partner: text }),
        grant: view('grant'),
        tokenExpiresAt,
        limits: object(Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, limit(value)]))),
      },
      {
        mailbox: said(
          'Only with `messages.read`. Another `epoch` than the one known: what was kept of the mailbox is worth nothing any more.',
          object({ epoch: text, head: seq }),
        ),
      },
    ),
    errors: ['already_open'],
    examples: [
      {
        summary: 'A first opening',
        data: { token: EXAMPLE.token, proof: EXAMPLE.proof, client },
        reply: opened,
      },
      {
        summary: 'Going on where a lost connection was',
        data: { token: EXAMPLE.token, proof: EXAMPLE.proof, client, resume: { epoch: EXAMPLE.epoch, after: 13 } },
        reply: { ...opened, mailbox: { epoch: EXAMPLE.epoch, head: 14 } },
      },
      {
        summary: 'With a token bound to no key, on a grant that may neither read nor see the name',
        data: { token: EXAMPLE.token, client },
        reply: {
          nonce: opened.nonce,
          person: { id: 'alice' },
          app: opened.app,
          grant: { ...SHOWN.grant, scopes: ['messages.send'] },
          tokenExpiresAt: opened.tokenExpiresAt,
          limits,
        },
      },
    ],
  },
  'session.refresh': {
    title: 'Go on with a new token',
    description:
      'A token of the same grant and the same key. Without it, the connection is closed with 4401 at expiry.',
    data: SessionRefresh,
    reply: object({ tokenExpiresAt, grant: view('grant'), nonce }),
    errors: [],
    examples: [
      {
        summary: 'In time, after `session.expiring`',
        data: { token: EXAMPLE.token, proof: EXAMPLE.proof },
        reply: {
          tokenExpiresAt: '2026-11-25T15:31:48.000Z',
          grant: SHOWN.grant,
          nonce: 'Kw3fB9gq2pTzY0Qm5xV1rA',
        },
      },
    ],
  },
  'session.close': {
    title: 'Sign out',
    description: 'Ends this consent, as revoking its refresh token does. After `ok` comes the close 4403 `signed_out`.',
    data: Nothing,
    reply: object({}),
    errors: [],
    examples: [{ summary: 'The person signs out of this app', data: {}, reply: {} }],
  },
};
