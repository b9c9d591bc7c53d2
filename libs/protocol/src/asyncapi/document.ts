import { CLOSE_CODES, CODE_PAGES, ERROR_CODES, type ErrorCode, STANDARD_CLOSES } from '../codes.js';
import { errorFrame } from '../frames.js';
import { type JsonSchema, schemaOf } from '../json-schema.js';
import { LIMITS, PROTOCOL } from '../limits.js';
import { SCOPE_SENTENCES, SCOPES, type Scope } from '../scopes.js';
import { COMMANDS, COMMON_ERRORS, type CommandDoc } from './command-docs.js';
import { EVENTS, type EventDoc } from './event-docs.js';
import { commandFrame, durableFrameSchema, errorFrameSchema, okFrameSchema, passingFrameSchema } from './frames.js';
import { introduction } from './introduction.js';
import { PROPERTIES } from './properties.js';
import { VIEWS } from './views.js';

/** The protocol as an AsyncAPI 3.0 document, from the bridge's point of view: it receives commands and sends the rest. */
export function asyncApiDocument(publicUrl: string): JsonSchema {
  const messages = { ...commandMessages(), ...errorMessages(publicUrl), ...eventMessages() };
  const inChannel = Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }]);
  const { host, protocol } = new URL(publicUrl);
  return {
    asyncapi: '3.0.0',
    id: `${publicUrl}/asyncapi.json`,
    info: {
      title: 'Drawbridge',
      version: '1.0.0',
      description: introduction(publicUrl),
      contact: { name: 'Drawbridge', url: publicUrl },
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      tags: TAGS.map((name) => ({ name })),
      externalDocs: { url: `${publicUrl}/errors`, description: 'What each error and close code means, and what to do' },
    },
    defaultContentType: 'application/json',
    servers: {
      bridge: {
        host,
        protocol: protocol === 'https:' ? 'wss' : 'ws',
        protocolVersion: '13',
        title: 'The bridge',
        description: 'Credentials never travel in the address, and cookies are ignored.',
        security: [{ $ref: '#/components/securitySchemes/consent' }],
      },
    },
    channels: { bridge: { ...CHANNEL, messages: Object.fromEntries(inChannel), ...codeTables(publicUrl) } },
    operations: { ...commandOperations(), ...eventOperations() },
    components: {
      messages,
      schemas: VIEWS,
      securitySchemes: securitySchemes(publicUrl),
      correlationIds: { frameId: { location: '$message.payload#/id', description: 'A reply has its command’s `id`.' } },
    },
  };
}

const TAGS = ['command', 'reply', 'error', 'durable event', 'passing event'] as const;

