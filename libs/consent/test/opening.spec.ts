import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { ALL, eventually, holdable, open, READ, refusal, SEND, tryOpen, World } from './fixtures.js';

describe.each(everyDatabase)('Opening a session, on %s', (kind) => {
  let world: World;
  beforeEach(async () => {
    world = await World.on(await testDatabase(kind));
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const windows = async () =>
    (
      await sql<{ open: boolean; by: string | null; lastSeq: number | null; fromSeq: number | null }>`
        select closed_at is null as open, closed_by as by, last_seq as "lastSeq", from_seq as "fromSeq"
        from access_window order by id`.execute(world.db)
    ).rows;

  test('I8 the access window is on the record when the session is given, and closes with the last seq', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const { session } = await open(lease, grant);
    expect(session.person).toEqual({ key: world.person.key, id: 'alice', handle: 'alice', name: 'Alice' });
    expect(session.app).toEqual({ id: 'tunebox-desktop', name: 'Tunebox', partner: 'Tunebox' });
    expect(session.grantExpiresAt).toEqual(grant.expiresAt);
    expect(await windows()).toEqual([{ open: true, by: null, lastSeq: null, fromSeq: 0 }]);
    session.lastSeq = 9;
    await session.close();
    expect(session.canDeliver(0)).toBe(false);
    expect(await windows()).toEqual([{ open: false, by: 'connection', lastSeq: 9, fromSeq: 0 }]);
    expect((await world.grants.find(grant.id))?.lastConnectedAt).toBeInstanceOf(Date);
  });

  test('I1 I2 an end committed between the index and the read is found, though the renewal passed the session by', async () => {
    const line = holdable(world.database);
    const lease = await world.lease({ database: line.database });
    const endings = world.endings();
    const grant = await world.grant();
    const readIsHeld = line.hold('feed');
    const opening = tryOpen(lease, grant);
    await readIsHeld;
    // Acknowledged while the opening still has the answer from before the end.
    const [receipt] = await endings.end({ grants: [grant.id], reason: 'revoked_by_person', by: 'person' });
    expect(receipt?.gateways).toMatchObject([{ confirmed: 'ack' }]);
    expect(receipt?.connectionsClosed).toBe(0);
    line.release();
    expect((await opening).session).toEqual({ refused: 'revoked_by_person' });
    expect(await windows()).toEqual([]);
  });

  test('I1 an end that comes between the read and the window is applied on top', async () => {
    const line = holdable(world.database);
    const lease = await world.lease({ database: line.database });
    const grant = await world.grant();
    const windowIsHeld = line.hold('fromSeq');
    const opening = tryOpen(lease, grant);
    await windowIsHeld;
    await world.endings().end({ grants: [grant.id], reason: 'signed_out', by: 'app' });
    line.release();
    const { session, told } = await opening;
    expect(session).toEqual({ refused: 'signed_out' });
    expect(told).toEqual(['signed_out']);
    await eventually(async () => (await windows()).every((window) => !window.open));
  });

  test('I1 what the feed narrows while a session opens is narrowed when it is open', async () => {
    const line = holdable(world.database);
    const lease = await world.lease({ database: line.database });
    const grant = await world.grant();
    const readIsHeld = line.hold('feed');
    const opening = tryOpen(lease, grant);
    await readIsHeld;
    await world.append({ kind: 'app_narrowed', clientId: 'tunebox-desktop', scopes: ['messages.read'] });
    lease.poke();
    await eventually(async () => (await position()) === 1);
    line.release();
    expect((await opening).session).toMatchObject({ scopes: READ });
  });

  const position = async () =>
    (await sql<{ position: number }>`select min(position) as position from gateway_lease`.execute(world.db)).rows[0]
      ?.position;

  test('I1 a session may do what grant, token, app and partner all allow', async () => {
    const lease = await world.lease();
    const { session } = await open(
      lease,
      await world.grant({ scopes: ['messages.read', 'profile', 'public.read'] }),
      READ | SEND,
    );
    expect(session.scopes).toBe(READ);
    expect([
      session.canDeliver(0),
      session.canDeliver(READ),
      session.canDeliver(SEND),
      session.canDeliver(READ | SEND),
    ]).toEqual([true, true, false, false]);
    session.renewToken({ scopes: ALL, expiresAtMs: session.tokenExpiresAtMs });
    expect(session.scopes).toBe(READ);
    session.renewToken({ scopes: SEND, expiresAtMs: session.tokenExpiresAtMs });
    session.renewToken({ scopes: ALL, expiresAtMs: session.tokenExpiresAtMs });
    expect([session.scopes, session.canDeliver(0), session.canDeliver(READ)]).toEqual([0, true, false]);
  });

  test('I1 lowering a ceiling narrows live sessions at once, and raising it widens neither them nor the grant', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const { session, told } = await open(lease, grant);
    await sql`update partner set scopes = '{messages.read}'`.execute(world.db);
    await world.append({ kind: 'partner_narrowed', partner: world.partner, scopes: ['messages.read'] });
    lease.poke();
    await eventually(() => session.scopes === READ);
    expect(told).toEqual([`narrowed to ${READ}`]);
    session.renewToken({ scopes: ALL, expiresAtMs: session.tokenExpiresAtMs });
    expect(session.scopes).toBe(READ);
    await sql`update partner set scopes = '{profile,messages.read,messages.send}'`.execute(world.db);
    expect((await open(lease, grant)).session.scopes).toBe(READ);
    expect((await world.grants.find(grant.id))?.scopes).toEqual(['messages.read']);
    expect((await open(lease, await world.grant())).session.scopes).toBe(ALL);
    expect(await permits(grant.id)).toEqual([]);
  });

  test('a grant that nobody used for its idle days opens no more, though no sweep has come to it', async () => {
    const lease = await world.lease();
    const grant = await world.grant({ idleDays: 30 });
    const unused = (days: number) =>
      sql`update consent_grant set created_at = clock_timestamp() - ${days}::integer * interval '1 day'
        where id = ${grant.id}::uuid`.execute(world.db);
    await unused(31);
    expect(await refusal(lease, grant)).toBe('expired');
    expect((await world.grants.find(grant.id))?.ended).toBe('expired');
    await unused(29);
    const { session } = await open(lease, grant);
    await unused(31);
    // While it is in use it does not grow old.
    expect((await world.grants.find(grant.id))?.ended).toBeUndefined();
    await session.close();
  });

  test('I8 a window begins after the head of the mailbox, or where the client goes on, and nowhere without messages.read', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    await sql`insert into mailbox (owner, head) values (${world.person.key}, 41)`.execute(world.db);
    const fresh = await open(lease, grant);
    const resumed = await open(lease, grant, undefined, { fromSeq: 12 });
    const blind = await open(lease, grant, SEND, { fromSeq: 12 });
    expect([fresh, resumed, blind].map(({ session }) => session.fromSeq)).toEqual([41, 12, undefined]);
    expect((await windows()).map(({ fromSeq }) => fromSeq)).toEqual([41, 12, null]);
  });

  test('I8 a window whose client asked to resume from a place that is none begins anew', async () => {
    const lease = await world.lease();
    const { session } = await open(lease, await world.grant(), undefined, { fromSeq: 2 ** 53 - 1 });
    await session.beganAnew(7);
    const { rows } = await sql<{ from_seq: number | null }>`select from_seq from access_window`.execute(world.db);
    expect(rows).toEqual([{ from_seq: 7 }]);
  });

  test('I2 I6 nothing is stored on a grant that does not stand, or may not send', async () => {
    const may = await world.grant();
    const ended = await world.grant();
    const expired = await world.grant({ authTime: new Date(Date.now() - 2 * 86_400_000), days: 1 });
    const reader = await world.grant({ scopes: ['messages.read'] });
    const all = [may, ended, expired, reader].map(({ id }) => id);
    await world.endings().end({ grants: [ended.id], reason: 'signed_out', by: 'app' });
    expect(await permits(...all)).toEqual([may.id]);
    await sql`update partner set status = 'suspended'`.execute(world.db);
    expect(await permits(...all)).toEqual([]);
  });

  const permits = async (...ids: string[]) =>
    (await sql<{ id: string }>`select id from standing_permits(${ids}::uuid[]) as id`.execute(world.db)).rows.map(
      ({ id }) => id,
    );

  test('A grant of another app or person, an ended one and none at all are refused, each with its reason', async () => {
    const lease = await world.lease();
    const grant = await world.grant();
    const request = { grant: grant.id, clientId: 'tunebox-desktop', personId: 'alice', tokenScopes: ALL };
    const listener = { ended: () => {}, narrowed: () => {}, superseded: () => {} };
    expect(await lease.open({ ...request, clientId: 'other', listener })).toEqual({ refused: 'unknown' });
    expect(await lease.open({ ...request, personId: 'bob', listener })).toEqual({ refused: 'unknown' });
    expect(await refusal(lease, { id: world.partner })).toBe('unknown');
    expect(await refusal(lease, { id: 'no uuid' })).toBe('unknown');
    expect(await refusal(lease, await world.grant({ authTime: new Date(0), days: 1 }))).toBe('expired');
    await sql`update partner set status = 'ended'`.execute(world.db);
    expect(await refusal(lease, grant)).toBe('partner_ended');
    expect(await windows()).toEqual([]);
  });

  test('A grant needs an approved app of the partner and a bridge scope, and lists for its person while it stands', async () => {
    const first = await world.grant({ device: 'Firefox on Linux' });
    const second = await world.grant();
    expect((await world.grants.listForPerson(world.person.key)).map(({ id, device }) => [id, device])).toEqual([
      [second.id, null],
      [first.id, 'Firefox on Linux'],
    ]);
    await world.endings().end({ grants: [first.id], reason: 'revoked_by_person', by: 'person' });
    expect((await world.grants.listForPerson(world.person.key)).map(({ id }) => id)).toEqual([second.id]);
    await expect(world.grant({ scopes: ['profile', 'openid'] })).rejects.toMatchObject({ code: 'no_scope' });
    await expect(world.grant({ clientId: 'other' })).rejects.toMatchObject({ code: 'app_not_allowed' });
    expect(await world.grants.listForPerson(world.person.key)).toHaveLength(1);
  });

  test('What a client calls itself on opening is kept for its person, on one line, bounded, and the last wins (I9)', async () => {
    const lease = await world.lease();
    const grant = await world.grant({ device: 'Firefox on Linux' });
    expect(grant.clientName).toBeNull();
    const names: [said: string | undefined, kept: string][] = [
      ['Tunebox on Linux', 'Tunebox on Linux'],
      [undefined, 'Tunebox on Linux'],
      ['\u200F \n\u200B', 'Tunebox on Linux'],
      ['  a name\n\ton two\u2028lines ', 'a name on two lines'],
      ['\u202Eturned\u2066 round\u202C', 'turned round'],
      ['<b>&amp;', '<b>&amp;'],
      ['👩‍🚀'.repeat(200), `${'👩‍🚀'.repeat(33)}👩`],
    ];
    for (const [clientName, kept] of names) {
      const { session } = await open(lease, grant, ALL, clientName === undefined ? {} : { clientName });
      expect(await world.grants.find(grant.id)).toMatchObject({ clientName: kept, device: 'Firefox on Linux' });
      await session.close();
    }
  });
});
