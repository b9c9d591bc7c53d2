import { type Bridge, type ClientOptions, createClient, memoryOutbox, type OutboxEntry } from '../src/index.js';
import { createTestBridge, type TestBridge } from '../src/testing/index.js';

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

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
  /** Which commands leave. */
  function watched(world: TestBridge) {
    const asked: string[] = [];
    const webSocket = class extends (world.as('alice').webSocket!) {
      override send(text: string) {
        asked.push(JSON.parse(text).event);
        super.send(text);
      }
    };
    return { asked, webSocket };
  }
  const endOf = async (bridge: Bridge) => {
    for await (const state of bridge.status()) if (state.name === 'ended') return state;
    throw new Error('It was closed.');
  };

  test('a change of person without a word ends it, and nothing of the one is done, sent, told or acknowledged as the other', async () => {
    const world = createTestBridge();
    const { asked, webSocket } = watched(world);
    const { bridge, change } = changing(world, { webSocket });
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
    const { asked, webSocket } = watched(world);
    const { bridge, change } = changing(world, { webSocket });
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
