import { randomUUID } from 'node:crypto';
import type { Scope } from '@drawbridge/protocol';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { FeedPosition } from '../src/feed.js';
import { acknowledge, registerLease } from '../src/lease-store.js';
import { MAX_COUNTED_GRANTS } from '../src/sql/taking-away.js';
import { eventually, holdable, LEASE_MS, open, READ, refusal, SEND, World } from './fixtures.js';

const APP = 'tunebox-desktop';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(everyDatabase)('Taking consent away from a grant, an app or a partner, on %s', (kind) => {
  let world: World;
  beforeEach(async () => {
    world = await World.on(await testDatabase(kind));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const feedLength = async () =>
    (await sql<{ n: number }>`select count(*)::integer as n from consent_feed`.execute(world.db)).rows[0]!.n;
  const record = async () => {
    const { rows } = await sql<{ kind: string; actor: string; data: object }>`
      select kind, actor, data from ledger_entry where kind <> 'grant_created' order by id`.execute(world.db);
    return rows;
  };
  const resume = () => sql`update partner set status = 'approved' where id = ${world.partner}::uuid`.execute(world.db);

  test('I1 I2 a narrowing holds on the very next frame, its receipt says when and what is left, and the record who', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    const other = await open(lease, await world.grant());
    const { session, told } = await open(lease, grant);
    const receipt = await endings.narrow({ grant: grant.id, scopes: ['messages.send'], by: 'person' });
    expect(receipt).toEqual({
      grant: grant.id,
      requestedAt: expect.stringMatching(TIME),
      effectiveAt: expect.stringMatching(TIME),
      connectionsClosed: 0,
      gateways: [{ id: 'gw', confirmed: 'ack', at: expect.any(String) }],
      scopes: ['messages.send'],
    });
    expect([session.canDeliver(READ), session.canDeliver(SEND)]).toEqual([false, true]);
    expect(told).toEqual([`narrowed to ${SEND}`]);
    expect(other.session.canDeliver(READ)).toBe(true);
    expect((await world.grants.find(grant.id))?.scopes).toEqual(['messages.send']);
    expect(await record()).toEqual([
      {
        kind: 'grant_narrowed',
        actor: 'person',
        data: { from: ['messages.read', 'messages.send', 'profile'], to: ['messages.send'] },
      },
    ]);
  });

  test('a narrowing gives nothing that was not there, and one that takes nothing is no row of the feed', async () => {
    const endings = world.endings();
    const grant = await world.grant({ scopes: ['messages.read'] });
    const before = await feedLength();
    expect(await endings.narrow({ grant: grant.id, scopes: ['messages.read', 'messages.send'], by: 'person' })).toBe(
      undefined,
    );
    expect(await endings.narrow({ grant: 'no grant', scopes: [], by: 'person' })).toBe(undefined);
    expect(await feedLength()).toBe(before);
    expect((await world.grants.find(grant.id))?.scopes).toEqual(['messages.read']);
  });

  test('I2 a grant that was narrowed twice and then ended has a receipt of each, and ending it again gives that of the end', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    await open(lease, grant);
    await endings.narrow({ grant: grant.id, scopes: ['messages.read', 'profile'], by: 'person' });
    await endings.narrow({ grant: grant.id, scopes: ['messages.read'], by: 'person' });
    const end = () => endings.end({ grants: [grant.id], reason: 'revoked_by_operator', by: 'olga', note: 'asked to' });
    const [receipt] = await end();
    expect(receipt).toMatchObject({ grant: grant.id, connectionsClosed: 1 });
    expect(receipt).not.toHaveProperty('scopes');
    expect(await end()).toEqual([receipt]);
    expect(await endings.narrow({ grant: grant.id, scopes: [], by: 'person' })).toBe(undefined);
    expect((await record()).at(-1)).toEqual({
      kind: 'grant_ended',
      actor: 'olga',
      data: { reason: 'revoked_by_operator', note: 'asked to' },
    });
  });

  test('I2 a narrowing that a gateway does not confirm is in effect after its lease, and its windows stay open', async () => {
    const far = holdable(world.database);
    const lease = await world.lease({ database: far.database });
    const endings = world.endings();
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    const held = far.hold('now');
    await held;
    const asked = performance.now();
    const receipt = await endings.narrow({ grant: grant.id, scopes: ['messages.send'], by: 'person' });
    expect(performance.now() - asked).toBeGreaterThanOrEqual(LEASE_MS);
    expect(receipt?.gateways.map(({ confirmed }) => confirmed)).toEqual(['lease_expired']);
    expect(session.canDeliver(READ)).toBe(false);
    const { rows } = await sql`select from access_window where closed_at is null`.execute(world.db);
    expect(rows).toHaveLength(1);
    far.release();
  });

  test('I2 a narrowing waits for a statement under way whose scope a narrower token took from the connection first', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    const { told } = await open(lease, grant);
    session.began();
    session.renewToken({ scopes: READ, expiresAtMs: Date.now() + 60_000 });
    let effective = false;
    const narrowing = endings.narrow({ grant: grant.id, scopes: ['messages.read'], by: 'person' }).then((receipt) => {
      effective = true;
      return receipt;
    });
    await eventually(() => told.length > 0);
    const applied = performance.now();
    await eventually(() => performance.now() - applied > LEASE_MS / 3);
    expect(effective).toBe(false);
    session.done();
    expect((await narrowing)?.gateways).toMatchObject([{ confirmed: 'ack' }]);
  });

  test('I2 suspending a partner with hundreds of grants is one row of the feed, one receipt and one entry', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const opened = [await open(lease, await world.grant()), await open(lease, await world.grant())];
    await sql`
      insert into consent_grant (id, person, client_id, partner, scopes, auth_time, created_feed, expires_at)
      select gen_random_uuid(), ${world.person.key}, ${APP}, ${world.partner}::uuid, '{messages.read}', now(), 0, now() + interval '1 day'
      from generate_series(1, 500)`.execute(world.db);
    const before = await feedLength();
    const receipt = await endings.endPartner({
      partner: world.partner,
      status: 'suspended',
      by: 'olga',
      note: 'breach',
    });
    expect(receipt).toEqual({
      partner: world.partner,
      grants: 502,
      requestedAt: expect.stringMatching(TIME),
      effectiveAt: expect.stringMatching(TIME),
      connectionsClosed: 2,
      gateways: [{ id: 'gw', confirmed: 'ack', at: expect.any(String) }],
    });
    expect(await feedLength()).toBe(before + 1);
    expect(opened.map(({ session, told }) => [session.canDeliver(0), told])).toEqual([
      [false, ['partner_suspended']],
      [false, ['partner_suspended']],
    ]);
    expect(await record()).toEqual([
      { kind: 'partner_suspended', actor: 'olga', data: { grants: 502, note: 'breach' } },
    ]);
    expect(await endings.endPartner({ partner: world.partner, status: 'suspended', by: 'olga' })).toBe(undefined);
  });

  test('I2 thousands of connections of a gateway that died are closed in pieces, and the receipt counts all of them', async () => {
    const grant = await world.grant();
    const instance = randomUUID();
    await registerLease(world.db, { instance, gateway: 'dead', leaseMs: LEASE_MS });
    await sql`
      insert into access_window (grant_id, person, instance, gateway)
      select ${grant.id}::uuid, ${world.person.key}, ${instance}::uuid, 'dead' from generate_series(1, 2500)`.execute(
      world.db,
    );
    const receipt = await world.endings().endPartner({ partner: world.partner, status: 'ended', by: 'olga' });
    expect(receipt).toMatchObject({ connectionsClosed: 2_500, gateways: [{ id: 'dead', confirmed: 'lease_expired' }] });
  });

  test('I2 thousands of connections that one row ends are closed in pieces, all of them before it is acknowledged', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    await world.append({ kind: 'partner_suspended', partner: world.partner, reason: 'partner_suspended' });
    const { rows: heads } = await sql<FeedPosition>`select number, id from consent_feed where number = 1`.execute(
      world.db,
    );
    const { rows: open } = await sql<{ id: number }>`
      insert into access_window (grant_id, person, instance, gateway)
      select ${grant.id}::uuid, ${world.person.key}, ${lease.instance}::uuid, 'gw' from generate_series(1, 2500)
      returning id`.execute(world.db);
    await lease.stop();
    const instance = randomUUID();
    await registerLease(world.db, { instance, gateway: 'gw', leaseMs: LEASE_MS });
    await sql`update gateway_lease set position = 0`.execute(world.db);
    await sql`update access_window set closed_at = null, closed_by = null`.execute(world.db);
    const windows = open.map(({ id }) => ({ window: id, lastSeq: 7, endedBy: 1 }));
    const state = async () =>
      (
        await sql<{ closed: number; position: number }>`
          select (select count(*) from access_window where closed_by = 'end' and last_seq = 7 and ended_by = 1) as closed,
            (select position from gateway_lease) as position`.execute(world.db)
      ).rows[0];
    const another = { number: 1, id: randomUUID() };
    expect(await acknowledge(world.db, instance, another, windows)).toBe(false);
    expect(await state()).toEqual({ closed: 0, position: 0 });
    // The last piece fails: those before it stay closed, and nothing is acknowledged.
    await expect(
      acknowledge(world.db, instance, heads[0]!, [...windows, { window: 0.5, lastSeq: 7 }]),
    ).rejects.toThrow();
    expect(await state()).toEqual({ closed: 1_501, position: 0 });
    expect(await acknowledge(world.db, instance, heads[0]!, windows)).toBe(true);
    expect(await state()).toEqual({ closed: 2_500, position: 1 });
  });

  test('I1 resuming a partner revives nothing, and what is granted afterwards stands', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const before = await world.grant();
    await endings.endPartner({ partner: world.partner, status: 'suspended', by: 'olga' });
    await expect(world.grant()).rejects.toMatchObject({ code: 'app_not_allowed' });
    await resume();
    const after = await world.grant();
    expect(await refusal(lease, before)).toBe('partner_suspended');
    expect((await open(lease, after)).session.canDeliver(READ)).toBe(true);
    expect((await world.grants.listForPerson(world.person.key)).map(({ id }) => id)).toEqual([after.id]);
  });

  test('a grant that went with its partner knows that, and ending it gives the receipt over all', async () => {
    const endings = world.endings();
    const grant = await world.grant();
    const receipt = await endings.endPartner({ partner: world.partner, status: 'ended', by: 'olga' });
    await world.grants.settleVoided(world.person.key);
    expect(await world.grants.find(grant.id)).toMatchObject({ ended: 'partner_ended' });
    const [own] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    expect(own).toMatchObject({ grant: grant.id, effectiveAt: receipt?.effectiveAt });
  });

  test('I2 removing an app ends its grants and no other app’s, for good', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const { session, told } = await open(lease, await world.grant());
    const receipt = await endings.endApp({ app: APP, by: 'olga' });
    expect(receipt).toMatchObject({ app: APP, grants: 1, connectionsClosed: 1 });
    expect([session.canDeliver(0), told]).toEqual([false, ['revoked_by_operator']]);
    await expect(world.grant()).rejects.toMatchObject({ code: 'app_not_allowed' });
    expect(await endings.endApp({ app: APP, by: 'olga' })).toBe(undefined);
    expect(await endings.endApp({ app: 'nobody', by: 'olga' })).toBe(undefined);
  });

  describe.each([
    ['an app', (w: World, scopes: readonly Scope[]) => w.endings().setAppCeiling({ app: APP, scopes, by: 'olga' })],
    [
      'a partner',
      (w: World, scopes: readonly Scope[]) => w.endings().setPartnerCeiling({ partner: w.partner, scopes, by: 'olga' }),
    ],
  ])('The ceiling of %s', (_what, set) => {
    test('I1 lowered, holds on the very next frame of live grants; raised again it gives no grant of before anything back', async () => {
      const lease = await world.lease();
      const grant = await world.grant();
      const { session, told } = await open(lease, grant);
      const receipt = await set(world, ['messages.read', 'profile']);
      expect(receipt).toMatchObject({ grants: 1, scopes: ['messages.read', 'profile'], connectionsClosed: 0 });
      expect([session.canDeliver(READ), session.canDeliver(SEND), told.length]).toEqual([true, false, 1]);
      expect(await set(world, ['messages.read', 'messages.send', 'profile'])).toBe(undefined);
      expect(session.canDeliver(SEND)).toBe(false);
      expect((await open(lease, grant)).session.canDeliver(SEND)).toBe(false);
      expect((await open(lease, await world.grant())).session.canDeliver(SEND)).toBe(true);
    });

    test('exchanged, takes away what is no more in it and gives what is new to new grants only', async () => {
      const lease = await world.lease();
      const { session } = await open(lease, await world.grant());
      const both: Scope[] = ['messages.read', 'contacts.read'];
      expect(await set(world, both)).toMatchObject({ scopes: both });
      expect([session.canDeliver(READ), session.canDeliver(SEND)]).toEqual([true, false]);
      const { rows } = await sql<{ kind: string }>`select kind from ledger_entry order by id desc limit 1`.execute(
        world.db,
      );
      expect(rows[0]?.kind).toMatch(/^(app|partner)_narrowed$/);
    });
  });

  test('I2 whatever is taken away at the same moment from all sides, every receipt is finished and the feed has no hole', async () => {
    const lease = await world.lease();
    const endings = [world.endings(), world.endings()];
    const grants = await Promise.all(Array.from({ length: 12 }, () => world.grant()));
    const sessions = await Promise.all(grants.map((grant) => open(lease, grant)));
    await Promise.all([
      ...grants
        .slice(0, 6)
        .map(({ id }, n) => endings[n % 2]!.end({ grants: [id], reason: 'revoked_by_person', by: 'person' })),
      ...grants
        .slice(3, 9)
        .map(({ id }, n) => endings[n % 2]!.narrow({ grant: id, scopes: ['profile'], by: 'person' })),
      endings[0]!.setAppCeiling({ app: APP, scopes: ['messages.read'], by: 'olga' }),
      endings[1]!.setPartnerCeiling({ partner: world.partner, scopes: ['messages.read'], by: 'olga' }),
      endings[1]!.endPartner({ partner: world.partner, status: 'suspended', by: 'olga' }),
      endings[0]!.endPartner({ partner: world.partner, status: 'suspended', by: 'otto' }),
    ]);
    expect(sessions.map(({ session }) => session.canDeliver(0))).toEqual(sessions.map(() => false));
    const { rows } = await sql<{ pending: number; receipts: number; numbers: number; head: number }>`
      select (select count(*)::integer from consent_receipt where effective_at is null) as pending,
        (select count(*)::integer from consent_receipt) as receipts,
        (select count(*)::integer from consent_feed where number > 0) as numbers,
        (select number::integer from consent_feed_counter) as head`.execute(world.db);
    const { pending, receipts, numbers, head } = rows[0]!;
    expect({ pending, receipts, numbers }).toEqual({ pending: 0, receipts: head, numbers: head });
    expect(world.problems).toEqual([]);
  });
});

