import { mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayHarness } from '../../../apps/bridge/test/gateway/gateway-harness.js';
import { type BridgeEvent, createClient } from '../src/index.js';
import { fileOutbox } from '../src/outbox/file.js';
import { createTestBridge } from '../src/testing/index.js';
import { PUBLIC_URL, testClient } from './bridge-harness.js';
import { scenario } from './scenario.js';

let harness: GatewayHarness;
let direct: string;
beforeAll(async () => {
  harness = await GatewayHarness.start('postgres');
  const { client } = await harness.client('alice');
  direct = await harness.direct(client, 'bob');
  await client.close();
});
afterAll(() => harness[Symbol.asyncDispose]());

/** Cuts every connection of the bridge, as a lost network does. */
const cut = () => {
  for (const socket of harness.sockets) socket.destroy();
};

describe('A client of the SDK', () => {
  test('connects, sends, receives, and says each state', async () => {
    const bob = await testClient(harness, 'bob');
    const alice = await testClient(harness, 'alice');
    await Promise.all([bob.state('live'), alice.state('live')]);
    const sending = alice.bridge.conversation(direct).send({ text: 'Hello' });
    expect(sending.localId).toMatch(/^[\da-f-]{36}$/);
    const message = await sending;
    expect(message).toMatchObject({ conversation: direct, text: 'Hello', from: { id: 'alice' } });
    await Promise.all([alice.text('Hello'), bob.text('Hello')]);
    expect(alice.events.find(({ event }) => event === 'message.created')?.data).toMatchObject({
      clientId: sending.localId,
    });
    expect(alice.bridge.session).toMatchObject({ person: { id: 'alice' }, grant: { id: alice.grant } });
    expect(await alice.bridge.rtt()).toBeGreaterThan(0);
    await alice.bridge.close();
    await bob.bridge.close();
    expect(alice.states.map(({ name }) => name)).toEqual(['opening', 'catching-up', 'live', 'ended']);
    expect(alice.states.at(-1)).toEqual({ name: 'ended', reason: 'closed', retryable: false });
    expect(alice.asked).toEqual(['open']);
  });

  test('goes on where it was after a lost connection, without asking for a token it has (I4)', async () => {
    const alice = await testClient(harness, 'alice');
    const bob = await testClient(harness, 'bob');
    await Promise.all([bob.state('live'), alice.state('live')]);
    const seen = alice.states.length;
    for (let round = 0; round < 3; round++) {
      const before = bob.states.length;
      cut();
      const sent = ['a', 'b', 'c'].map((text) => alice.bridge.conversation(direct).send({ text: `${round}${text}` }));
      await Promise.all(sent);
      await bob.state('live', before);
    }
    await Promise.all([alice.text('2c'), bob.text('2c')]);
    const all = ['0a', '0b', '0c', '1a', '1b', '1c', '2a', '2b', '2c'];
    expect(bob.texts()).toEqual(all);
    expect(alice.texts()).toEqual(all);
    expect(alice.asked).toEqual(['open']);
    expect(alice.states[seen]).toMatchObject({ name: 'reconnecting', retryable: true, retryInMs: expect.any(Number) });
    await Promise.all([alice.bridge.close(), bob.bridge.close()]);
  });

  test('reads events after any cursor, whatever it has seen itself, and each of them once', async () => {
    const alice = await testClient(harness, 'alice');
    const bob = await testClient(harness, 'bob');
    await bob.state('live');
    const begin = bob.bridge.cursor!;
    for (const text of ['one', 'two', 'three']) await alice.bridge.conversation(direct).send({ text });
    await bob.text('three');
    const texts: (string | undefined)[] = [];
    const read = async () => {
      for await (const { event, data } of bob.bridge.events({ after: begin })) {
        if (event !== 'message.created') continue;
        texts.push(data.message.text);
        if (data.message.text === 'four') return;
      }
    };
    const reading = read();
    await alice.bridge.conversation(direct).send({ text: 'four' });
    await reading;
    expect(texts).toEqual(['one', 'two', 'three', 'four']);
    await bob.text('four');
    expect(bob.texts()).toEqual(texts);
    // Read events were acknowledged, so the sender is told that they were delivered.
    await bob.bridge.drain();
    const { receipts } = await alice.bridge.conversation(direct).get();
    expect(receipts.find(({ person }) => person === 'bob')?.deliveredUpTo).toBeGreaterThan(0);
    await Promise.all([alice.bridge.close(), bob.bridge.close()]);
  });

  test('begins after a cursor that it is given, also where it lies in another epoch', async () => {
    const alice = await testClient(harness, 'alice');
    await alice.state('live');
    const { epoch, after } = alice.bridge.cursor!;
    await alice.bridge.conversation(direct).send({ text: 'before' });
    await alice.bridge.close();
    const again = await testClient(harness, 'alice', { resume: { epoch, after } });
    await again.text('before');
    await again.bridge.close();
    const other = await testClient(harness, 'alice', { resume: { epoch: 'another', after } });
    await other.state('live');
    expect(other.events[0]).toMatchObject({ event: 'mailbox.reset', data: { reason: 'epoch_changed', epoch } });
    await other.bridge.conversation(direct).send({ text: 'after the reset' });
    await other.text('after the reset');
    await other.bridge.close();
  });

  test('ends for good when the consent ends, and says why to whoever waits', async () => {
    const alice = await testClient(harness, 'alice');
    await alice.state('live');
    const reading = (async () => {
      for await (const _ of alice.bridge.events());
    })();
    const seen = expect(reading).rejects.toMatchObject({ code: 'revoked_by_person' });
    const connections = harness.sockets.length;
    await harness.end(alice.grant);
    expect(await alice.state('ended')).toEqual({
      name: 'ended',
      reason: 'revoked_by_person',
      retryable: false,
      docs: `${harness.origin}/errors/revoked_by_person`,
    });
    await seen;
    const late = alice.bridge.conversation(direct).send({ text: 'too late' });
    await expect(alice.bridge.request('conversation.list', {})).rejects.toMatchObject({ code: 'revoked_by_person' });
    await expect(late).rejects.toMatchObject({ code: 'revoked_by_person' });
    expect(await alice.bridge.outbox.list()).toMatchObject([{ localId: late.localId, status: 'failed' }]);
    expect(harness.sockets.length).toBe(connections);
    await alice.bridge.close();
    await expect(alice.bridge.sendTo('bob', { text: 'even later' })).rejects.toMatchObject({ code: 'closed' });
  });

  test('asks once for another token when one is refused, and stops at the second', async () => {
    const grant = await harness.grant('alice');
    const asked: string[] = [];
    const states: string[] = [];
    const bridge = createClient({
      url: harness.origin,
      token: ({ reason }) => {
        asked.push(reason);
        return harness.token('alice', grant, { livesS: -1 - asked.length });
      },
    });
    const ended = Promise.withResolvers<void>();
    bridge.on('state', ({ name, reason }) => {
      states.push(`${name} ${reason ?? ''}`.trim());
      if (name === 'ended') ended.resolve();
    });
    await ended.promise;
    expect(asked).toEqual(['open', 'rejected']);
    expect(states).toEqual(['opening', 'ended unauthenticated']);
  });

  test('renews its token in time, and stays connected', async () => {
    const grant = await harness.grant('alice');
    const lives = [61, 300];
    const asked: string[] = [];
    const bridge = createClient({
      url: harness.origin,
      token: ({ reason }) => {
        asked.push(reason);
        return harness.token('alice', grant, { livesS: lives[asked.length - 1]! });
      },
    });
    const states: string[] = [];
    bridge.on('state', ({ name }) => states.push(name));
    const first = await bridge.rtt().then(() => bridge.session!.tokenExpiresAt);
    while (bridge.session!.tokenExpiresAt === first) await bridge.rtt();
    expect(asked).toEqual(['open', 'expiring']);
    expect(states.at(-1)).toBe('live');
    await bridge.close();
    expect(states).not.toContain('reconnecting');
  });

  test('is signed out where there is no token, and goes on when there is one', async () => {
    const grant = await harness.grant('alice');
    let token: string | null = null;
    const bridge = createClient({ url: harness.origin, token: () => token });
    const names = (async () => {
      const seen: string[] = [];
      for await (const { name } of bridge.status()) {
        seen.push(name);
        if (name === 'live') return seen;
        if (name === 'signed-out' && seen.length > 1) {
          token = await harness.token('alice', grant);
          bridge.open();
        }
      }
      return seen;
    })();
    expect(await names).toEqual(['signed-out', 'opening', 'signed-out', 'opening', 'catching-up', 'live']);
    await bridge.close();
  });

  test('a command with an answer that is final throws it, with its page', async () => {
    const alice = await testClient(harness, 'alice');
    await expect(alice.bridge.request('conversation.get', { conversation: 'none' })).rejects.toMatchObject({
      name: 'BridgeError',
      code: 'not_found',
      retryable: false,
      docs: `${PUBLIC_URL}/errors/not_found`,
    });
    const abort = new AbortController();
    const listing = alice.bridge.request('contacts.list', {}, { signal: abort.signal });
    abort.abort();
    await expect(listing).rejects.toMatchObject({ name: 'AbortError' });
    await alice.bridge.close();
  });

  test('what is too large for a frame is refused here, and costs nobody the connection', async () => {
    const alice = await testClient(harness, 'alice');
    const huge = alice.bridge.conversation(direct).send({ text: 'x'.repeat(70_000) });
    await expect(huge).rejects.toMatchObject({ code: 'invalid_data' });
    const long = alice.bridge.conversation(direct).send({ text: 'x'.repeat(4_001) });
    await expect(long).rejects.toMatchObject({ code: 'invalid_data', issues: [{ path: 'text' }] });
    expect(await alice.bridge.conversation(direct).send({ text: '💬'.repeat(4_000) })).toHaveProperty('id');
    expect(alice.states.map(({ name }) => name)).toEqual(['opening', 'catching-up', 'live']);
    await alice.bridge.close();
  });

  test('is answered by the bridge in memory, for tests of apps, as by this one: right and wrong commands, and events', async () => {
    await using own = await GatewayHarness.start('postgres');
    const [alice, bob] = [await testClient(own, 'alice'), await testClient(own, 'bob')];
    await bob.state('live');
    const real = await scenario(alice.bridge, bob.bridge);
    const world = createTestBridge(['alice', 'bob', 'carol', 'dave']);
    await using other = createClient(world.as('alice'));
    await using another = createClient(world.as('bob'));
    await another.rtt();
    expect(await scenario(other, another)).toEqual(real);
    await Promise.all([alice.bridge.close(), bob.bridge.close()]);
  });

  test('where it may only send, it is live without a mailbox, and is told no more than the id', async () => {
    const alice = await testClient(harness, 'alice', { scopes: ['messages.send'] });
    const message = await alice.bridge.sendTo('bob', { text: 'Unread by me' });
    expect(Object.keys(message).toSorted()).toEqual(['conversation', 'id', 'sentAt']);
    expect(alice.states.map(({ name }) => name)).toEqual(['opening', 'live']);
    await alice.bridge.close();
  });
});

