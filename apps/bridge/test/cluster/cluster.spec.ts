import type { BridgeClient } from '@drawbridge/testing';
import { sql } from 'kysely';
import { ClusterWorld, directTo, gets, grantOf, sendNews, textOf, tookMs } from './cluster-world.js';

/** Lease and margin of the contract, in ms. */
const BOUND_MS = 5_000;
const CHECK_MS = 5_000;

describe('Three gateways on one PostgreSQL and one Redis', () => {
  let world: ClusterWorld;
  let bob: BridgeClient;
  let conversation: string;

  beforeAll(async () => {
    world = await ClusterWorld.start();
    bob = await world.connect(1, await world.signIn('bob'));
    conversation = await directTo(bob, 'alice');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const bobSends = () => sendNews(bob, conversation);

  it('a message reaches the connections of its people on every gateway, in order and once (I4)', async () => {
    const alices = await world.signIn('alice');
    const clients = await Promise.all([0, 1, 2].map((n) => world.connect(n, alices)));
    const texts: string[] = [];
    for (let n = 0; n < 50; n++) texts.push(await bobSends());
    for (const client of clients) {
      await gets(client, texts.at(-1)!);
      expect(client.frames.flatMap((frame) => textOf(frame) ?? [])).toEqual(texts);
      await client.close();
    }
    const [sender, receiver] = await Promise.all([world.figures(1), world.figures(0)]);
    expect(sender('drawbridge_hints_sent_total')).toBeGreaterThanOrEqual(2 * texts.length);
    expect(receiver('drawbridge_hints_received_total')).toBeGreaterThanOrEqual(texts.length);
    expect([receiver('drawbridge_bus_connected'), receiver('drawbridge_bus_peers')]).toEqual([1, 2]);
  });

  it('an end of consent closes the connections on all gateways, each of which confirms it (I1, I2)', async () => {
    const alices = await world.signIn('alice');
    const clients = await Promise.all([0, 1, 2].map((n) => world.connect(n, alices)));
    await world.revoke(alices);
    const closes = await Promise.all(clients.map((client) => client.closed));
    expect(closes).toEqual(Array(3).fill({ code: 4403, reason: 'signed_out' }));
    const receipt = await world.receipt(alices);
    expect(receipt.closed).toBe(3);
    expect(receipt.gateways.map(({ confirmed }) => confirmed)).toEqual(['ack', 'ack', 'ack']);
    const after = await bobSends();
    await gets(bob, after);
    for (const client of clients) expect(JSON.stringify(client.frames)).not.toContain(after);
  });

  it('of more than four connections on one grant the oldest go, whichever gateways they are on (I9)', async () => {
    const alices = await world.signIn('alice');
    const clients: BridgeClient[] = [];
    for (const n of [0, 1, 2, 0, 1, 2]) clients.push(await world.connect(n, alices));
    const closes = await Promise.all(clients.slice(0, 2).map((client) => client.closed));
    expect(closes).toEqual(Array(2).fill({ code: 4409, reason: 'superseded' }));
    const news = await bobSends();
    for (const client of clients.slice(2)) {
      await gets(client, news);
      await client.close();
    }
  });

  it('an end of consent while a gateway stands still takes effect within lease and margin, and nothing is written after it (I2, I6)', async () => {
    const alices = await world.signIn('alice');
    const client = await world.connect(2, alices);
    const frozen = world.cluster.bridges[2]!;
    frozen.signal('SIGSTOP');
    const from = performance.now();
    await world.revoke(alices);
    const waitedMs = performance.now() - from;
    const receipt = await world.receipt(alices);
    const before = client.frames.length;
    const after = await bobSends();
    frozen.signal('SIGCONT');
    await client.closed;
    console.log(`a frozen gateway: ${Math.round(waitedMs)} ms from the request to the receipt`);
    expect(tookMs(receipt)).toBeLessThan(BOUND_MS + 1_000);
    expect(receipt.gateways.map(({ confirmed }) => confirmed).toSorted()).toEqual(['ack', 'ack', 'lease_expired']);
    expect(client.frames.slice(before).filter(({ seq }) => seq !== undefined)).toEqual([]);
    expect(JSON.stringify(client.frames)).not.toContain(after);
  });

  it('an end that an operator asks for in SQL closes every connection, and its receipt is finished (I2)', async () => {
    const alices = await world.signIn('alice');
    const clients = await Promise.all([0, 1, 2].map((n) => world.connect(n, alices)));
    await sql`select end_grants(array[${grantOf(alices)}]::uuid[], 'revoked_by_operator', 'restore', 0, null)`.execute(
      world.database.tables(),
    );
    const closes = await Promise.all(clients.map((client) => client.closed));
    expect(closes).toEqual(Array(3).fill({ code: 4403, reason: 'revoked_by_operator' }));
    expect(await world.receipt(alices)).toMatchObject({ closed: 3, reason: 'revoked_by_operator' });
  });

  it('with Redis killed messages still arrive, consent still ends, and /readyz names it (I2, I4, I7)', async () => {
    const alices = await world.signIn('alice');
    const client = await world.connect(0, alices);
    await gets(client, await bobSends());
    await world.cluster.redis!.kill();
    const from = performance.now();
    await gets(client, await bobSends());
    console.log(`without Redis: ${Math.round(performance.now() - from)} ms to the other gateway`);
    const ready = await fetch(`${world.cluster.bridges[0]!.internalUrl}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', checks: expect.objectContaining({ redis: expect.stringContaining('down') }) },
    ]);
    await world.revoke(alices);
    expect(await client.closed).toEqual({ code: 4403, reason: 'signed_out' });
    expect(performance.now() - from).toBeLessThan(CHECK_MS + BOUND_MS + 10_000);
  });
});

describe('Two gateways on one PostgreSQL, without a Redis', () => {
  let world: ClusterWorld;
  beforeAll(async () => {
    world = await ClusterWorld.start({ gateways: 2, redisUrl: false });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('say so in a warning, deliver within the 5 s of the comparison, in order and once, and end consent in time (I2, I4, I7)', async () => {
    for (const bridge of world.cluster.bridges) expect(bridge.output()).toContain('There is no REDIS_URL');
    const bob = await world.connect(1, await world.signIn('bob'));
    const conversation = await directTo(bob, 'alice');
    const alices = await world.signIn('alice');
    const clients = [await world.connect(0, alices), await world.connect(1, alices)];
    const texts: string[] = [];
    for (let n = 0; n < 20; n++) texts.push(await sendNews(bob, conversation));
    const from = performance.now();
    for (const client of clients) {
      await gets(client, texts.at(-1)!);
      expect(client.frames.flatMap((frame) => textOf(frame) ?? [])).toEqual(texts);
      expect(client.problems).toEqual([]);
    }
    const waitedMs = performance.now() - from;
    expect(waitedMs).toBeLessThan(CHECK_MS + 2_000);
    await world.revoke(alices);
    const receipt = await world.receipt(alices);
    expect(receipt.gateways.map(({ confirmed }) => confirmed)).toEqual(['ack', 'ack']);
    console.log(`without a Redis: ${Math.round(waitedMs)} ms to the other gateway, an end in ${tookMs(receipt)} ms`);
    expect(tookMs(receipt)).toBeLessThan(2_000);
    for (const client of clients) expect((await client.closed).code).toBe(4403);
  });
});
