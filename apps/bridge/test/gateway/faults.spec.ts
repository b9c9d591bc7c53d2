import { Database } from '@drawbridge/database';
import { everyDatabase, type ReceivedFrame } from '@drawbridge/testing';
import { BUS } from '../../src/bus.js';
import { DRAIN_LIMITS } from '../../src/gateway/drain.js';
import { codeOf, GatewayHarness, type Session, send } from './gateway-harness.js';

/** 16 KB on the wire. */
const LONG = '🎧'.repeat(4_000);

describe.each(everyDatabase)('What goes wrong, on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind, { LEASE_MS: '3000', LEASE_MARGIN_MS: '2000' });
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  const textOf = ({ event, data }: ReceivedFrame) =>
    event === 'message.created' ? [(data.message as { text: string }).text] : [];

  /** Alice reads nothing, and bob sends until `enough`. Gives alice, and how many he sent. */
  async function notReading(enough: () => boolean, length = LONG) {
    const alice = await bridge.client('alice');
    const socket = bridge.sockets.at(-1)!;
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(bob.client, 'alice');
    await bob.client.waitFor(({ event }) => event === 'mailbox.live');
    alice.client.pauseReading();
    let sent = 0;
    while (!enough() && socket.writableLength === 0) {
      await Promise.all(Array.from({ length: 20 }, () => send(bob.client, conversation, `${length}`.slice(0, 8_000))));
      sent += 20;
    }
    return { alice, bob, conversation, socket, sent };
  }

  test('consent that ends while the client does not read: what waits is never written, the socket is reset, and the next open tells why (I1, I2)', async () => {
    const { alice, bob, conversation, socket } = await notReading(() => false);
    for (let n = 0; n < 10; n++) await send(bob.client, conversation, `queued ${n}`);
    expect(socket.writableLength).toBeGreaterThan(0);
    const receipt = await bridge.end(alice.grant);
    expect(receipt.gateways).toMatchObject([{ id: 'gw-test', confirmed: 'ack' }]);
    expect(socket.destroyed).toBe(true);
    await send(bob.client, conversation, 'after the end');
    alice.client.resumeReading();
    expect((await alice.client.closed).code).toBe(1006);
    expect(alice.client.frames.flatMap(textOf).filter((text) => text.length < 100)).toEqual([]);
    expect(alice.client.lastSeq).toBeLessThanOrEqual(receipt.gateways[0]!.lastSeq!);
    expect(alice.client.problems).toEqual([]);
    const again = await bridge.connect();
    expect(await codeOf(again.open(alice.token))).toBe('consent_ended');
    expect(await again.closed).toEqual({ code: 4403, reason: 'revoked_by_person' });
    await bob.client.close();
  });

  test('over 1 MiB that waits closes with 4508, and a resume brings all of it (I4, I9)', async () => {
    const { alice, bob, conversation, sent } = await notReading(() => false);
    const more = 120;
    for (let n = 0; n < more; n += 20) {
      await Promise.all(Array.from({ length: 20 }, () => send(bob.client, conversation, LONG)));
    }
    alice.client.resumeReading();
    expect(await alice.client.closed).toEqual({ code: 4508, reason: 'slow_consumer' });
    expect(alice.client.problems).toEqual([]);
    const got = alice.client.frames.flatMap(textOf).length;
    expect(got).toBeLessThan(sent + more);
    const { epoch } = alice.session.mailbox!;
    const again = await bridge.connect();
    await again.open(alice.token, { epoch, after: alice.client.lastSeq! });
    expect(again.frames.flatMap(textOf)).toHaveLength(sent + more - got);
    expect(again.problems).toEqual([]);
    await Promise.all([again.close(), bob.client.close()]);
  });

  test('consent that ends while commands are under way: each is answered, the connection closed with the reason, others untouched (I2)', async () => {
    const alice = await bridge.client('alice');
    const elsewhere = await bridge.client('alice');
    const conversation = await bridge.direct(alice.client, 'carol');
    const sends = Array.from({ length: 40 }, (_, n) => codeOf(send(alice.client, conversation, `n ${n}`)));
    const receipt = await bridge.end(alice.grant, 'revoked_by_operator');
    const codes = await Promise.all(sends);
    expect(await alice.client.closed).toEqual({ code: 4403, reason: 'revoked_by_operator' });
    // What had not been read when the close was written is not answered any more.
    for (const code of codes) expect(code).toMatch(/^(ok|consent_ended|closed: 4403 revoked_by_operator)$/);
    expect(receipt.gateways[0]?.lastSeq).toBeGreaterThanOrEqual(alice.client.lastSeq!);
    expect(await codeOf(elsewhere.client.request('ping', {}))).toBe('ok');
    const last = await send(elsewhere.client, conversation, 'still here');
    await elsewhere.client.waitFor(({ seq }) => seq === last.seq);
    expect(elsewhere.client.problems).toEqual([]);
    await elsewhere.client.close();
  });

  test('while consent cannot be proven nothing is delivered or accepted; then all of it comes, in order (I4, I6)', async () => {
    const alice = await bridge.client('alice');
    const conversation = await bridge.direct(alice.client, 'bob');
    const uncut = Object.create(bridge.database, { control: { value: Database.prototype.control } }) as Database;
    const other = await GatewayHarness.on(uncut, { LEASE_MS: '3000', LEASE_MARGIN_MS: '2000' });
    const bob = await other.client('bob');
    using lapse = cutOff(bridge);
    await lapse.happened;
    const before = alice.client.frames.length;
    expect(await codeOf(send(alice.client, conversation, 'refused'))).toBe('consent_unverifiable');
    expect(await codeOf(alice.client.request('conversation.list', {}))).toBe('consent_unverifiable');
    const late = await bridge.connect();
    expect(await codeOf(late.open(alice.token))).toBe('consent_unverifiable');
    expect(await late.closed).toEqual({ code: 4503, reason: 'consent_unverifiable' });
    for (let n = 0; n < 5; n++) await send(bob.client, conversation, `meanwhile ${n}`);
    expect(alice.client.frames.slice(before).every(({ event }) => event === 'error')).toBe(true);
    lapse.over();
    await alice.client.waitFor((frame) => textOf(frame)[0] === 'meanwhile 4');
    expect(alice.client.frames.slice(before).flatMap(textOf)).toEqual(
      Array.from({ length: 5 }, (_, n) => `meanwhile ${n}`),
    );
    expect(await codeOf(send(alice.client, conversation, 'accepted'))).toBe('ok');
    expect(alice.client.problems).toEqual([]);
    await Promise.all([alice.client.close(), bob.client.close()]);
    await other.stop();
  });

  test('consent that stays unproven closes every session with 4503 (I6)', async () => {
    const alice = await bridge.client('alice');
    using lapse = cutOff(bridge);
    expect(await alice.client.closed).toEqual({ code: 4503, reason: 'consent_unverifiable' });
    lapse.over();
    await lapse.ended;
    const again = await bridge.connect();
    await again.open(alice.token);
    await again.close();
  });

  test('a token that may read less takes reading away for the rest of the connection, so that no gap is hidden (I1, I4)', async () => {
    const alice = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(bob.client, 'alice');
    await send(bob.client, conversation, 'read');
    await alice.client.waitFor((frame) => textOf(frame)[0] === 'read');
    const refresh = async (scopes: ['messages.send'] | ['messages.send', 'messages.read']) =>
      alice.client.request<Session>('session.refresh', { token: await bridge.token('alice', alice.grant, { scopes }) });
    expect((await refresh(['messages.send'])).grant.scopes).toEqual(['messages.send']);
    await send(bob.client, conversation, 'unread');
    expect(await codeOf(alice.client.request('conversation.list', {}))).toBe('scope_missing');
    expect((await refresh(['messages.send', 'messages.read'])).grant.scopes).toEqual(['messages.send']);
    // The barrier: a connection that may read gets what is sent next, so this one had its chance.
    const reading = await bridge.client('alice');
    await send(bob.client, conversation, 'unread again');
    await reading.client.waitFor((frame) => textOf(frame)[0] === 'unread again');
    expect(alice.client.frames.flatMap(textOf)).toEqual(['read']);
    expect(alice.client.problems).toEqual([]);
    await reading.client.close();
    await Promise.all([alice.client.close(), bob.client.close()]);
  });
});

