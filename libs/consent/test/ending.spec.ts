import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { eventually, holdable, LEASE_MS, MARGIN_MS, open, READ, refusal, World } from './fixtures.js';

describe.each(everyDatabase)('Ending a grant, on %s', (kind) => {
  let world: World;
  beforeEach(async () => {
    world = await World.on(await testDatabase(kind));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const now = async () =>
    (await sql<{ at: Date }>`select clock_timestamp() as at`.execute(world.db)).rows[0]?.at.getTime() ?? 0;

  test('I1 I2 the session delivers until it is ended and never after, and the receipt names the gateway that confirmed', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    const { session, told } = await open(lease, grant);
    expect(session.canDeliver(READ)).toBe(true);
    session.lastSeq = 17;
    const asked = performance.now();
    const [receipt] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    expect(performance.now() - asked).toBeLessThan(LEASE_MS + MARGIN_MS);
    expect(session.canDeliver(0)).toBe(false);
    expect(session.ended).toBe('revoked_by_person');
    expect(told).toEqual(['revoked_by_person']);
    expect(receipt).toEqual({
      grant: grant.id,
      requestedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      effectiveAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      connectionsClosed: 1,
      gateways: [{ id: 'gw', confirmed: 'ack', at: expect.any(String), lastSeq: 17 }],
    });
    const { requestedAt = '', effectiveAt = '', gateways = [] } = receipt ?? {};
    expect(requestedAt <= effectiveAt && (gateways[0]?.at ?? '') <= effectiveAt).toBe(true);
    expect(await refusal(lease, grant)).toBe('revoked_by_person');
  });

  test('I2 with several processes the end waits for each of them, and each closes its own connections', async () => {
    const [a, b, c] = [
      await world.lease({ gateway: 'a' }),
      await world.lease({ gateway: 'b' }),
      await world.lease({ gateway: 'c' }),
    ];
    const endings = world.endings();
    const grant = await world.grant();
    const other = await world.grant();
    const ended = [await open(a, grant), await open(a, grant), await open(b, grant)];
    const untouched = await open(c, other);
    const [receipt] = await endings.end({ grants: [grant.id], reason: 'signed_out', by: 'app' });
    expect(ended.map(({ session }) => session.canDeliver(0))).toEqual([false, false, false]);
    expect(untouched.session.canDeliver(READ)).toBe(true);
    expect(receipt?.connectionsClosed).toBe(3);
    expect(receipt?.gateways.map(({ id, confirmed }) => [id, confirmed])).toEqual([
      ['a', 'ack'],
      ['b', 'ack'],
      ['c', 'ack'],
    ]);
  });

  test('I2 I6 a gateway cut off from the database stops by its own clock, before the end is called effective', async () => {
    const line = holdable(world.database);
    const lease = await world.lease({ gateway: 'cut off', database: line.database });
    const other = await world.lease({ gateway: 'well' });
    const endings = world.endings({ heads: async (owners) => new Map(owners.map((owner) => [owner, { head: 42 }])) });
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    const cut = line.hold('now');
    lease.poke();
    await cut;
    let deliveredAt = 0;
    let watching = true;
    const watch = eventually(() => {
      if (session.canDeliver(READ)) deliveredAt = Date.now();
      return !watching;
    });
    const asked = performance.now();
    const [receipt] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    const took = performance.now() - asked;
    watching = false;
    await watch;
    expect(deliveredAt).toBeGreaterThan(0);
    expect(deliveredAt).toBeLessThanOrEqual(Date.parse(receipt?.effectiveAt ?? ''));
    expect(took).toBeGreaterThanOrEqual(LEASE_MS + MARGIN_MS);
    expect(took).toBeLessThan(LEASE_MS + MARGIN_MS + 1_500);
    expect(receipt?.gateways).toEqual([
      { id: 'cut off', confirmed: 'lease_expired', at: receipt?.effectiveAt, lastSeq: 42 },
      { id: 'well', confirmed: 'ack', at: expect.any(String) },
    ]);
    expect(receipt?.connectionsClosed).toBe(1);
    expect(lease.events).toContain('lapsed');
    line.release();
    await eventually(() => session.ended !== undefined && lease.isFresh());
    expect(session.canDeliver(0)).toBe(false);
    expect(lease.events).toContain('restored');
    expect(other.isFresh()).toBe(true);
  });

  test('I2 a statement in flight delays the acknowledgement until it is answered, also after its connection has gone', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    const { session: gone } = await open(lease, grant);
    session.began();
    gone.began();
    await gone.close();
    let effective = false;
    const ending = endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' }).then((receipts) => {
      effective = true;
      return receipts;
    });
    await eventually(() => session.ended !== undefined);
    session.done();
    const turns = performance.now();
    await eventually(() => performance.now() - turns > LEASE_MS / 3);
    expect(effective).toBe(false);
    const answeredAt = await now();
    gone.done();
    const [receipt] = await ending;
    expect(Date.parse(receipt?.effectiveAt ?? '')).toBeGreaterThanOrEqual(answeredAt);
    expect(receipt?.gateways).toMatchObject([{ confirmed: 'ack' }]);
    expect(receipt?.connectionsClosed).toBe(1);
  });

  test('I2 a statement that is never answered is waited for no longer than lease + margin', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    (await open(lease, grant)).session.began();
    const [receipt] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    expect(receipt?.gateways).toMatchObject([{ confirmed: 'lease_expired' }]);
    const again = await world.grant();
    await open(lease, again);
    const [next] = await endings.end({ grants: [again.id], reason: 'revoked_by_person', by: 'person' });
    expect(next?.gateways).toMatchObject([{ confirmed: 'ack' }]);
  });

  test('I5 ending again gives the receipt of the first time, and asking twice at once ends once', async () => {
    const lease = await world.lease();
    const endings = world.endings();
    const grant = await world.grant();
    await open(lease, grant);
    const [first, second] = await Promise.all([
      endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' }),
      world.endings().end({ grants: [grant.id, grant.id], reason: 'token_replayed', by: 'authority' }),
    ]);
    expect(second).toEqual(first);
    expect(await endings.end({ grants: [grant.id.toUpperCase()], reason: 'expired', by: 'bridge' })).toEqual(first);
    expect(await endings.receipts([grant.id])).toEqual(first);
    const { rows } = await sql<{ n: number }>`select number as n from consent_feed_counter`.execute(world.db);
    expect(rows[0]?.n).toBe(1);
    expect(await endings.end({ grants: ['none', world.partner], reason: 'expired', by: 'bridge' })).toEqual([]);
  });

  test('I2 ends that are asked for at the same time all take effect, in the order of the feed', async () => {
    const leases = [await world.lease(), await world.lease()];
    const endings = [world.endings(), world.endings()];
    const grants = await Promise.all(Array.from({ length: 30 }, () => world.grant()));
    const sessions = await Promise.all(grants.map((grant, i) => open(leases[i % 2] ?? leases[0]!, grant)));
    const receipts = await Promise.all(
      [0, 1, 2, 3, 4].map((n) =>
        endings[n % 2]!.end({
          grants: grants.filter((_, i) => i % 5 === n || i % 7 === n).map(({ id }) => id),
          reason: 'revoked_by_person',
          by: 'person',
        }),
      ),
    );
    expect(sessions.map(({ told }) => told)).toEqual(grants.map(() => ['revoked_by_person']));
    const closed = new Map(receipts.flat().map((receipt) => [receipt.grant, receipt.connectionsClosed]));
    expect(grants.map(({ id }) => closed.get(id))).toEqual(grants.map(() => 1));
    const { rows } = await sql<{ number: number }>`select number from consent_feed order by number`.execute(world.db);
    expect(rows.map((row) => row.number)).toEqual(Array.from({ length: 31 }, (_, i) => i));
  });

  test('I2 one feed row ends every grant of a partner, and what ended so does not come back', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const { session, told } = await open(lease, grant);
    await world.db.transaction().execute(async (tx) => {
      await sql`update partner set status = 'suspended', voided_before = (select number + 1 from consent_feed_counter)`.execute(
        tx,
      );
    });
    await world.append({ kind: 'partner_suspended', partner: world.partner, reason: 'partner_suspended' });
    lease.poke();
    await eventually(() => session.ended !== undefined);
    expect(told).toEqual(['partner_suspended']);
    await sql`update partner set status = 'approved'`.execute(world.db);
    expect(await refusal(lease, grant)).toBe('partner_suspended');
    expect((await world.grants.find(grant.id))?.ended).toBe('partner_suspended');
    expect(await refusal(lease, await world.grant())).toBeUndefined();
  });
});