// The embedded database is for partners of another size.
describe('Taking consent away from more grants than are counted, on postgres', () => {
  test('I9 of grants beyond number so many are counted, and all of them end', async () => {
    await using world = await World.on(await testDatabase('postgres'));
    const endings = world.endings();
    await world.db.transaction().execute(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx);
      await sql`
      insert into consent_grant (id, person, client_id, partner, scopes, auth_time, created_feed, expires_at)
      select gen_random_uuid(), ${world.person.key}, ${APP}, ${world.partner}::uuid, '{messages.read,profile}', now(), 0, now() + interval '1 day'
      from generate_series(1, ${MAX_COUNTED_GRANTS + 5}::integer)`.execute(tx);
    });
    const grants = { grants: MAX_COUNTED_GRANTS };
    const of = { app: APP, by: 'olga' };
    expect(await endings.setAppCeiling({ ...of, scopes: ['messages.read', 'messages.send'] })).toMatchObject(grants);
    expect(
      await endings.setPartnerCeiling({ partner: world.partner, scopes: ['messages.read'], by: 'olga' }),
    ).toMatchObject(grants);
    const suspending = { partner: world.partner, status: 'suspended', by: 'olga' } as const;
    expect(await endings.endPartner(suspending)).toMatchObject(grants);
    expect(await world.grants.listForPerson(world.person.key)).toEqual([]);
  });
});