/** The lease cannot be renewed until `over`. */
function cutOff(bridge: GatewayHarness) {
  const connected = Object.getOwnPropertyDescriptor(bridge.database, 'control');
  const cut = {
    value: () => {
      throw new Error('cut off');
    },
    configurable: true,
  };
  Object.defineProperty(bridge.database, 'control', cut);
  const until = async (fresh: boolean) => {
    while (bridge.lease.isFresh() !== fresh) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  let ended: Promise<void> | undefined;
  return {
    happened: until(false),
    over: restore,
    [Symbol.dispose]: restore,
    get ended() {
      return ended;
    },
  };

  function restore(): void {
    if (connected) Object.defineProperty(bridge.database, 'control', connected);
    else Reflect.deleteProperty(bridge.database, 'control');
    ended ??= until(true);
  }
}

describe.each(everyDatabase)('The end of a gateway, on %s', (kind) => {
  test('drains: going_away, what was accepted is finished, 4512; and a resume at the next process misses nothing (I3, I4)', async () => {
    await using first = await GatewayHarness.start(kind);
    const alice = await first.client('alice');
    const conversation = await first.direct(alice.client, 'bob');
    const waiting = await first.connect();
    const sends = Array.from({ length: 60 }, (_, n) => codeOf(send(alice.client, conversation, `n ${n}`)));
    await sends[0];
    const draining = first.gateway.drain();
    const codes = await Promise.all(sends);
    const refused = await codeOf(first.connect());
    await draining;
    const goingAway = { code: 4512, reason: 'going_away' };
    expect(await Promise.all([alice.client.closed, waiting.closed])).toEqual([goingAway, goingAway]);
    expect(alice.client.frames.find(({ event }) => event === 'going_away')?.data).toEqual({
      reconnectWithinMs: 10_000,
    });
    expect(refused).toMatch(/closed|503/);
    expect(codes.every((code) => code === 'ok' || code === 'unavailable')).toBe(true);
    expect(alice.client.problems).toEqual([]);
    const { epoch, head } = alice.session.mailbox!;
    await first.stop();

    await using second = await GatewayHarness.on(first.database);
    const again = await second.connect();
    await again.open(await second.token('alice', alice.grant), { epoch, after: head });
    const texts = again.frames.flatMap(({ event, data }) =>
      event === 'message.created' ? [(data.message as { text: string }).text] : [],
    );
    const acknowledged = codes.flatMap((code, n) => (code === 'ok' ? [`n ${n}`] : []));
    expect(texts).toEqual(acknowledged);
    expect(again.problems).toEqual([]);
    await again.close();
  });

  test('where there is another, a session is served until its client has moved, or has had time to, and a move costs a grant no connection (I4, I9)', async () => {
    await using staying = await GatewayHarness.start(kind);
    // The grant has as many connections as it may, the oldest where nothing is drained.
    const alice = await staying.client('alice');
    const conversation = await staying.direct(alice.client, 'bob');
    const another = async (gateway: GatewayHarness, resume?: { epoch: string; after: number }) => {
      const client = await gateway.connect();
      await client.open(await gateway.token('alice', alice.grant), resume);
      return client;
    };
    const oldest = [alice.client, await another(staying)];
    await using going = await GatewayHarness.on(
      staying.database,
      { GATEWAY_ID: 'gw-going' },
      false,
      staying.app.get(BUS),
    );
    const [moves, stays, waiting] = [await another(going), await another(going), await going.connect()];

    const since = performance.now();
    const drained = going.gateway.drain();
    await Promise.all([moves, stays].map((client) => client.waitFor(({ event }) => event === 'going_away')));
    const goingAway = { code: 4512, reason: 'going_away' };
    // It has nothing to carry over.
    expect(await waiting.closed).toEqual(goingAway);
    expect(performance.now() - since).toBeLessThan(DRAIN_LIMITS.moveMs);
    expect(await codeOf(send(moves, conversation, 'still served'))).toBe('ok');
    const moved = await another(staying, { epoch: alice.session.mailbox!.epoch, after: alice.session.mailbox!.head });
    await moved.waitFor(({ data }) => (data as { message?: { text: string } }).message?.text === 'still served');
    await moves.close();
    expect(await codeOf(send(stays, conversation, 'and so is who stays'))).toBe('ok');
    expect(await stays.closed).toEqual(goingAway);
    expect(performance.now() - since).toBeGreaterThanOrEqual(DRAIN_LIMITS.moveMs);
    await drained;
    for (const client of [...oldest, moved]) {
      expect(await codeOf(client.request('ping', {}))).toBe('ok');
      await client.close();
    }
    await going.stop();
  });

  test('is over at once when its clients have moved', async () => {
    await using staying = await GatewayHarness.start(kind);
    await using going = await GatewayHarness.on(
      staying.database,
      { GATEWAY_ID: 'gw-going' },
      false,
      staying.app.get(BUS),
    );
    const { client } = await going.client('alice');
    const since = performance.now();
    const drained = going.gateway.drain();
    await client.waitFor(({ event }) => event === 'going_away');
    await client.close();
    await drained;
    expect(performance.now() - since).toBeLessThan(DRAIN_LIMITS.moveMs);
    await going.stop();
  });
});
