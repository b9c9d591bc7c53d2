import { randomUUID } from 'node:crypto';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { eventually, holdable, open, World } from './fixtures.js';

describe.each(everyDatabase)('The sweep, on %s', (kind) => {
  let world: World;
  beforeEach(async () => {
    world = await World.on(await testDatabase(kind));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  test('ends grants 90 days after the sign-in and 30 days after the last connection, with receipts', async () => {
    const days = (n: number) => new Date(Date.now() - n * 86_400_000);
    const old = await world.grant({ authTime: days(90) });
    const idle = await world.grant();
    const inUse = await world.grant();
    const fresh = await world.grant();
    const lease = await world.lease();
    const { session } = await open(lease, inUse);
    const longAgo = sql`clock_timestamp() - interval '31 days'`;
    await sql`update consent_grant set created_at = ${longAgo}, last_connected_at = ${longAgo}
      where id in (${idle.id}::uuid, ${inUse.id}::uuid)`.execute(world.db);
    const endings = world.endings();
    endings.startSweep();
    await eventually(async () => (await endings.receipts([old.id, idle.id])).length === 2);
    expect((await world.grants.find(old.id))?.ended).toBe('expired');
    expect((await world.grants.find(idle.id))?.ended).toBe('expired');
    expect((await world.grants.find(inUse.id))?.ended).toBeUndefined();
    expect((await world.grants.find(fresh.id))?.ended).toBeUndefined();
    expect(session.ended).toBeUndefined();
  });

  test('keeps a receipt for a year, and no longer', async () => {
    await world.lease();
    const [kept, old] = [await world.grant(), await world.grant()];
    const endings = world.endings();
    await endings.end({ grants: [kept.id, old.id], reason: 'signed_out', by: 'app' });
    const aged = (grant: string, interval: string) =>
      sql`update consent_receipt set effective_at = clock_timestamp() - ${interval}::interval where grant_id = ${grant}::uuid`;
    await aged(kept.id, '365 days').execute(world.db);
    await aged(old.id, '367 days').execute(world.db);
    endings.startSweep();
    await eventually(async () => (await endings.receipts([old.id])).length === 0);
    expect(await endings.receipts([kept.id])).toHaveLength(1);
  });

  test('keeps access windows, once closed, and pages for a year, and no longer (I9)', async () => {
    const lease = await world.lease();
    const { id: grant } = await world.grant();
    const { session } = await open(lease, { id: grant });
    const closed = (ago: string) => sql`
      insert into access_window (grant_id, person, instance, gateway, opened_at, closed_at, closed_by)
      select ${grant}::uuid, ${world.person.key}, ${randomUUID()}::uuid, ${ago}::text, clock_timestamp() - interval '400 days',
             clock_timestamp() - ${ago}::interval, 'connection' from generate_series(1, 3)`;
    const read = (ago: string) => sql`
      insert into access_page (at, grant_id, person, command, conversations, from_positions, to_positions)
      values (clock_timestamp() - ${ago}::interval, ${grant}::uuid, ${world.person.key}, ${ago}::text, '{}', '{}', '{}')`;
    for (const old of ['367 days', '365 days']) {
      await closed(old).execute(world.db);
      await read(old).execute(world.db);
    }
    world.endings().startSweep();
    const left = async (table: string, column: string) =>
      (
        await sql<{
          what: string;
        }>`select distinct ${sql.ref(column)} as what from ${sql.table(table)} order by 1`.execute(world.db)
      ).rows.map(({ what }) => what);
    await eventually(async () => (await left('access_page', 'command')).length === 1);
    await eventually(async () => (await left('access_window', 'gateway')).length === 2);
    expect(await left('access_page', 'command')).toEqual(['365 days']);
    expect(await left('access_window', 'gateway')).toEqual(['365 days', 'gw']);
    await session.close();
  });

  test('I2 finishes the receipt of an authority that died after its commit', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    const line = holdable(world.database);
    const dies = world.endings({ database: line.database });
    const cut = line.hold('leaseMs');
    const ending = dies.end({ grants: [grant.id], reason: 'signed_out', by: 'app' });
    const died = expect(ending).rejects.toThrow();
    await cut;
    await dies.stop();
    await died;
    line.release();
    const endings = world.endings();
    expect(await endings.receipts([grant.id])).toEqual([]);
    endings.startSweep();
    await eventually(async () => (await endings.receipts([grant.id])).length === 1);
    expect(session.ended).toBe('signed_out');
    expect(await endings.receipts([grant.id])).toMatchObject([
      { connectionsClosed: 1, gateways: [{ confirmed: 'ack' }] },
    ]);
  });

  test('I2 I8 removes the row of a dead gateway after looking on for lease + margin, and closes its windows at most', async () => {
    const living = await world.lease();
    const grant = await world.grant();
    await open(living, grant);
    const dead = randomUUID();
    await sql`insert into gateway_lease (instance, gateway, lease_ms, position) values (${dead}, 'dead', 500, 0)`.execute(
      world.db,
    );
    await sql`insert into access_window (grant_id, person, instance, gateway)
      values (${grant.id}, ${world.person.key}, ${dead}, 'dead')`.execute(world.db);
    const endings = world.endings({ heads: async (owners) => new Map(owners.map((owner) => [owner, { head: 7 }])) });
    const started = performance.now();
    endings.startSweep();
    const windows = async () =>
      (
        await sql<{ gateway: string; by: string | null; lastSeq: number | null; atMost: boolean }>`
          select gateway, closed_by as by, last_seq as "lastSeq", at_most as "atMost" from access_window
          order by gateway`.execute(world.db)
      ).rows;
    await eventually(async () => (await windows())[0]?.by !== null);
    expect(performance.now() - started).toBeGreaterThan(800);
    expect(await windows()).toEqual([
      { gateway: 'dead', by: 'lease_expired', lastSeq: 7, atMost: true },
      { gateway: 'gw', by: null, lastSeq: null, atMost: false },
    ]);
    const { rows } = await sql<{ gateway: string }>`select gateway from gateway_lease`.execute(world.db);
    expect(rows).toEqual([{ gateway: 'gw' }]);
    expect(living.events).toEqual([]);
  });
});
