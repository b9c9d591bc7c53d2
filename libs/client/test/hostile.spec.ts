import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type BridgeEvent, type ClientOptions, createClient, type OutboxEntry, type State } from '../src/index.js';

interface Frame {
  readonly event: string;
  readonly id: string;
}
type Answer = (write: (frame: unknown) => void, frame: Frame, socket: WebSocket) => void;

const POLL_MS = 5;
const COMES_WITHIN_MS = 30_000;
const TIMES = { openWithinMs: 5_000, heartbeatMs: 25_000 };
const HELLO = { protocol: 'drawbridge.v1', gateway: 'g', nonce: 'n', ...TIMES, maxFrameBytes: 65_536 };
const SESSION = {
  nonce: 'n',
  person: { id: 'alice' },
  app: { id: 'a', name: 'A', partner: 'P' },
  grant: { id: 'g', scopes: ['messages.read', 'messages.send'], expiresAt: '2099-01-01T00:00:00.000Z' },
  tokenExpiresAt: '2099-01-01T00:00:00.000Z',
  mailbox: { epoch: 'e', head: 0 },
};

const events: BridgeEvent[] = [];
const states: State[] = [];
const entries: OutboxEntry[] = [];
const seen = { connections: 0, frames: 0, tokens: 0 };
/** What an app would have died of. */
const uncaught: unknown[] = [];
const catches = (error: unknown) => void uncaught.push(error);
beforeEach(() => {
  for (const each of [events, states, entries, uncaught]) each.length = 0;
  Object.assign(seen, { connections: 0, frames: 0, tokens: 0 });
});

interface Course {
  readonly options?: Partial<ClientOptions>;
  readonly hello?: object;
  /** What the client comes to, however long a busy machine takes for it. */
  readonly until?: () => boolean;
  /** How long it is watched from then on for doing too much. */
  readonly watchMs?: number;
}

const isLive = () => states.at(-1)?.name === 'live';
const cameTo = (name: State['name'], reason: string) => () =>
  states.some((state) => state.name === name && state.reason === reason);
const cameAgain = () => seen.connections > 1;

/** A client of a bridge that answers like this, once it has come to what it must and was watched for a while. */
async function client(answer: Answer, { options, hello = HELLO, until = isLive, watchMs = 120 }: Course = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'drawbridge.v1' });
  server.on('connection', (socket) => {
    const write = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
    seen.connections++;
    socket.on('message', (bytes) => {
      const frame = JSON.parse(String(bytes)) as Frame;
      seen.frames++;
      answer(write, frame, socket);
    });
    write({ event: 'hello', data: hello });
  });
  await once(server, 'listening');
  const bridge = createClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: () => `token ${++seen.tokens}`,
    backoff: { baseMs: 50, maxMs: 100 },
    drainTimeoutMs: 0,
    ...options,
  });
  bridge.on('state', (state) => states.push(state));
  bridge.on('event', (event) => events.push(event));
  bridge.on('outbox', (entry) => entries.push(entry));
  process.on('uncaughtException', catches);
  process.on('unhandledRejection', catches);
  const patience = performance.now() + COMES_WITHIN_MS;
  while (!until()) {
    if (performance.now() > patience) throw new Error(`It came to ${JSON.stringify({ states, seen })} only.`);
    await delay(POLL_MS);
  }
  await delay(watchMs);
  process.off('uncaughtException', catches);
  process.off('unhandledRejection', catches);
  return Object.assign(bridge, {
    async [Symbol.asyncDispose]() {
      await bridge.close();
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  });
}

/** Opens every session, and then says this. */
const opens =
  (...then: unknown[]): Answer =>
  (write, { event, id }) => {
    if (event !== 'session.open') return;
    write({ event: 'ok', id, data: SESSION });
    write({ event: 'mailbox.live', data: { seq: 0 } });
    for (const frame of then) write(frame);
  };