const CHANNEL = {
  address: '/bridge',
  title: 'A connection',
  description: 'One WebSocket, bound to one consent. One text frame is one JSON object.',
  servers: [{ $ref: '#/servers/bridge' }],
  bindings: {
    ws: {
      method: 'GET',
      headers: {
        type: 'object',
        properties: {
          'Sec-WebSocket-Protocol': {
            type: 'string',
            const: PROTOCOL,
            description: 'Without it, this is meant; another one is answered 400.',
          },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
  'x-limits': {
    maxFrameBytes: LIMITS.maxFrameBytes,
    maxReplyBytes: LIMITS.maxReplyBytes,
    maxFrameDepth: LIMITS.maxFrameDepth,
    maxBadFrames: LIMITS.maxBadFrames,
    maxConnections: LIMITS.maxConnectionsPerGrant,
    maxCommandsInFlight: LIMITS.maxCommandsInFlight,
  },
} as const;

const message = (name: string, tag: (typeof TAGS)[number], rest: JsonSchema): JsonSchema => ({
  name,
  contentType: 'application/json',
  tags: [{ name: tag }],
  ...rest,
});

const CORRELATED = { correlationId: { $ref: '#/components/correlationIds/frameId' } };

function needs(scope: Scope | undefined): JsonSchema {
  return scope === undefined ? {} : { 'x-scope': scope };
}

function commandMessages(): Record<string, JsonSchema> {
  const messages = Object.entries(COMMANDS).flatMap(([event, doc]) => {
    const { title, description, scope, examples } = doc;
    const data = schemaOf(doc.data, (property) => PROPERTIES[property]);
    const exampleIds = examples.map((_, index) => `c-${index + 1}`);
    return [
      [
        event,
        message(event, 'command', {
          title,
          description,
          ...needs(scope),
          ...CORRELATED,
          payload: commandFrame(event, data),
          examples: examples.map(({ summary, data }, index) => ({
            name: `${event}-${index + 1}`,
            summary,
            payload: { event, id: exampleIds[index], data },
          })),
        }),
      ],
      [
        `${event}.ok`,
        message(`${event}.ok`, 'reply', {
          title: `${title}: the answer`,
          summary: `What ${event} is answered with.`,
          ...needs(scope),
          ...CORRELATED,
          payload: okFrameSchema(doc.reply),
          examples: examples.map(({ summary, reply }, index) => ({
            name: `${event}-ok-${index + 1}`,
            summary,
            payload: { event: 'ok', id: exampleIds[index], data: reply },
          })),
        }),
      ],
    ] as const;
  });
  return Object.fromEntries(messages);
}

const errorCodes = Object.keys(ERROR_CODES) as ErrorCode[];

function errorMessages(publicUrl: string): Record<string, JsonSchema> {
  const messages = errorCodes.map((code) => {
    const { means, advice } = ERROR_CODES[code];
    const details = {
      ...(code === 'invalid_data' ? { issues: [{ path: 'text', problem: 'must be a text' }] } : {}),
      ...(code === 'scope_missing' ? { scope: 'messages.send' as const } : {}),
      ...(code === 'rate_limited' ? { retryAfterMs: LIMITS.retryAfterMs } : {}),
    };
    const payload: unknown = JSON.parse(errorFrame(publicUrl, code === 'bad_frame' ? undefined : 'c-1', code, details));
    return [
      `error.${code}`,
      message('error', 'error', {
        title: `Error: ${code}`,
        summary: means,
        description: advice,
        externalDocs: { url: `${publicUrl}/errors/${code}` },
        ...(code === 'bad_frame' ? {} : CORRELATED),
        payload: errorFrameSchema(code),
        examples: [{ name: `error-${code}`, summary: means, payload }],
      }),
    ] as const;
  });
  return Object.fromEntries(messages);
}

function eventMessages(): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(EVENTS).map(([event, doc]) => [event, eventMessage(event, doc)]));
}

function eventMessage(event: string, { title, description, scope, kind, data, examples }: EventDoc): JsonSchema {
  const durable = durableFrameSchema(event, data);
  const passing = passingFrameSchema(event, data);
  return message(event, kind === 'passing' ? 'passing event' : 'durable event', {
    title,
    description,
    ...needs(scope),
    payload: kind === 'both' ? { oneOf: [durable, passing] } : kind === 'durable' ? durable : passing,
    examples: examples.map(({ summary, data, passing }, index) => ({
      name: `${event}-${index + 1}`,
      summary,
      payload: { event, ...(kind === 'passing' || passing ? {} : { seq: 14, prev: 13 }), data },
    })),
  });
}

const messageOf = (name: string) => ({ $ref: `#/channels/bridge/messages/${name}` });
const channel = { $ref: '#/channels/bridge' };

function commandOperations(): Record<string, JsonSchema> {
  const operations = Object.entries(COMMANDS).map(([event, doc]) => [
    event,
    {
      action: 'receive',
      title: doc.title,
      description: doc.description,
      channel,
      messages: [messageOf(event)],
      reply: { channel, messages: [`${event}.ok`, ...errorsOf(doc).map((code) => `error.${code}`)].map(messageOf) },
      ...needs(doc.scope),
      ...(doc.scope === undefined ? {} : { security: [{ $ref: `#/components/securitySchemes/${doc.scope}` }] }),
    },
  ]);
  return Object.fromEntries(operations);
}

/** Every code that a command may be answered with. */
export function errorsOf({ scope, errors }: Pick<CommandDoc, 'scope' | 'errors'>): readonly ErrorCode[] {
  return [...COMMON_ERRORS, ...(scope === undefined ? [] : (['scope_missing'] as const)), ...errors];
}

function eventOperations(): Record<string, JsonSchema> {
  const events = Object.entries(EVENTS).map(([event, { title, description, scope }]) => [
    event,
    { action: 'send', title, description, channel, messages: [messageOf(event)], ...needs(scope) },
  ]);
  return {
    ...Object.fromEntries(events),
    // They answer no command that the bridge could name.
    error: {
      action: 'send',
      title: 'What could not be understood',
      description:
        'A frame that is none has no `id` to answer to, and a command of an unknown name has no reply of its own.',
      channel,
      messages: [messageOf('error.bad_frame'), messageOf('error.unknown_event')],
    },
  };
}

/** One for each scope, so that each command names the one it takes; `consent` is any of them. */
function securitySchemes(publicUrl: string): JsonSchema {
  const scheme = (scopes: readonly Scope[], description: string) => ({
    type: 'oauth2',
    description,
    flows: {
      authorizationCode: {
        authorizationUrl: `${publicUrl}/oidc/auth`,
        tokenUrl: `${publicUrl}/oidc/token`,
        refreshUrl: `${publicUrl}/oidc/token`,
        availableScopes: Object.fromEntries(scopes.map((scope) => [scope, SCOPE_SENTENCES[scope]])),
      },
    },
    ...(scopes.length === 1 ? { scopes } : {}),
  });
  return {
    consent: scheme(SCOPES, 'What a person may allow an app, one by one. The access token comes in `session.open`.'),
    ...Object.fromEntries(SCOPES.map((scope) => [scope, scheme([scope], SCOPE_SENTENCES[scope])])),
  };
}

/** The one table of codes; the pages under `/errors/` are made from the same. */
function codeTables(publicUrl: string): JsonSchema {
  const docs = (code: string | number) => `${publicUrl}/errors/${code}`;
  const closes = Object.entries(CLOSE_CODES).map(([reason, code]) => {
    const { means, advice, retryable } = CODE_PAGES[reason]!;
    return { code, reason, means, advice, reconnect: code >= 4500, retryable, docs: docs(reason) };
  });
  const standard = Object.entries(STANDARD_CLOSES).map(([code, { means, advice, retryable }]) => {
    return { code: Number(code), means, advice, reconnect: retryable, retryable, docs: docs(code) };
  });
  return {
    'x-error-codes': errorCodes.map((code) => ({ code, ...ERROR_CODES[code], docs: docs(code) })),
    'x-close-codes': [...standard, ...closes.sort((a, b) => a.code - b.code)],
  };
}
