import { getEventListeners } from 'node:events';
import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProtocolFrames } from '@drawbridge/testing';
import {
  type Bridge,
  type BridgeEvent,
  type ClientOptions,
  createClient,
  memoryOutbox,
  type OutboxEntry,
  type State,
  type TokenRequest,
} from '../src/index.js';
import { fileOutbox } from '../src/outbox/file.js';
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

describe('What is sent', () => {
  const entry = (more: Partial<OutboxEntry>): OutboxEntry => ({
    localId: crypto.randomUUID(),
    command: 'message.send',
    data: { to: 'bob', text: 'kept' },
    status: 'queued',
    order: 1,
    queuedAt: new Date().toISOString(),
    ...more,
  });

  test('comes after what was kept before, also where the clock has been set back since (I4)', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ order: Date.now() + 3_600_000, person: 'alice' }));
    await using alice = createClient({ ...world.as('alice'), outbox });
    await alice.sendTo('bob', { text: 'written now' });
    expect(world.messages(['alice', 'bob']).map(({ text }) => text)).toEqual(['kept', 'written now']);
  });

  test('is sent with the next connection where another client on the same store has left it, and not where it took it back', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const takenBack = entry({ person: 'alice', data: { to: 'bob', text: 'taken back' } });
    await outbox.put(takenBack);
    world.refuseConnections();
    const [leaving, staying] = [
      createClient({ ...world.as('alice'), outbox }),
      createClient({ ...world.as('alice'), outbox }),
    ];
    const told: string[] = [];
    staying.on('outbox', ({ localId, error }) => told.push(`${localId} ${error?.code}`));
    await staying.outbox.list();
    const left = leaving.sendTo('bob', { text: 'left' });
    await leaving.outbox.discard(takenBack.localId);
    await leaving.close();
    await expect(left).rejects.toMatchObject({ code: 'closed' });
    const last = staying.sendTo('bob', { text: 'the last' });
    world.refuseConnections(false);
    await last;
    await staying.drain();
    // In either order: what two clients write within a millisecond has none.
    expect(
      world
        .messages(['alice', 'bob'])
        .map(({ text }) => text)
        .toSorted(),
    ).toEqual(['left', 'the last']);
    expect(told).toContain(`${takenBack.localId} discarded`);
    expect(await staying.outbox.list()).toEqual([]);
    await staying.close();
  });

  test('is forgotten with what other clients on the same store have written', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await using bridge = createClient({ ...world.as('alice'), outbox, autoOpen: false });
    expect(await bridge.outbox.list()).toEqual([]);
    await outbox.put(entry({ person: 'alice' }));
    await bridge.outbox.clear();
    expect(await outbox.load()).toEqual([]);
  });

  test('is written once where it is sent at once', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    let puts = 0;
    const put = (kept: OutboxEntry) => {
      puts++;
      return outbox.put(kept);
    };
    await using bridge = createClient({ ...world.as('alice'), outbox: { ...outbox, put } });
    await bridge.rtt();
    await bridge.sendTo('bob', { text: 'at once' });
    expect(puts).toBe(1);
    expect(await outbox.load()).toEqual([]);
  });

  test('stays the sender’s: it fails with nobody else’s consent, and is not sent by whoever signs in next', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ person: 'carol' }));
    const { token: asBob } = world.as('bob');
    const { token: asAlice, ...options } = world.as('alice');
    let token = asAlice;
    await using bridge = createClient({ ...options, outbox, token: (request) => token(request) });
    await bridge.rtt();
    world.close(4401, 'unauthenticated');
    world.failNext('session.open', 'unauthenticated');
    for await (const { name } of bridge.status()) if (name === 'ended') break;
    const late = bridge.sendTo('carol', { text: 'from Alice' });
    token = asBob;
    bridge.open();
    await bridge.rtt();
    await bridge.sendTo('carol', { text: 'from Bob' });
    expect(world.messages(['bob', 'carol']).map(({ text }) => text)).toEqual(['from Bob']);
    world.endConsent('bob');
    for await (const { name } of bridge.status()) if (name === 'ended') break;
    expect(await bridge.outbox.list()).toMatchObject([
      { person: 'carol', status: 'queued' },
      { person: 'alice', status: 'queued', localId: late.localId },
    ]);
    await bridge.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
  });

  test('before anybody was signed in is sent by one of those who share the store and sign in as different people (I5)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drawbridge-outbox-'));
    const memory = memoryOutbox();
    for (const stores of [
      [memory, memory],
      [fileOutbox(folder), fileOutbox(folder)],
    ] as const) {
      const world = createTestBridge();
      const kept = entry({ data: { to: 'carol', text: 'whose' } });
      await stores[0].put(kept);
      const [alice, bob] = [
        createClient({ ...world.as('alice'), outbox: stores[0], autoOpen: false }),
        createClient({ ...world.as('bob'), outbox: stores[1], autoOpen: false }),
      ];
      // Both know it, as nobody's.
      expect([await alice.outbox.list(), await bob.outbox.list()]).toMatchObject([[kept], [kept]]);
      alice.open();
      bob.open();
      await Promise.all([alice.rtt(), bob.rtt()]);
      await Promise.all([alice.drain(), bob.drain()]);
      const sent = (['alice', 'bob'] as const).flatMap((name) => world.messages([name, 'carol']));
      expect(sent).toMatchObject([{ text: 'whose' }]);
      expect(await stores[0].load()).toEqual([]);
      await Promise.all([alice.close(), bob.close()]);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not written again by a claim of it, where it was taken back or has failed meanwhile', async () => {
    for (const how of ['clear', 'end'] as const)
      for (let round = 0; round < 25; round++) {
        const outbox = fileOutbox(mkdtempSync(join(tmpdir(), 'drawbridge-outbox-')));
        const claiming = Promise.withResolvers<void>();
        let claimed: Promise<unknown> | undefined;
        const claim: typeof outbox.claim = (localId, person) => {
          const result = outbox.claim!(localId, person);
          claimed = result;
          if (round % 2 === 0) claiming.resolve();
          else setImmediate(claiming.resolve);
          return result;
        };
        const world = createTestBridge();
        const alice = createClient({ ...world.as('alice'), outbox: { ...outbox, claim }, autoOpen: false });
        // Whatever became of it before: it is refused once, so that it is not sent in that moment.
        world.failNext('message.send', 'rate_limited', { retryable: true, retryAfterMs: 60_000 });
        const sending = alice.sendTo('bob', { text: 'never mind' });
        const given = sending.catch(({ code }) => code);
        alice.open();
        await claiming.promise;
        if (how === 'clear') await alice.outbox.clear();
        else world.endConsent('alice');
        expect(await given).toBe(how === 'clear' ? 'discarded' : 'revoked_by_person');
        await Promise.all([claimed, alice.close()]);
        expect(await outbox.load()).toMatchObject(how === 'clear' ? [] : [{ status: 'failed' }]);
        expect(world.messages(['alice', 'bob'])).toEqual([]);
      }
  });

  test('is taken over from a program that died while it claimed it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drawbridge-outbox-'));
    const outbox = fileOutbox(folder);
    const kept = entry({});
    await outbox.put(kept);
    const owner = join(folder, `${kept.localId}.owner.tmp`);
    writeFileSync(owner, 'alice');
    utimesSync(owner, new Date(0), new Date(0));
    expect(await outbox.claim!(kept.localId, 'bob')).toBe('bob');
    expect(await outbox.load()).toMatchObject([{ person: 'bob' }]);
    expect(readdirSync(folder)).toEqual([`${kept.localId}.json`]);
    expect(await outbox.claim!(crypto.randomUUID(), 'bob')).toBeUndefined();
  });

  test('of others on the same store does not fail where somebody’s consent is over', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ person: 'alice' }));
    const { token, ...options } = world.as('bob');
    world.endConsent('bob');
    await using bob = createClient({ ...options, token, outbox });
    for await (const { name } of bob.status()) if (name === 'ended') break;
    expect(await outbox.load()).toMatchObject([{ status: 'queued', person: 'alice' }]);
  });

  test('goes on where it is refused for the connection’s token alone', async () => {
    const world = createTestBridge();
    await using alice = createClient(world.as('alice'));
    await alice.rtt();
    world.failNext('message.send', 'unauthenticated');
    expect(await alice.sendTo('bob', { text: 'late by a moment' })).toMatchObject({ text: 'late by a moment' });
  });

  test('is written where it is kept before the bridge is closed, and a bridge that is closed waits for nothing', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const written = Promise.withResolvers<void>();
    const put = async (kept: OutboxEntry) => {
      await written.promise;
      await outbox.put(kept);
    };
    const bridge = createClient({ ...world.as('alice'), outbox: { ...outbox, put }, autoOpen: false });
    const sending = bridge.sendTo('bob', { text: 'kept' });
    const closing = bridge.close();
    await expect(sending).rejects.toMatchObject({ code: 'closed' });
    await expect(bridge.drain()).rejects.toMatchObject({ code: 'closed' });
    written.resolve();
    await closing;
    expect(await outbox.load()).toMatchObject([{ localId: sending.localId, status: 'queued' }]);
  });

  test('nothing of it hangs on a store that fails, and nothing listens any more to a signal that lives on', async () => {
    const world = createTestBridge();
    const life = new AbortController();
    const { signal } = life;
    const load = () => Promise.reject(new Error('no disk'));
    await using broken = createClient({ ...world.as('alice'), outbox: { ...memoryOutbox(), load } });
    await expect(broken.sendTo('bob', { text: 'x' }, { signal: AbortSignal.abort() })).rejects.toThrow('no disk');
    const bridge = createClient({ ...world.as('alice'), signal });
    for (const text of ['one', 'two', 'three']) await bridge.sendTo('bob', { text }, { signal });
    await bridge.events({ signal }).return!();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await bridge.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
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

describe('Whoever the tokens are of', () => {
  /** A client that is given Alice's tokens until `change` is called, and Bob's from then on. */
  function changing(world: TestBridge, more: Partial<ClientOptions> = {}) {
    const { token: asAlice, ...options } = world.as('alice');
    const { token: asBob } = world.as('bob');
    let token: typeof asAlice | (() => null) = asAlice;
    const bridge = createClient({ ...options, ...more, token: (request) => token(request) });
    const change = (to: 'bob' | 'nobody') => {
      token = to === 'bob' ? asBob : () => null;
    };
    return { bridge, change };
  }
  const endOf = async (bridge: Bridge) => {
    for await (const state of bridge.status()) if (state.name === 'ended') return state;
    throw new Error('It was closed.');
  };

  test('a change of person without a word ends it, and nothing of the one is done, sent, told or acknowledged as the other', async () => {
    const world = createTestBridge();
    const asked: string[] = [];
    class Watched extends (world.as('alice').webSocket!) {
      override send(text: string) {
        asked.push(JSON.parse(text).event);
        super.send(text);
      }
    }
    const { bridge, change } = changing(world, { webSocket: Watched });
    await bridge.rtt();
    const stream = bridge.events();
    world.message('carol', 'alice', 'For Alice');
    expect(await stream.next()).toMatchObject({ value: { event: 'conversation.created' } });
    expect(await stream.next()).toMatchObject({ value: { event: 'message.created' } });
    world.message('carol', 'alice', 'For Alice, and not read yet');
    const paused = bridge.request('conversation.list', {});
    world.failNext('message.send', 'rate_limited', { retryable: true, retryAfterMs: 60_000 });
    const fromAlice = bridge.sendTo('carol', { text: 'From Alice' });
    await paused;
    world.failNext('conversation.create', 'rate_limited', { retryable: true, retryAfterMs: 20 });
    const group = bridge.request('conversation.create', { members: ['carol'], clientId: crypto.randomUUID() });
    world.failNext('session.close', 'rate_limited', { retryable: true, retryAfterMs: 20 });
    const leaving = bridge.signOut();
    await bridge.rtt();
    change('bob');
    const ended = endOf(bridge);
    world.expireTokens();
    expect(await ended).toEqual({ name: 'ended', reason: 'person_changed', retryable: false });
    for (const pending of [group, leaving]) await expect(pending).rejects.toMatchObject({ code: 'person_changed' });
    await expect(bridge.sendTo('carol', { text: 'From whom' })).rejects.toMatchObject({ code: 'signed_out' });

    const told: unknown[] = [];
    bridge.on('event', (event) => told.push(event));
    asked.length = 0;
    bridge.open();
    await bridge.rtt();
    expect(bridge.session?.person.id).toBe('bob');
    // What had come for Alice can still be read, and acknowledges nothing of Bob's.
    expect(await stream.next()).toMatchObject({
      value: { data: { message: { text: 'For Alice, and not read yet' } } },
    });
    await expect(stream.next()).rejects.toMatchObject({ code: 'person_changed' });
    world.message('carol', 'bob', 'For Bob');
    expect(await bridge.sendTo('carol', { text: 'From Bob' })).toMatchObject({ from: { id: 'bob' } });
    expect(told).toMatchObject([
      { event: 'conversation.created', cursor: { after: 1 } },
      { data: { message: { text: 'For Bob' } } },
      { data: { message: { text: 'From Bob' } } },
    ]);
    await bridge.drain();
    expect(asked).toEqual(['session.open', 'ping', 'message.send']);
    const written = (['alice', 'bob'] as const).map((name) => world.messages([name, 'carol']).map(({ text }) => text));
    expect(written).toEqual([
      ['For Alice', 'For Alice, and not read yet'],
      ['For Bob', 'From Bob'],
    ]);
    expect(await bridge.outbox.list()).toMatchObject([
      { localId: fromAlice.localId, person: 'alice', status: 'queued' },
      { status: 'failed', error: { code: 'signed_out' } },
    ]);
    await bridge.close();
    await expect(fromAlice).rejects.toMatchObject({ code: 'closed' });
  });

  test('an app that opens it again in the same instant sends nothing of the one as the other, and fails nothing of it', async () => {
    const world = createTestBridge();
    const sending = Promise.withResolvers<void>();
    class Losing extends (world.as('alice').webSocket!) {
      override send(text: string) {
        if (!text.includes('From Alice')) super.send(text);
        else sending.resolve();
      }
    }
    const { bridge, change } = changing(world, { webSocket: Losing });
    bridge.on('state', ({ name, reason }) => name === 'ended' && reason === 'person_changed' && bridge.open());
    await bridge.rtt();
    const fromAlice = bridge.sendTo('carol', { text: 'From Alice' });
    await sending.promise;
    change('bob');
    // It waits for a connection when the tokens are no longer good, and the next ones are Bob's.
    world.cut();
    world.expireTokens();
    for await (const { name } of bridge.status()) if (name === 'live' && bridge.session?.person.id === 'bob') break;
    await bridge.sendTo('carol', { text: 'From Bob' });
    expect(world.messages(['bob', 'carol'])).toMatchObject([{ text: 'From Bob' }]);
    expect(await bridge.outbox.list()).toMatchObject([{ localId: fromAlice.localId, status: 'queued' }]);
    await bridge.close();
    await expect(fromAlice).rejects.toMatchObject({ code: 'closed' });
  });

  test('what the store was still writing when the person changed is not sent as the other', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const written = Promise.withResolvers<void>();
    const put = async (kept: OutboxEntry) => {
      if ('text' in kept.data && kept.data.text === 'From Alice') await written.promise;
      await outbox.put(kept);
    };
    const { bridge, change } = changing(world, { outbox: { ...outbox, put } });
    await bridge.rtt();
    const before = bridge.sendTo('carol', { text: 'Before' });
    const fromAlice = bridge.sendTo('carol', { text: 'From Alice' });
    await before;
    // Its turn has come, and the store is still writing it.
    while ((await bridge.outbox.list())[0]?.status !== 'sending') await tick();
    change('bob');
    const ended = endOf(bridge);
    world.expireTokens();
    await ended;
    bridge.open();
    await bridge.rtt();
    written.resolve();
    await bridge.sendTo('carol', { text: 'From Bob' });
    expect(world.messages(['bob', 'carol'])).toMatchObject([{ text: 'From Bob' }]);
    expect(world.messages(['alice', 'carol'])).toMatchObject([{ text: 'Before' }]);
    await bridge.close();
    await expect(fromAlice).rejects.toMatchObject({ code: 'closed' });
  });

  test('an iterator that was begun while another person’s session is opened begins with theirs', async () => {
    const world = createTestBridge();
    const { bridge, change } = changing(world);
    await bridge.rtt();
    for (const text of ['1', '2', '3']) world.message('carol', 'alice', text);
    await bridge.rtt();
    expect(bridge.cursor?.after).toBe(4);
    world.failNext('session.open', 'unauthenticated');
    const ended = endOf(bridge);
    world.close(4401, 'unauthenticated');
    expect(await ended).toMatchObject({ reason: 'unauthenticated' });
    for (const text of ['1', '2', '3', '4', '5']) world.message('carol', 'bob', text);
    change('bob');
    bridge.open();
    const stream = bridge.events();
    await bridge.rtt();
    world.message('carol', 'bob', 'from now on');
    expect(await stream.next()).toMatchObject({ value: { data: { message: { text: 'from now on' } } } });
    expect(bridge.cursor?.after).toBe(7);
    await bridge.close();
  });

  test('what was read of the one after an end is not acknowledged as the other, who opens it at once', async () => {
    const world = createTestBridge();
    const asked: string[] = [];
    class Watched extends (world.as('alice').webSocket!) {
      override send(text: string) {
        asked.push(JSON.parse(text).event);
        super.send(text);
      }
    }
    const { bridge, change } = changing(world, { webSocket: Watched });
    await bridge.rtt();
    const stream = bridge.events();
    for (const text of ['1', '2', '3']) world.message('carol', 'alice', text);
    await bridge.rtt();
    const ended = endOf(bridge);
    world.close(4409, 'superseded');
    await ended;
    for (let read = 0; read < 4; read++) await stream.next();
    change('bob');
    asked.length = 0;
    bridge.open();
    await bridge.rtt();
    await bridge.drain();
    // Twice: the place to go on at was Alice's.
    expect(asked).toEqual(['session.open', 'session.open', 'ping']);
    await bridge.close();
  });

  test('what is being claimed while the person changes is sent by one of them', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const claiming = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    const claim: typeof outbox.claim = async (localId, person) => {
      claiming.resolve();
      await goesOn.promise;
      return outbox.claim!(localId, person);
    };
    const { bridge, change } = changing(world, { outbox: { ...outbox, claim }, autoOpen: false });
    const sending = bridge.sendTo('carol', { text: 'Nobody’s' });
    bridge.open();
    await claiming.promise;
    change('bob');
    const ended = endOf(bridge);
    world.close(4409, 'superseded');
    await ended;
    bridge.open();
    await bridge.rtt();
    goesOn.resolve();
    await bridge.sendTo('carol', { text: 'From Bob' });
    expect(world.messages(['bob', 'carol'])).toMatchObject([{ text: 'From Bob' }]);
    expect(await bridge.outbox.list()).toMatchObject([{ localId: sending.localId, person: 'alice', status: 'queued' }]);
    await bridge.close();
    await expect(sending).rejects.toMatchObject({ code: 'closed' });
  });

  test('what could not be claimed in time stays nobody’s, and is sent by one', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const claiming = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    const claim: typeof outbox.claim = async () => {
      claiming.resolve();
      await goesOn.promise;
      throw new Error('The store fails.');
    };
    const { bridge } = changing(world, { outbox: { ...outbox, claim }, autoOpen: false });
    void bridge.sendTo('carol', { text: 'Nobody’s' }).catch(() => {});
    bridge.open();
    await claiming.promise;
    const ended = endOf(bridge);
    world.close(4409, 'superseded');
    await ended;
    goesOn.resolve();
    await tick();
    expect(await bridge.outbox.list()).toMatchObject([{ status: 'queued' }]);
    expect((await bridge.outbox.list())[0]).not.toHaveProperty('person');
    await bridge.close();
  });

  test('an app that opens it anew for another goes on over a network that comes and goes, and what was asked since is done', async () => {
    const world = createTestBridge();
    const { bridge, change } = changing(world);
    await bridge.rtt();
    const ended = endOf(bridge);
    world.close(4409, 'superseded');
    await ended;
    change('bob');
    world.refuseConnections();
    bridge.open();
    const asked = bridge.request('contacts.list', {});
    for await (const { name } of bridge.status()) if (name === 'reconnecting') break;
    world.refuseConnections(false);
    await asked;
    expect(await bridge.sendTo('carol', { text: 'From Bob' })).toMatchObject({ from: { id: 'bob' } });
    await bridge.close();
  });

  test('what was read before an end is acknowledged once the same person is there again', async () => {
    const world = createTestBridge();
    const { bridge } = changing(world);
    await bridge.rtt();
    const stream = bridge.events();
    for (const text of ['1', '2']) world.message('carol', 'alice', text);
    await bridge.rtt();
    const acked = Promise.withResolvers<void>();
    const carol = createClient(world.as('carol'));
    carol.on('receipt.updated', ({ deliveredUpTo }) => deliveredUpTo === 2 && acked.resolve());
    await carol.rtt();
    const ended = endOf(bridge);
    world.close(4409, 'superseded');
    await ended;
    for (let read = 0; read < 3; read++) await stream.next();
    const over = stream.next().catch(({ code }) => code);
    bridge.open();
    carol.open();
    expect(await over).toBe('superseded');
    await bridge.rtt();
    await bridge.drain();
    await acked.promise;
    await Promise.all([bridge.close(), carol.close()]);
  });

  test('a sign-out of nobody does not wait for whoever signs in next, and one of a client that was made just now is done', async () => {
    const world = createTestBridge();
    const { bridge, change } = changing(world);
    change('nobody');
    for await (const { name } of bridge.status()) if (name === 'signed-out' && bridge.state.reason) break;
    await expect(bridge.signOut()).rejects.toMatchObject({ code: 'signed_out' });
    change('bob');
    bridge.open();
    await bridge.rtt();
    expect(bridge.state.name).toBe('live');
    await bridge.close();
    const alice = createClient(world.as('alice'));
    const ended = endOf(alice);
    await alice.signOut();
    expect(await ended).toMatchObject({ reason: 'signed_out' });
    await alice.close();
  });

  test('nobody waits for ever for what an end of consent leaves to its writer, nor for a drain', async () => {
    const world = createTestBridge();
    const { bridge } = changing(world);
    await bridge.rtt();
    const superseded = endOf(bridge);
    world.close(4409, 'superseded');
    await superseded;
    const fromAlice = bridge.sendTo('carol', { text: 'From Alice' });
    const drained = bridge.drain();
    world.endConsent('alice');
    const ended = endOf(bridge);
    bridge.open();
    await ended;
    for (const waiting of [fromAlice, drained, bridge.drain()])
      await expect(waiting).rejects.toMatchObject({ code: 'revoked_by_person' });
    // It may have been another sign-in's consent: it stays for whoever wrote it.
    expect(await bridge.outbox.list()).toMatchObject([{ status: 'queued', person: 'alice' }]);
    await bridge.close();
  });

  test('after a sign-out nothing is done for whoever signs in next, nor what is written before they do', async () => {
    const world = createTestBridge();
    const { bridge, change } = changing(world);
    await bridge.rtt();
    world.failNext('conversation.create', 'rate_limited', { retryable: true, retryAfterMs: 20 });
    const group = bridge.request('conversation.create', { members: ['carol'], clientId: crypto.randomUUID() });
    const refused = expect(group).rejects.toMatchObject({ code: 'signed_out' });
    change('nobody');
    world.expireTokens();
    for await (const { name } of bridge.status()) if (name === 'signed-out') break;
    await expect(bridge.sendTo('carol', { text: 'Nobody’s' })).rejects.toMatchObject({ code: 'signed_out' });
    change('bob');
    bridge.open();
    await bridge.sendTo('carol', { text: 'From Bob' });
    await refused;
    expect(world.messages(['bob', 'carol'])).toMatchObject([{ text: 'From Bob' }]);
    await bridge.close();
  });
});
