import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Database } from '@drawbridge/database';
import { type BridgeProcess, postgresUrl, startBridge } from '@drawbridge/testing';
import { sql } from 'kysely';
import { WRONG_TOKEN_LIMITS } from '../../src/api/wrong-tokens.js';
import { PLATFORM_CALL_LIMITS } from '../../src/platform/platform-limits.js';
import { PLATFORM_TOKEN } from './platform-client.js';

const ADMIN_TOKEN = 'root-token-of-the-tests';
const WRITES_PER_S = 100;
const BATCH = 500;

let bridge: BridgeProcess;
let database: Database;
beforeAll(async () => {
  const databaseUrl = await postgresUrl();
  const env = {
    PLATFORM_TOKEN,
    ADMIN_TOKEN,
    PLATFORM_CALLS_AT_ONCE: '1',
    PLATFORM_WRITES_PER_S: String(WRITES_PER_S),
  };
  bridge = await startBridge({ database: 'postgres', databaseUrl, env });
  database = await Database.open({ url: databaseUrl });
});
afterAll(async () => {
  await database?.close();
  await bridge?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly retryAfterS: number;
}

async function asked(path: string, init: RequestInit = {}, token = PLATFORM_TOKEN): Promise<Answer> {
  const headers = { Authorization: `Bearer ${token}`, ...(init.body ? { 'Content-Type': 'application/json' } : {}) };
  const response = await fetch(`${bridge.internalUrl}${path}`, { ...init, headers });
  const body = (await response.json()) as { code?: unknown };
  return { status: response.status, code: body.code, retryAfterS: Number(response.headers.get('retry-after')) };
}

const people = (count: number) => Array.from({ length: count }, () => asked('/platform/v1/people/bob'));
const REFUSED = { status: 429, code: 'rate_limited', retryAfterS: PLATFORM_CALL_LIMITS.retryAfterMs / 1_000 };

/** Has the one turn there is: its body is still to come. */
async function holding(path: string, length: number): Promise<ClientRequest> {
  const holder = request(`${bridge.internalUrl}/platform/v1${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${PLATFORM_TOKEN}`,
      'Content-Type': 'application/json',
      'Content-Length': length,
      Expect: '100-continue',
    },
  });
  holder.on('error', () => {});
  holder.flushHeaders();
  await once(holder, 'continue');
  return holder;
}

function batchOf(count: number): RequestInit {
  const message = (n: number) => ({ from: 'bob', to: 'alice', text: `n ${n}`, clientId: randomUUID() });
  return { method: 'POST', body: JSON.stringify({ messages: Array.from({ length: count }, (_, n) => message(n)) }) };
}

describe('The platform’s calls', () => {
  test('are made so many at once; others wait, kind by kind in turn, and beyond that are told when to come back (I9)', async () => {
    const holder = await holding('/conversations', 2);
    const order: string[] = [];
    const { promise: refused, resolve } = Promise.withResolvers<void>();
    const all = people(PLATFORM_CALL_LIMITS.waitingEach + 10).map(async (call) => {
      const answer = await call;
      order.push(`people ${answer.status}`);
      if (order.length === 10) resolve();
      return answer;
    });
    // So many are too many, and know it at once.
    await refused;
    expect(order).toEqual(Array.from({ length: 10 }, () => 'people 429'));
    const ofMessages = asked('/platform/v1/conversations').then((answer) => {
      order.push(`messages ${answer.status}`);
      return answer;
    });
    const erased = await asked('/platform/v1/people/nobody', { method: 'DELETE' });
    expect(erased.status).toBe(404);
    holder.end('{}');
    const answers = await Promise.all(all);
    await ofMessages;
    expect(answers.filter(({ status }) => status === 429)).toEqual(Array.from({ length: 10 }, () => REFUSED));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(PLATFORM_CALL_LIMITS.waitingEach);
    expect(order.indexOf('messages 200')).toBeLessThan(60);
  });

  test('keep their turn until their work is done, also for who hangs up', async () => {
    const lock = await database.tables().startTransaction().execute();
    await sql`lock table conversation in access exclusive mode`.execute(lock);
    const body = JSON.stringify({ from: 'bob', members: ['alice', 'carol'], clientId: randomUUID() });
    const holder = await holding('/conversations', body.length);
    holder.end(body);
    // It has come to the lock.
    const stuck = sql`select 1 from pg_locks where relation = 'conversation'::regclass and not granted`;
    while ((await stuck.execute(database.tables())).rows.length === 0) await pause(10);
    holder.destroy();
    let answered = 0;
    const waiting = people(PLATFORM_CALL_LIMITS.waitingEach + 1);
    for (const each of waiting) void each.then(({ status }) => status === 200 && answered++);
    expect(await Promise.race(waiting)).toEqual(REFUSED);
    expect(answered).toBe(0);
    await lock.rollback().execute();
    await Promise.all(waiting);
    expect(answered).toBe(PLATFORM_CALL_LIMITS.waitingEach);
  });

  test('write so many messages in a second, a batch at once, and whoever waits as long as they are told to writes again', async () => {
    await asked('/platform/v1/messages', batchOf(BATCH));
    let full = batchOf(300);
    let refused = await asked('/platform/v1/messages', full);
    // A machine that took three seconds for the first has room for the second.
    for (let more = 0; more < 10 && refused.status === 200; more++) {
      full = batchOf(300);
      refused = await asked('/platform/v1/messages', full);
    }
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(refused.retryAfterS).toBeGreaterThanOrEqual(1);
    expect(refused.retryAfterS).toBeLessThanOrEqual(BATCH / WRITES_PER_S);
    await pause(refused.retryAfterS * 1_000);
    expect((await asked('/platform/v1/messages', full)).status).toBe(200);
  });
});

describe('Wrong tokens', () => {
  test.each([
    ['platform', '/platform/v1/people/bob', PLATFORM_TOKEN, 'x'],
    ['operators', '/admin/v1/partners', ADMIN_TOKEN, 'x'.repeat(43)],
  ])('of the %s are counted by address, and lock out nobody who has the right one', async (api, path, right, wrong) => {
    const answers: Answer[] = [];
    while (answers.at(-1)?.status !== 429) {
      answers.push(await asked(path, {}, wrong));
      expect(answers.length).toBeLessThan(2 * WRONG_TOKEN_LIMITS.perMinute);
    }
    expect(answers.length).toBeGreaterThan(WRONG_TOKEN_LIMITS.perMinute);
    expect(answers[0]).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(answers.at(-1)).toEqual({ status: 429, code: 'rate_limited', retryAfterS: 1 });
    expect((await asked(path, {}, right)).status).toBe(200);
    const metrics = await (await fetch(`${bridge.internalUrl}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`drawbridge_api_refused_total\\{api="${api}",limit="tokens"\\} 1\\n`));
  });
});