describe('Of a bridge that does not keep to the protocol', () => {
  test.each<[string, unknown]>([
    ['no JSON', '{{{'],
    ['no frame', '[]'],
    ['data that is no object', { event: 'message.created', seq: 1, prev: 0, data: 'text' }],
    ['a place that is a text', { event: 'message.created', seq: '1', prev: 0, data: {} }],
    ['a place beyond all numbers', '{"event":"typing","seq":1e308,"prev":0,"data":{}}'],
    ['scopes that are none', { event: 'grant.changed', data: {} }],
    ['a reset to nowhere', { event: 'mailbox.reset', data: {} }],
  ])('%s is the end of the connection, and not of the app', async (_, frame) => {
    await using bridge = await client(opens(frame), { until: cameTo('reconnecting', 'bad_frame') });
    expect(uncaught).toEqual([]);
    expect(bridge.state).toMatchObject({ retryable: true });
    expect(states.map(({ name, reason }) => [name, reason])).toContainEqual(['reconnecting', 'bad_frame']);
    expect(seen.connections).toBeLessThan(60);
    expect(events).toEqual([]);
  });

  test.each([
    ['nothing', {}],
    ['no person', { ...SESSION, person: null }],
    ['a mailbox without a head', { ...SESSION, mailbox: { epoch: 'e' } }],
  ])('a session with %s opens nothing', async (_, data) => {
    await using bridge = await client((write, { id }) => write({ event: 'ok', id, data }), {
      until: cameTo('reconnecting', 'bad_frame'),
    });
    expect(uncaught).toEqual([]);
    expect(bridge.session).toBeUndefined();
    expect(states.at(-1)?.reason).toBe('bad_frame');
  });

  test.each([
    ['none', undefined],
    ['of nothing', 0],
    ['of years', 1e14],
    ['that is a text', 'often'],
  ])('a heartbeat %s makes it ask once in a while, and no more', async (_, heartbeatMs) => {
    await using _bridge = await client(opens(), { hello: { ...HELLO, heartbeatMs } });
    expect(seen.frames).toBe(1);
  });

  test('a frame that may have one byte does not make it ask itself for ever', async () => {
    const bridge = await client(opens(), {
      options: { openTimeoutMs: 100 },
      hello: { ...HELLO, heartbeatMs: 1, maxFrameBytes: 1 },
      until: () => seen.connections > 0,
      watchMs: 1_300,
    });
    expect(seen.frames).toBe(0);
    await bridge[Symbol.asyncDispose]();
  });

  test.each([0, -1, 'soon', null])(
    'a departure within %j, again and again, is followed with backoff',
    async (reconnectWithinMs) => {
      await using bridge = await client(opens({ event: 'going_away', data: { reconnectWithinMs } }), {
        until: () => cameAgain() && isLive(),
        watchMs: 400,
      });
      expect(seen.connections).toBeGreaterThan(1);
      expect(seen.connections).toBeLessThan(60);
      expect(bridge.state.name).toBe('live');
    },
  );

  test('a departure in years is waited for no longer than ten minutes, and not forgotten', async () => {
    const years: Answer = (write, frame, socket) => {
      opens({ event: 'going_away', data: { reconnectWithinMs: 1e14 } })(write, frame, socket);
      socket.close(4512, 'going_away');
    };
    await using bridge = await client(years, { until: cameTo('reconnecting', 'going_away') });
    expect(seen.connections).toBe(1);
    expect(bridge.state).toMatchObject({ name: 'reconnecting', reason: 'going_away' });
    expect(bridge.state.retryInMs).toBeLessThanOrEqual(60_100);
  });

  test.each([
    ['takes every token and refuses it at once', 4401, 'unauthenticated'],
    ['closes each connection as going away', 4512, 'going_away'],
  ])('where it %s, it comes again with backoff', async (_, code, reason) => {
    await using _bridge = await client(
      (write, frame, socket) => {
        opens({ event: 'going_away', data: { reconnectWithinMs: 0 } })(write, frame, socket);
        if (frame.event === 'session.open') socket.close(code, reason);
      },
      { until: cameAgain, watchMs: 400 },
    );
    expect(seen.connections).toBeGreaterThan(1);
    expect(seen.connections).toBeLessThan(60);
    expect(seen.tokens).toBeLessThan(60);
  });

  test('a token that runs out as soon as it is there is replaced once in a while, and no more', async () => {
    const expiring = { event: 'session.expiring', data: { inMs: 1 } };
    await using bridge = await client(
      (write, frame, socket) => {
        opens(expiring, expiring)(write, frame, socket);
        if (frame.event !== 'session.refresh') return;
        const { nonce, grant } = SESSION;
        write({ event: 'ok', id: frame.id, data: { nonce, grant, tokenExpiresAt: new Date().toISOString() } });
        write(expiring);
      },
      { until: () => seen.frames > 1 && isLive() },
    );
    expect(seen).toEqual({ connections: 1, frames: 2, tokens: 2 });
    expect(bridge.state.name).toBe('live');
  });

  test.each([1e14, 'soon', -5])('retryAfterMs of %j is no reason to ask without end', async (retryAfterMs) => {
    await using bridge = await client((write, frame, socket) => {
      opens()(write, frame, socket);
      const data = { code: 'rate_limited', message: 'Slower.', retryable: true, retryAfterMs };
      if (frame.event === 'contacts.list') write({ event: 'error', id: frame.id, data });
    });
    const abort = new AbortController();
    const asking = bridge.request('contacts.list', {}, { signal: abort.signal });
    await delay(200);
    abort.abort();
    await expect(asking).rejects.toThrow();
    expect(seen.frames).toBeLessThan(20);
  });

  test('an error without a code is an error all the same', async () => {
    await using bridge = await client((write, frame, socket) => {
      opens()(write, frame, socket);
      if (frame.event === 'contacts.list') write({ event: 'error', id: frame.id });
    });
    await expect(bridge.request('contacts.list', {})).rejects.toMatchObject({ code: 'internal', retryable: false });
  });

  test('events with the names of what the SDK itself tells are not taken for it', async () => {
    const names = ['state', 'outbox', 'event', 'error', '__proto__', 'constructor'];
    await using bridge = await client(opens(...names.map((event) => ({ event, data: { name: 'ended' } }))));
    expect(states.map(({ name }) => name)).toEqual(['opening', 'catching-up', 'live']);
    expect(entries).toEqual([]);
    expect(bridge.state.name).toBe('live');
    expect(uncaught).toEqual([]);
  });

  test('answers that come twice, or to nothing, change nothing', async () => {
    await using bridge = await client((write, frame, socket) => {
      opens()(write, frame, socket);
      write({ event: 'ok', id: 'nobody', data: {} });
      const ids = ['first', 'second'];
      if (frame.event === 'message.send')
        for (const id of ids) write({ event: 'ok', id: frame.id, data: { message: { id } } });
    });
    expect(await bridge.sendTo('bob', { text: 'x' })).toEqual({ id: 'first' });
    expect(states.at(-1)?.name).toBe('live');
  });
});
