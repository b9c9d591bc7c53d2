import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { People, PRESENCE_STORE_LIMITS, PresenceStore } from '../src/index.js';

/** No test takes so long; what is older was made so by `age`. */
const DEBOUNCE_MS = 3_600_000;
const NAMES = ['ada', 'ben', 'cleo', 'dan'] as const;
type Name = (typeof NAMES)[number];

describe.each(everyDatabase)('Presence in the store, on %s', (kind) => {
  let database: Database;
  let people: People;
  let presence: PresenceStore;
  const keys = new Map<string, number>();

  beforeAll(async () => {
    database = await testDatabase(kind);
    people = new People(database);
    presence = new PresenceStore(database);
    for (const id of NAMES) keys.set(id, (await people.put({ id, handle: id, name: id })).key);
  });
  afterAll(() => database[Symbol.asyncDispose]());

  beforeEach(async () => {
    for (const table of ['presence', 'presence_at', 'presence_gateway', 'gateway_lease'])
      await sql`delete from ${sql.table(table)}`.execute(database.tables());
    for (const id of NAMES) {
      await people.setContacts(id, ['ada', 'ben']);
      await people.setBlocks(id, []);
    }
  });

  const key = (name: Name) => keys.get(name)!;
  const lease = async () => {
    const instance = randomUUID();
    await sql`insert into gateway_lease (instance, gateway, lease_ms, position) values (${instance}, 'gw', 60000, 0)`.execute(
      database.tables(),
    );
    return instance;
  };
  const lapse = (instance: string, seconds = 120) =>
    sql`update gateway_lease set renewed_at = clock_timestamp() - ${seconds}::integer * interval '1 second'
      where instance = ${instance}`.execute(database.tables());
  const age = () =>
    sql`update presence set gone_at = gone_at - 2 * ${DEBOUNCE_MS}::integer * interval '1 millisecond'`.execute(
      database.tables(),
    );
  const rows = async (table: string) =>
    Number(
      (await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(database.tables())).rows[0]!.n,
    );
  const moved = async (instance: string, came: Name[], left: Name[] = []) =>
    (await presence.moved(instance, came.map(key), left.map(key)))?.map(({ person }) => person);
  const settled = async () => (await presence.settled(DEBOUNCE_MS)).changes.map(({ person }) => person);
  const offline = (id: Name) => ({ id, online: false, lastSeen: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) });

  test('who comes is online at once; who leaves is offline when the time is over, with when they left', async () => {
    const gateway = await lease();
    expect(await presence.ofContacts(key('ben'))).toEqual([{ id: 'ada', online: false }]);
    expect(await presence.moved(gateway, [key('ada')], [])).toEqual([
      { person: { id: 'ada', online: true }, told: [key('ben')] },
    ]);
    expect(await moved(gateway, ['ada'])).toEqual([]);
    expect(await presence.ofContacts(key('ben'))).toEqual([{ id: 'ada', online: true }]);
    const before = Date.now();
    expect(await moved(gateway, [], ['ada'])).toEqual([]);
    expect(await settled()).toEqual([]);
    expect(await presence.ofContacts(key('ben'))).toEqual([{ id: 'ada', online: true }]);
    await age();
    const [told, ...others] = await settled();
    expect([told, others]).toEqual([offline('ada'), []]);
    expect(Math.abs(Date.parse(told!.lastSeen!) - before)).toBeLessThan(60_000);
    expect(await presence.ofContacts(key('ben'))).toEqual([told]);
    expect(await settled()).toEqual([]);
    expect(await moved(gateway, ['ada'])).toEqual([{ id: 'ada', online: true }]);
  });

  test('who goes to another gateway, or is at two, was never away', async () => {
    const [one, two] = [await lease(), await lease()];
    await moved(one, ['ada']);
    await moved(one, [], ['ada']);
    expect(await moved(two, ['ada'])).toEqual([]);
    await age();
    expect(await settled()).toEqual([]);
    await moved(one, ['ada']);
    await moved(two, [], ['ada']);
    await age();
    expect(await settled()).toEqual([]);
    expect(await presence.ofContacts(key('ben'))).toEqual([{ id: 'ada', online: true }]);
  });

  test('a lease that has lapsed counts for nothing since its last renewal, and one that stands again counts again', async () => {
    const gateway = await lease();
    await moved(gateway, ['ada', 'ben']);
    await lapse(gateway);
    expect(await settled()).toEqual([]);
    await lapse(gateway, -1);
    await age();
    expect(await settled()).toEqual([]);
    await lapse(gateway, DEBOUNCE_MS / 1_000 + 60);
    const told = await settled();
    expect(told).toEqual(expect.arrayContaining([offline('ada'), offline('ben')]));
    for (const { lastSeen } of told) expect(Date.now() - Date.parse(lastSeen!)).toBeGreaterThan(DEBOUNCE_MS);
    expect(await rows('presence_at')).toBe(2);
  });

  test('of a lease that is gone no row is left, nothing is stored under it any more, and who was there elsewhere too stays online', async () => {
    const [one, two] = [await lease(), await lease()];
    await moved(one, ['ada', 'ben']);
    await moved(two, ['ben']);
    await sql`delete from gateway_lease where instance = ${one}`.execute(database.tables());
    expect(await moved(one, ['ada'])).toBeUndefined();
    expect(await settled()).toEqual([]);
    expect([await rows('presence_at'), await rows('presence_gateway')]).toEqual([1, 1]);
    await age();
    expect(await settled()).toEqual([offline('ada')]);
    expect(await presence.ofContacts(key('ada'))).toEqual([{ id: 'ben', online: true }]);
  });

  test('only mutual contacts, of whom neither has blocked the other, are listed and told', async () => {
    const gateway = await lease();
    // Cleo has Ada in her list, and Ada does not have Cleo.
    await moved(gateway, ['ada', 'ben', 'cleo', 'dan']);
    expect(await presence.ofContacts(key('cleo'))).toEqual([]);
    expect(await presence.ofContacts(key('ada'))).toEqual([{ id: 'ben', online: true }]);
    const told = async () => {
      await moved(gateway, [], ['ada', 'cleo']);
      await age();
      const { changes } = await presence.settled(DEBOUNCE_MS);
      await moved(gateway, ['ada', 'cleo']);
      return Object.fromEntries(changes.map((change) => [change.person.id, change.told]));
    };
    expect(await told()).toEqual({ ada: [key('ben')], cleo: [] });
    for (const [person, other] of [
      ['ada', 'ben'],
      ['ben', 'ada'],
    ] as const) {
      await people.setBlocks(person, [other]);
      expect(await told()).toEqual({ ada: [], cleo: [] });
      expect([await presence.ofContacts(key('ada')), await presence.ofContacts(key('ben'))]).toEqual([[], []]);
      await people.setBlocks(person, []);
    }
    await people.setContacts('ben', []);
    expect(await told()).toEqual({ ada: [], cleo: [] });
  });

  test('one statement takes so many people and says that there are more (I9)', async () => {
    // Everybody with thousands of contacts comes at once after a restart: one answer is read in one step, which nobody else gets.
    expect(PRESENCE_STORE_LIMITS.people * PRESENCE_STORE_LIMITS.told).toBeLessThanOrEqual(500_000);
    const gateway = await lease();
    const many = PRESENCE_STORE_LIMITS.people + 1;
    const { rows: crowd } = await sql<{ key: number }>`
      insert into person (id, name) select 'crowd-' || n, 'Crowd' from generate_series(1, ${many}::integer) n
      returning key`.execute(database.tables());
    await presence.moved(
      gateway,
      crowd.map((row) => row.key),
      [],
    );
    await lapse(gateway, 2 * DEBOUNCE_MS);
    const first = await presence.settled(DEBOUNCE_MS);
    expect([first.changes.length, first.more]).toEqual([PRESENCE_STORE_LIMITS.people, true]);
    const second = await presence.settled(DEBOUNCE_MS);
    expect([second.changes.length, second.more]).toEqual([1, false]);
  });

  test('of an erased person nothing is left, and nothing comes back', async () => {
    const gateway = await lease();
    const { key: zoe } = await people.put({ id: 'zoe', handle: 'zoe', name: 'Zoe' });
    await presence.moved(gateway, [zoe], []);
    await people.erase('zoe', 'platform');
    expect([await rows('presence'), await rows('presence_at')]).toEqual([0, 0]);
    expect(await presence.moved(gateway, [zoe], [])).toEqual([]);
    expect([await rows('presence'), await rows('presence_at')]).toEqual([0, 0]);
  });
});
