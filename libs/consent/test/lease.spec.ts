import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { eventually, LEASE_MS, open, READ, refusal, World } from './fixtures.js';

class SetClock {
  ahead = 0;
  wallAhead = 0;
  readonly monotonic = () => performance.now() + this.ahead;
  readonly wall = () => Date.now() + this.ahead + this.wallAhead;
}

describe.each(everyDatabase)('The lease of a gateway, on %s', (kind) => {
  let world: World;
  beforeEach(async () => {
    world = await World.on(await testDatabase(kind));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const rows = async () =>
    (
      await sql<{ instance: string; renewals: number; position: number }>`
        select instance, renewals, position from gateway_lease`.execute(world.db)
    ).rows;
  const openWindows = async () =>
    (await sql<{ n: number }>`select count(*) as n from access_window where closed_at is null`.execute(world.db))
      .rows[0]?.n;

  test('I6 is fresh once started, is renewed, and lasts no longer than its length', async () => {
    const lease = await world.lease();
    expect(lease.isFresh()).toBe(true);
    expect(lease.lastsFor(LEASE_MS / 2)).toBe(true);
    expect(lease.lastsFor(LEASE_MS)).toBe(false);
    expect(lease.deadlineMs).toBeLessThanOrEqual(performance.now() + LEASE_MS);
    expect(Math.abs(lease.databaseNowMs() - Date.now())).toBeLessThan(200);
    const [before] = await rows();
    await eventually(async () => ((await rows())[0]?.renewals ?? 0) > (before?.renewals ?? 0) + 2);
    expect(lease.events).toEqual([]);
  });

  test('I2 I6 when its row is gone every session stops, and the process registers anew', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const { session, told } = await open(lease, grant);
    const instance = lease.instance;
    await sql`delete from gateway_lease`.execute(world.db);
    lease.poke();
    await eventually(() => lease.events.includes('restored'));
    expect(lease.events).toEqual(['lease_row_gone', 'restored']);
    expect(session.canDeliver(0)).toBe(false);
    expect(told).toEqual([]);
    expect(lease.instance).not.toBe(instance);
    expect((await rows()).map((row) => row.instance)).toEqual([lease.instance]);
    await eventually(async () => (await openWindows()) === 0);
    expect((await open(lease, grant)).session.canDeliver(READ)).toBe(true);
  });

  test('I2 when the feed was rewound, and its numbers came again, every session stops', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const other = await world.grant();
    const { session } = await open(lease, other);
    await world.endings().end({ grants: [grant.id], reason: 'signed_out', by: 'app' });
    // A standby took over that had not seen the end; another end gets the same number.
    await world.db.transaction().execute(async (tx) => {
      await sql`delete from consent_feed where number = 1`.execute(tx);
      await sql`delete from consent_receipt`.execute(tx);
      await sql`update consent_feed_counter set number = 0`.execute(tx);
    });
    await world.append({ kind: 'grant_ended', grant: other.id, reason: 'revoked_by_person' });
    lease.poke();
    await eventually(() => lease.events.includes('restored'));
    expect(lease.events).toEqual(['feed_rewound', 'restored']);
    expect(session.canDeliver(0)).toBe(false);
    await eventually(async () => (await rows()).length === 1);
    expect((await rows())[0]).toMatchObject({ instance: lease.instance, position: 1 });
  });

  test('I2 a feed that lost its last row is another feed', async () => {
    const lease = await world.lease();
    const { session } = await open(lease, await world.grant());
    await world.append({ kind: 'grant_ended', grant: world.partner, reason: 'expired' });
    lease.poke();
    await eventually(async () => (await rows())[0]?.position === 1);
    await sql`delete from consent_feed where number = 1`.execute(world.db);
    await sql`update consent_feed_counter set number = 0`.execute(world.db);
    lease.poke();
    await eventually(() => lease.events.includes('feed_rewound'));
    expect(session.canDeliver(0)).toBe(false);
  });

  test('I6 a machine that was suspended proves nothing until it has renewed, though its monotonic clock stood still', async () => {
    const clock = new SetClock();
    const lease = await world.lease({ clock });
    const { session } = await open(lease, await world.grant());
    expect(session.canDeliver(READ)).toBe(true);
    clock.wallAhead = 3_600_000;
    expect(session.canDeliver(READ)).toBe(false);
    expect(lease.isFresh()).toBe(false);
    expect(await refusal(lease, { id: session.grant })).toBe('unverifiable');
    lease.poke();
    await eventually(() => session.canDeliver(READ));
    expect(lease.events).toEqual(['lapsed', 'restored']);
  });

  test('I4 when a standby took over every session stops, though the feed is the same', async () => {
    let timeline: string | undefined;
    const lease = await world.lease({ database: onTimeline(world.database, () => timeline) });
    const { session } = await open(lease, await world.grant());
    expect(session.canDeliver(READ)).toBe(true);
    timeline = '00000002';
    lease.poke();
    await eventually(() => lease.events.includes('restored'));
    expect(lease.events).toEqual(['database_replaced', 'restored']);
    expect(session.canDeliver(0)).toBe(false);
    await eventually(async () => (await rows()).length === 1);
  });

  test('I1 I6 nothing passes the deadline, the end of the token or the end of the grant', async () => {
    const clock = new SetClock();
    const lease = await world.lease({ clock });
    const { session } = await open(lease, await world.grant());
    clock.ahead = LEASE_MS;
    expect(session.canDeliver(0)).toBe(false);
    clock.ahead = 0;
    expect(session.canDeliver(0)).toBe(true);
    session.tokenExpiresAtMs = lease.databaseNowMs() - 1;
    expect(session.canDeliver(0)).toBe(false);
    session.tokenExpiresAtMs = Number.POSITIVE_INFINITY;
    expect(session.canDeliver(0)).toBe(true);
    const short = await open(lease, await world.grant({ authTime: new Date(), days: 0.5 / 86_400 }));
    expect(short.session.canDeliver(0)).toBe(true);
    await eventually(() => lease.databaseNowMs() >= short.session.grantExpiresAt.getTime());
    expect(short.session.canDeliver(0)).toBe(false);
  });

  test('A process that exits closes its windows, acknowledges and takes its row away', async () => {
    const lease = await world.lease();
    const { session } = await open(lease, await world.grant());
    session.lastSeq = 4;
    await lease.stop();
    expect(session.canDeliver(0)).toBe(false);
    expect(await rows()).toEqual([]);
    const { rows: closed } = await sql`select closed_by, last_seq from access_window`.execute(world.db);
    expect(closed).toEqual([{ closed_by: 'connection', last_seq: 4 }]);
    expect(await refusal(lease, { id: session.grant })).toBe('unverifiable');
    expect(world.problems).toEqual([]);
  });
});

/** The database, as if it wrote another timeline once there is one. */
function onTimeline(database: Database, timeline: () => string | undefined): Database {
  const control = <T>() =>
    database.control<T>().withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        const rows = result.rows.map((row) =>
          'timeline' in row ? { ...row, timeline: timeline() ?? row.timeline } : row,
        );
        return { ...result, rows };
      },
    });
  return new Proxy(database, {
    get(target, name) {
      if (name === 'control') return control;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