describe('The outbox', () => {
  test('in a folder keeps what was not sent, with its clientId, and the next program sends it once (I5)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drawbridge-outbox-'));
    const grant = await harness.grant('alice');
    const offline = createClient({ url: 'http://127.0.0.1:9', token: () => 'none', outbox: fileOutbox(folder) });
    const sendings = ['first', 'second'].map((text) => offline.conversation(direct).send({ text }));
    const localIds = sendings.map(({ localId }) => localId);
    const kept = async () => (await readdir(folder)).filter((name) => name.endsWith('.json')).length;
    while ((await kept()) < 2) await new Promise((resolve) => setImmediate(resolve));
    expect((await stat(join(folder, `${localIds[0]}.json`))).mode & 0o777).toBe(0o600);
    await offline.close();
    await expect(sendings[0]).rejects.toMatchObject({ code: 'closed' });

    const bob = await testClient(harness, 'bob');
    await bob.state('live');
    const alice = await testClient(harness, 'alice', { grant, outbox: fileOutbox(folder) });
    await bob.text('second');
    await alice.bridge.drain();
    expect(bob.texts()).toEqual(['first', 'second']);
    expect(await alice.bridge.outbox.list()).toEqual([]);
    expect(await kept()).toBe(0);
    const created = alice.events.flatMap((event: BridgeEvent) =>
      event.event === 'message.created' ? [event.data.clientId] : [],
    );
    expect(created).toEqual(localIds);
    await Promise.all([alice.bridge.close(), bob.bridge.close()]);
  });

  test('tells how each stands, keeps what failed until it is tried again or thrown away, and lets others pass', async () => {
    const alice = await testClient(harness, 'alice');
    const told: string[] = [];
    alice.bridge.on('outbox', ({ data, status }) => told.push(`${(data as { text: string }).text} ${status}`));
    const refused = alice.bridge.conversation('00000000-0000-4000-8000-000000000000').send({ text: 'nowhere' });
    await expect(refused).rejects.toMatchObject({ code: 'not_found' });
    await alice.bridge.conversation(direct).send({ text: 'somewhere' });
    expect(told).toEqual([
      'nowhere queued',
      'nowhere sending',
      'nowhere failed',
      'somewhere queued',
      'somewhere sending',
      'somewhere sent',
    ]);
    expect(await alice.bridge.outbox.list()).toMatchObject([
      { localId: refused.localId, status: 'failed', error: { code: 'not_found' } },
    ]);
    await alice.bridge.outbox.retry(refused.localId);
    await alice.bridge.drain();
    expect(await alice.bridge.outbox.list()).toMatchObject([{ status: 'failed' }]);
    await alice.bridge.outbox.discard(refused.localId);
    expect(await alice.bridge.outbox.list()).toEqual([]);
    await alice.bridge.close();
  });

  test('of one person is not sent by another who signs in on the same device', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'drawbridge-outbox-'));
    const alice = await testClient(harness, 'alice', { outbox: fileOutbox(folder), drainTimeoutMs: 0 });
    await alice.state('live');
    await harness.end(alice.grant);
    await alice.state('ended');
    await fileOutbox(folder).put({
      localId: crypto.randomUUID(),
      command: 'message.send',
      data: { to: 'carol', text: 'from Alice' },
      status: 'queued',
      order: 1,
      queuedAt: new Date().toISOString(),
      person: 'alice',
    });
    await alice.bridge.close();
    const bob = await testClient(harness, 'bob', { outbox: fileOutbox(folder) });
    const message = await bob.bridge.sendTo('carol', { text: 'from Bob' });
    await bob.bridge.drain();
    expect(message.position).toBe(1);
    expect(await bob.bridge.outbox.list()).toMatchObject([{ status: 'queued', person: 'alice' }]);
    await bob.bridge.close();
  });

  test('is bounded (I9), and what is taken back before it is sent is not sent', async () => {
    const bridge = createClient({ url: 'http://127.0.0.1:9', token: () => null, maxOutbox: 1 });
    const abort = new AbortController();
    const first = bridge.sendTo('bob', { text: 'first' }, { signal: abort.signal });
    await expect(bridge.sendTo('bob', { text: 'second' })).rejects.toMatchObject({ code: 'outbox_full' });
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'discarded' });
    await bridge.drain();
    await bridge.close();
  });
});
