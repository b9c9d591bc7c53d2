import { ProtocolFrames } from '@drawbridge/testing';
import { type BridgeEvent, createClient, type State, type TokenRequest } from '../src/index.js';
import { createTestBridge, type TestBridge } from '../src/testing/index.js';

const frames = new ProtocolFrames();

function connected(world: TestBridge, person: string, scopes?: Parameters<TestBridge['as']>[1]) {
  const bridge = createClient({ ...world.as(person, scopes) });
  const states: State[] = [];
  const events: BridgeEvent[] = [];
  bridge.on('state', (state) => states.push(state));
  bridge.on('event', (event) => events.push(event));
  const texts = () => events.flatMap((event) => (event.event === 'message.created' ? [event.data.message.text] : []));
  return { bridge, states, events, texts, names: () => states.map(({ name }) => name) };
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Resolves when everything that was said so far has been heard. */
const settled = async ({ bridge }: { bridge: ReturnType<typeof createClient> }) => void (await bridge.rtt());

describe('The bridge for tests of apps', () => {
  test('speaks the protocol: what it writes is what /asyncapi.json says', async () => {
    const world = createTestBridge();
    const { webSocket, ...options } = world.as('alice');
    const problems: string[] = [];
    const asked = new Map<string, string>();
    class Watched extends (webSocket!) {
      constructor(url: string, protocols: string) {
        super(url, protocols);
        this.addEventListener('message', ({ data }) => {
          const frame = JSON.parse(data);
          const command = asked.get(frame.id);
          const problem = command ? frames.problemOfReply(command, frame) : frames.problemOfEvent(frame);
          if (problem) problems.push(problem);
        });
      }
      override send(text: string) {
        const frame = JSON.parse(text);
        asked.set(frame.id, frame.event);
        const problem = frames.problemOfCommand(frame);
        if (problem) problems.push(problem);
        super.send(text);
      }
    }
    await using alice = createClient({ ...options, webSocket: Watched });
    const bob = world.message('bob', 'alice', 'Hi');
    const group = world.group('Friday', ['alice', 'bob', 'carol']);
    const direct = alice.conversation(bob.conversation);
    const sent = await direct.send({ text: 'Hello', replyTo: bob.id });
    await alice.request('message.edit', { message: sent.id, text: 'Hello!' });
    await alice.request('reaction.add', { message: sent.id, emoji: '👋' });
    await alice.request('reaction.remove', { message: sent.id, emoji: '👋' });
    await alice.request('message.delete', { message: sent.id });
    await alice.request('conversation.list', { limit: 1 });
    await alice.request('conversation.members', { conversation: group.id });
    await alice.request('conversation.update', { conversation: group.id, title: 'Saturday', remove: ['carol'] });
    await alice.request('conversation.create', { members: ['carol'], clientId: crypto.randomUUID() });
    await alice.request('contacts.list', {});
    await alice.request('presence.list', {});
    await alice.request('activity.list', {});
    await direct.get();
    await direct.history({ limit: 1 });
    await direct.read(1);
    await direct.typing();
    world.typing('bob', 'alice');
    const title = { kind: 'film', id: '1', name: 'Stone Floor', url: 'https://reelhouse.example/1' };
    await alice.recommend({ to: ['bob', 'nobody'], title, note: 'Wait for the door.' });
    world.tokenExpires();
    world.narrow('alice', ['messages.send']);
    await alice.sendTo('bob', { text: 'Narrowed' });
    await expect(alice.request('contacts.list', {})).rejects.toMatchObject({ code: 'scope_missing' });
    await alice.signOut();
    expect(problems).toEqual([]);
  });

  test('lets an app be tested offline: what was sent meanwhile arrives once', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    const statuses: string[] = [];
    alice.bridge.on('outbox', ({ status }) => statuses.push(status));
    world.refuseConnections();
    world.cut();
    const sending = alice.bridge.sendTo('bob', { text: 'offline' });
    await tick();
    // It waits for a connection, and says so.
    expect(await alice.bridge.outbox.list()).toMatchObject([{ status: 'queued' }]);
    expect(statuses).toEqual(['queued']);
    world.message('bob', 'alice', 'meanwhile');
    world.failNext('message.send', 'unavailable');
    world.refuseConnections(false);
    await sending;
    await settled(alice);
    expect(alice.texts()).toEqual(['meanwhile', 'offline']);
    expect(world.messages(['alice', 'bob']).map(({ text }) => text)).toEqual(['meanwhile', 'offline']);
    expect(world.tokensAsked).toBe(1);
    await alice.bridge.close();
  });

  test('goes away, and a client makes another connection before the old one breaks: its state stays live', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.message('bob', 'alice', 'before');
    world.goAway(10);
    world.message('bob', 'alice', 'between');
    while (world.connections < 2) await tick();
    world.message('bob', 'alice', 'on both');
    await settled(alice);
    await alice.bridge.sendTo('bob', { text: 'after' });
    expect(alice.texts()).toEqual(['before', 'between', 'on both', 'after']);
    expect(alice.names()).toEqual(['opening', 'catching-up', 'live']);
    await alice.bridge.close();
  });

  test('goes away before there is another connection: the client comes back within what it said', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.goAway(50);
    world.close(4512, 'going_away');
    await settled(alice);
    const back = alice.states.find(({ name }) => name === 'reconnecting');
    expect(back).toMatchObject({ reason: 'going_away', docs: 'http://bridge.test/errors/going_away' });
    expect(back!.retryInMs).toBeLessThanOrEqual(50);
    await alice.bridge.close();
  });

  test('loses an event, and the client sees it by `prev` and fetches it', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.loseNextEvent();
    world.message('bob', 'alice', 'lost');
    world.message('bob', 'alice', 'next');
    while (alice.texts().length < 2) await tick();
    expect(alice.texts()).toEqual(['lost', 'next']);
    expect(alice.states.find(({ name }) => name === 'reconnecting')?.reason).toBe('gap');
    await alice.bridge.close();
  });

  test.each([4400, 4403, 4408, 4409, 1002, 1007, 1008, 1009])(
    'after a close with %s nothing reconnects',
    async (code) => {
      const world = createTestBridge();
      const alice = connected(world, 'alice');
      await settled(alice);
      world.close(code, 'why');
      for await (const { name } of alice.bridge.status()) if (name === 'ended') break;
      expect(world.connections).toBe(1);
      expect(alice.bridge.state).toMatchObject({ name: 'ended', retryable: false });
      await expect(alice.bridge.rtt()).rejects.toMatchObject({ retryable: false });
      await alice.bridge.close();
    },
  );

  test.each([4500, 4503, 4508, 4529, 1001, 1006])('after a close with %s it reconnects', async (code) => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.close(code, 'why');
    while (world.connections < 2) await tick();
    await settled(alice);
    expect(alice.names().at(-1)).toBe('live');
    await alice.bridge.close();
  });

  test('ends the consent: whoever awaits anything is told why, and it can begin anew after another sign-in', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.refuseConnections();
    world.cut();
    const sending = alice.bridge.sendTo('bob', { text: 'too late' });
    world.endConsent('alice', 'partner_suspended');
    world.refuseConnections(false);
    await expect(sending).rejects.toMatchObject({ code: 'partner_suspended' });
    expect(alice.bridge.state).toMatchObject({ name: 'ended', reason: 'partner_suspended' });
    expect(await alice.bridge.outbox.list()).toMatchObject([
      { status: 'failed', error: { code: 'partner_suspended' } },
    ]);
    await alice.bridge.outbox.clear();
    alice.bridge.open();
    await expect(alice.bridge.rtt()).rejects.toMatchObject({ code: 'partner_suspended' });
    await alice.bridge.close();
  });

  test('after an end that was not the consent’s, it goes on where it was when it is opened again', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.close(4409, 'superseded');
    for await (const { name } of alice.bridge.status()) if (name === 'ended') break;
    world.message('bob', 'alice', 'meanwhile');
    const sending = alice.bridge.sendTo('bob', { text: 'later' });
    alice.bridge.open();
    await sending;
    await settled(alice);
    expect(alice.texts()).toEqual(['meanwhile', 'later']);
    await alice.bridge.close();
  });

  test('of more than four connections on one consent the oldest goes', async () => {
    const world = createTestBridge();
    const options = world.as('alice');
    const tabs = Array.from({ length: 5 }, () => createClient(options));
    for (const tab of tabs.slice(1)) await tab.rtt();
    for await (const { name } of tabs[0]!.status()) if (name === 'ended') break;
    expect(tabs.map(({ state }) => state.reason)).toEqual(['superseded', undefined, undefined, undefined, undefined]);
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  test('a token that comes after the bridge was closed is nobody’s', async () => {
    const world = createTestBridge();
    const { token, ...options } = world.as('alice');
    const { promise, resolve } = Promise.withResolvers<void>();
    const bridge = createClient({ ...options, token: (request) => promise.then(() => token(request)) });
    await tick();
    await bridge.close();
    resolve();
    await tick();
    expect([world.tokensAsked, world.connections]).toEqual([1, 0]);
  });

  test('a mailbox that was lost is told of, and events go on from its head', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.message('bob', 'alice', 'one');
    await settled(alice);
    world.loseMailboxes();
    while (world.connections < 2) await tick();
    await settled(alice);
    world.message('bob', 'alice', 'two');
    await settled(alice);
    expect(alice.events.map(({ event }) => event)).toEqual([
      'conversation.created',
      'message.created',
      'mailbox.reset',
      'message.created',
    ]);
    await alice.bridge.close();
  });

  test('an iterator that is not read gives up at its bound (I9), and says where to go on', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    const events = alice.bridge.events({ maxWaiting: 2 });
    for (const text of ['one', 'two', 'three']) world.message('bob', 'alice', text);
    await settled(alice);
    const read: string[] = [];
    let cursor = alice.bridge.cursor;
    const reading = (async () => {
      for await (const event of events) {
        read.push(event.event);
        cursor = event.cursor;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'fell_behind', retryable: true });
    expect(read).toEqual(['conversation.created', 'message.created']);
    for await (const { data } of alice.bridge.events({ after: cursor! })) {
      expect(data).toMatchObject({ message: { text: 'two' } });
      break;
    }
    await alice.bridge.close();
  });

  test('a token that expires is replaced; one that is refused twice is not asked for a third time', async () => {
    const world = createTestBridge();
    const alice = connected(world, 'alice');
    await settled(alice);
    world.expireTokens();
    while (world.connections < 2) await tick();
    await settled(alice);
    expect(world.tokensAsked).toBe(2);
    world.failNext('session.open', 'unauthenticated');
    world.failNext('session.open', 'unauthenticated');
    world.cut();
    for await (const { name } of alice.bridge.status()) if (name === 'ended') break;
    expect(alice.bridge.state).toMatchObject({ name: 'ended', reason: 'unauthenticated' });
    expect([world.connections, world.tokensAsked]).toEqual([4, 3]);
    await alice.bridge.close();
  });
});

