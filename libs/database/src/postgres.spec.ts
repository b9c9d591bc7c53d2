import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { everyDatabase, postgresUrl, startPostgres, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { migrations } from '../../../apps/bridge/src/migrations.js';
import {
  COMMIT_TIMEOUT_MS,
  Database,
  isConnectionLoss,
  isStatementTimeout,
  isUniqueViolation,
  type Migration,
} from './index.js';
import { makePool, PAUSE_AFTER_REFUSAL_MS } from './postgres.js';

/** As a server says that is being started: the fields of an error, each ended by a zero byte. */
const REFUSAL = 'SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0';
const STARTING_UP = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), Buffer.from(REFUSAL)]);
STARTING_UP.writeInt32BE(STARTING_UP.length - 1, 1);

describe.each(everyDatabase)('A database on %s', (kind) => {
  test('gives and takes the same values: numbers, dates, arrays, JSON, bytes', async () => {
    await using database = await testDatabase(kind);
    const values = await sql<Record<string, unknown>>`
      select ${2 ** 53 - 1}::bigint as big, ${[1, 2]}::bigint[] as bigs, ${['a,"b"', 'c']}::text[] as texts,
             ${{ a: [1] }}::jsonb as json, ${Buffer.from([0, 255])}::bytea as bytes, null::bigint as nothing,
             ${'2026-11-23T15:04:05.123Z'}::timestamptz as at, current_setting('TimeZone') as zone`.execute(
      database.tables(),
    );
    expect(values.rows[0]).toEqual({
      big: 2 ** 53 - 1,
      bigs: [1, 2],
      texts: ['a,"b"', 'c'],
      json: { a: [1] },
      bytes: Buffer.from([0, 255]),
      nothing: null,
      at: new Date('2026-11-23T15:04:05.123Z'),
      zone: 'UTC',
    });
  });

  test('names a unique violation, inside a transaction too', async () => {
    await using database = await testDatabase(kind);
    const db = database.tables<{ only_one: { n: number } }>();
    await sql`create table only_one (n bigint primary key)`.execute(db);
    await db.insertInto('only_one').values({ n: 1 }).execute();
    const again = db.transaction().execute((tx) => tx.insertInto('only_one').values({ n: 1 }).execute());
    const error: unknown = await again.catch((caught: unknown) => caught);
    expect(isUniqueViolation(error)).toBe(true);
    expect(isConnectionLoss(error) || isStatementTimeout(error)).toBe(false);
    await db.insertInto('only_one').values({ n: 2 }).execute();
  });
});

describe('PostgreSQL', () => {
  test('runs each migration once, however many processes start together', async () => {
    const url = await postgresUrl();
    const together = await Promise.all([1, 2, 3].map(() => Database.open({ url, poolSize: 1 })));
    let runs = 0;
    const counted: Migration = {
      up: async (db) => {
        runs++;
        await sql`create table made_once (n bigint)`.execute(db);
      },
    };
    await Promise.all(together.map((database) => database.migrate({ ...migrations, '999_once': counted })));
    expect(runs).toBe(1);
    await Promise.all(together.map((database) => database.close()));
  });

  test('ends a commit before the margin of a lease, and renews leases while everything else waits (I2, I6)', async () => {
    await using database = await Database.open({ url: await postgresUrl(), poolSize: 2 });
    const busy = [1, 2, 3].map(() => sql`select pg_sleep(3)`.execute(database.tables()));
    const start = performance.now();
    const slow = sql`select pg_sleep(10)`.execute(database.commits());
    await sql`select 1`.execute(database.control());
    expect(performance.now() - start).toBeLessThan(COMMIT_TIMEOUT_MS);
    expect(isStatementTimeout(await slow.catch((error: unknown) => error))).toBe(true);
    await Promise.all(busy);
  });

  test('that falls silent does not keep what comes later waiting: the connection is cut (I6)', async () => {
    const server = await startPostgres();
    const database = await Database.open({ url: server.url });
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.control());
    const backend = rows[0]!.pid;
    process.kill(backend, 'SIGSTOP');
    try {
      const silent = await sql`select 1`.execute(database.control()).catch((error: unknown) => error);
      expect(isStatementTimeout(silent)).toBe(true);
      const next = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.control());
      expect(next.rows[0]!.pid).not.toBe(backend);
    } finally {
      process.kill(backend, 'SIGCONT');
      await database.close();
      await server.stop();
    }
  });

  test('that refuses connections, as while it starts, is not asked without a pause, however many want one (I9)', async () => {
    const askedAt: number[] = [];
    const refusing = createServer((socket) => {
      askedAt.push(performance.now());
      socket.on('error', () => {});
      socket.once('data', () => socket.end(STARTING_UP));
    });
    refusing.listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const { port } = refusing.address() as AddressInfo;
    const options = { applicationName: 'tests', statementTimeoutMs: 0, size: 2 };
    const pool = makePool({ url: `postgres://nobody@127.0.0.1:${port}/none`, ...options });
    const asked = await Promise.allSettled(Array.from({ length: 10 }, () => pool.query('select 1')));
    expect(asked).toEqual(
      asked.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: '57P03' }) })),
    );
    const pauses = askedAt.slice(options.size).map((at, n) => at - askedAt[n]!);
    expect(pauses).toHaveLength(10 - options.size);
    // Timers ring a little early.
    expect(Math.min(...pauses)).toBeGreaterThan(PAUSE_AFTER_REFUSAL_MS / 2);
    await pool.end();
    refusing.close();
  });
});
