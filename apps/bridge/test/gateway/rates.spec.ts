import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { RedisBus } from '@drawbridge/bus';
import type { Database } from '@drawbridge/database';
import { type BridgeClient, CodedError, type RedisServer, startRedis, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { RATE_LIMITS, RateLimits } from '../../src/limits/rate-limits.js';
import { codeOf, GatewayHarness, type Sent, type SignedIn, send } from './gateway-harness.js';

const COMMANDS_PER_S = 40;
const SENDS_PER_S = 1;
const COMMANDS_AT_ONCE = COMMANDS_PER_S * RATE_LIMITS.commandsBurstS;
const SENDS_AT_ONCE = SENDS_PER_S * RATE_LIMITS.sendsBurstS;
const CONVERSATIONS = 12;
const SETTINGS = {
  COMMANDS_PER_S: String(COMMANDS_PER_S),
  SENDS_PER_S: String(SENDS_PER_S),
  CONVERSATIONS_PER_MIN: String(CONVERSATIONS),
  CONTACTS_PER_MIN: '30',
  PAGES_PER_MIN: '25',
  OPENS_PER_MIN: '6',
};
const DOES_NOT_LISTEN = { code: 4529, reason: 'rate_limited' };

const ping = (client: BridgeClient) => client.request('ping', {});
const contacts = (client: BridgeClient) => client.request('contacts.list', {});

/** Sends one after the other until one is refused; gives how many were taken, and what the refusal said. */
async function untilRefused(ask: () => Promise<unknown>): Promise<{ taken: number; refused: Record<string, unknown> }> {
  for (let taken = 0; ; taken++) {
    try {
      await ask();
    } catch (error) {
      if (error instanceof CodedError) return { taken, refused: error.data };
      throw error;
    }
  }
}

describe('What clients may do in a time, on two gateways that share a Redis', () => {
  let redis: RedisServer;
  let database: Database;
  let buses: RedisBus[];
  let here: GatewayHarness;
  let there: GatewayHarness;

  beforeAll(async () => {
    redis = await startRedis();
    database = await testDatabase('postgres');
    buses = [await RedisBus.connect({ url: redis.url }), await RedisBus.connect({ url: redis.url })];
    [here, there] = [
      await GatewayHarness.on(database, { ...SETTINGS, GATEWAY_ID: 'here' }, false, buses[0]),
      await GatewayHarness.on(database, { ...SETTINGS, GATEWAY_ID: 'there' }, false, buses[1]),
    ];
  });
  afterAll(async () => {
    await here?.stop();
    await there?.stop();
    for (const bus of buses) await bus.close();
    await database?.close();
    await redis?.stop();
  });

  const refusals = (gateway: GatewayHarness) => ({ ...gateway.app.get(RateLimits).refusals });

  test('a send over the limit stores nothing, and after retryAfterMs the same one is taken (I5, I9)', async () => {
    const { client } = await here.client('alice');
    const conversation = await here.direct(client, 'bob');
    const clientId = randomUUID();
    const { refused } = await untilRefused(() => send(client, conversation, 'many'));
    expect(refused).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterMs: expect.any(Number) });
    const again = send(client, conversation, 'once', clientId).catch((error: CodedError) => error);
    const { data } = (await again) as CodedError;
    const { retryAfterMs } = data as { retryAfterMs: number };
    expect(retryAfterMs).toBeLessThanOrEqual(2_000);
    await wait(retryAfterMs);
    const sent: Sent = await send(client, conversation, 'once', clientId);
    expect(sent.duplicate).toBe(false);
    const { messages } = await client.request<{ messages: { text: string }[] }>('conversation.history', {
      conversation,
    });
    expect(messages.filter(({ text }) => text === 'once')).toHaveLength(1);
    expect(refusals(here).sends).toBe(2);
    await client.close();
  });

  test('one person’s sends are one budget, whichever gateway takes them', async () => {
    const [first, second] = [await here.client('bob'), await there.client('bob')];
    const conversation = await here.direct(first.client, 'carol');
    expect((await untilRefused(() => send(first.client, conversation, 'here'))).taken).toBeGreaterThanOrEqual(
      SENDS_AT_ONCE,
    );
    await here.app.get(RateLimits).tick();
    // The other one finds out when it has told of a send of its own.
    const { taken } = await untilRefused(async () => {
      await send(second.client, conversation, 'there');
      await wait(RATE_LIMITS.tellEveryMs / 4);
    });
    expect(taken).toBeLessThan(SENDS_AT_ONCE);
    await Promise.all([first, second].map(({ client }) => client.close()));
  });

  test('conversations made and pages of contacts have limits of their own', async () => {
    const { client } = await here.client('carol');
    const creating = () => client.request('conversation.create', { members: ['dave', 'bob'], clientId: randomUUID() });
    expect((await untilRefused(creating)).refused).toMatchObject({ code: 'rate_limited' });
    expect((await untilRefused(() => contacts(client))).refused).toMatchObject({ code: 'rate_limited' });
    expect(refusals(here)).toMatchObject({ conversations: 1, contacts: 1 });
    // Another sign-in reads contacts on a consent of its own; the person who makes conversations is the same.
    const other = await here.client('carol');
    await contacts(other.client);
    await Promise.all([client, other.client].map((each) => each.close()));
  });

  test('so have pages of messages and openings, which are on the record for a year: nobody fills it (I8, I9)', async () => {
    const { client, grant, token } = await here.client('dave');
    const conversation = await here.direct(client, 'alice');
    const reads = [
      ['conversation.list', {}],
      ['conversation.get', { conversation }],
      ['conversation.history', { conversation }],
    ] as const;
    const { taken, refused } = await untilRefused(() => client.request('conversation.list', {}));
    expect(taken).toBeGreaterThanOrEqual(25);
    expect(refused).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) });
    for (const [event, data] of reads) expect(await codeOf(client.request(event, data))).toBe('rate_limited');
    await client.close();

    let opened = 1;
    const open = async () => {
      const anew = await here.connect();
      const answer = await anew.open(token).catch((error: CodedError) => error);
      if (!(answer instanceof CodedError)) {
        opened += 1;
        return anew.close();
      }
      expect(await anew.closed).toEqual(DOES_NOT_LISTEN);
      throw answer;
    };
    expect((await untilRefused(open)).refused).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: expect.any(Number),
    });
    const { rows } = await sql`select 1 from access_window where grant_id = ${grant}::uuid`.execute(database.tables());
    expect(rows).toHaveLength(opened);
    // Another sign-in of the same person has its own.
    const other = await here.client('dave');
    await other.client.request('conversation.list', {});
    await other.client.close();
  });

  test('who asks for presence, or for what contacts share, reads of contacts (I9)', async () => {
    for (const event of ['presence.list', 'activity.list']) {
      const { client } = await here.client('dave');
      const { taken, refused } = await untilRefused(() => client.request(event, {}));
      expect(taken).toBeGreaterThanOrEqual(30);
      expect(refused).toMatchObject({ code: 'rate_limited' });
      expect(await codeOf(contacts(client))).toBe('rate_limited');
      await client.close();
    }
  });

  test('a client that comes back when it was told to is taken, each of its commands, and never closed', async () => {
    const { client } = await here.client('dave');
    const patient = async () => {
      for (let refusals = 0; ; refusals++) {
        const answer = await ping(client).catch((error: CodedError) => error);
        if (!(answer instanceof CodedError)) return refusals;
        await wait(answer.data.retryAfterMs as number);
      }
    };
    const refused = await Promise.all(Array.from({ length: COMMANDS_AT_ONCE + 40 }, patient));
    // Timers are late on a busy machine, and then two come for one token; hardly ever a third time.
    expect(Math.max(...refused)).toBeGreaterThan(0);
    expect(refused.filter((times) => times > 2).length).toBeLessThan(10);
    await client.close();
  });

  test.each(['open', 'not open'])(
    'a client that does not listen is closed with 4529, and may come anew: %s (I9)',
    async (how) => {
      let signedIn: SignedIn | undefined;
      if (how === 'open') signedIn = await here.client('dave');
      const client = signedIn?.client ?? (await here.connect());
      let answers = 0;
      for (let n = 0; n < 20 * COMMANDS_AT_ONCE; n++) void ping(client).catch(() => answers++);
      expect(await client.closed).toEqual(DOES_NOT_LISTEN);
      const limited = client.frames.filter(({ data }) => data.code === 'rate_limited');
      expect(limited.length).toBeGreaterThan(COMMANDS_PER_S * RATE_LIMITS.refusedBurstS);
      expect(limited.every(({ data }) => Number.isInteger(data.retryAfterMs))).toBe(true);
      if (!signedIn) return;
      const anew = await here.connect();
      await anew.open(signedIn.token);
      await ping(anew);
      await anew.close();
    },
  );

  test('signing out is never too much', async () => {
    const { client } = await here.client('dave');
    await Promise.all(Array.from({ length: COMMANDS_AT_ONCE + 20 }, () => codeOf(ping(client))));
    expect(await codeOf(client.request('session.close', {}))).toBe('ok');
    expect(await client.closed).toEqual({ code: 4403, reason: 'signed_out' });
  });

  test('no send waits for Redis: with one that stands still, or is gone, each gateway goes on with what it took itself (I7)', async () => {
    const { client } = await there.client('dave');
    const conversation = await there.direct(client, 'alice');
    redis.signal('SIGSTOP');
    try {
      for (let n = 0; n < SENDS_AT_ONCE; n++) await send(client, conversation, 'while it stands still');
      expect(await codeOf(send(client, conversation, 'one too many'))).toBe('rate_limited');
    } finally {
      redis.signal('SIGCONT');
    }
    await redis.kill();
    const carol = await there.client('carol');
    const other = await there.direct(carol.client, 'alice');
    const { taken } = await untilRefused(() => send(carol.client, other, 'without it'));
    expect(taken).toBeGreaterThanOrEqual(SENDS_AT_ONCE);
    await Promise.all([client, carol.client].map((each) => each.close()));
  });
});