test('an option that is undefined is one that was left out, and an address that is none is refused at once', async () => {
  const world = createTestBridge();
  const nothing: object = { openTimeoutMs: undefined, client: undefined, backoff: { baseMs: undefined } };
  const { backoff: _, ...options } = world.as('alice');
  await using alice = createClient({ ...options, ...nothing });
  await alice.sendTo('bob', { text: 'x' }, {});
  expect(world.connections).toBe(1);
  expect(await alice.request('contacts.list', {}, { timeoutMs: Number.POSITIVE_INFINITY })).toHaveProperty('contacts');
  for (const url of ['bridge.example', 'ftp://bridge.example'])
    expect(() => createClient({ ...options, url })).toThrow();
});

test('a token that is on its way while the one before is refused has its chance, and one after it too', async () => {
  const world = createTestBridge();
  const { token: give, ...options } = world.as('alice');
  const late = Promise.withResolvers<void>();
  const asked: string[] = [];
  await using alice = createClient({
    ...options,
    token: async (request) => {
      const { signal } = request;
      if (asked.push(request.reason) !== 2) return give(request);
      const given = await give({ reason: 'expiring', signal });
      await late.promise;
      return given;
    },
  });
  await alice.rtt();
  world.tokenExpires();
  while (asked.length < 2) await tick();
  world.expireTokens();
  await tick();
  late.resolve();
  await alice.rtt();
  expect(asked).toEqual(['open', 'expiring', 'rejected']);
});

test('a token that does not come within a minute is asked for again, and whoever was asked is told', async () => {
  const world = createTestBridge();
  const { token: give, ...options } = world.as('alice');
  const signals: AbortSignal[] = [];
  const { setTimeout: after } = globalThis;
  // A minute is over soon here.
  const quickly = (act: () => void, ms?: number) => after(act, ms === 60_000 ? 5 : ms);
  globalThis.setTimeout = quickly as typeof setTimeout;
  try {
    const token = (request: TokenRequest) =>
      signals.push(request.signal) === 1 ? new Promise<never>(() => {}) : give(request);
    await using alice = createClient({ ...options, token });
    const states: (string | undefined)[] = [];
    alice.on('state', ({ name, reason }) => states.push(`${name} ${reason ?? ''}`.trim()));
    await alice.rtt();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(states).toContain('reconnecting timeout');
  } finally {
    globalThis.setTimeout = after;
  }
});
