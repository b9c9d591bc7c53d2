import { People } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { Presence } from '../../src/gateway/presence.js';
import { codeOf, type GatewayHarness, type Name, type SignedIn } from './gateway-harness.js';
import { TwoGateways } from './two-gateways.js';

/** No test takes so long: who has been away for this time was made so by `timePasses`. */
const OFFLINE_MS = 600_000;
const PRESENCE_ONLY: Scope[] = ['presence.read'];

interface Told {
  person?: string;
  id?: string;
  online: boolean;
  lastSeen?: string;
}

describe('Presence, with people on two gateways', () => {
  let gateways: TwoGateways;
  let here: GatewayHarness;
  let there: GatewayHarness;
  let people: People;
  /** Sees who comes and goes, and is not online by that. */
  let bob: SignedIn;

  beforeAll(async () => {
    gateways = await TwoGateways.start({ PRESENCE_OFFLINE_MS: String(OFFLINE_MS) });
    ({ here, there } = gateways);
    people = new People(gateways.database);
    bob = await there.client('bob', { scopes: PRESENCE_ONLY });
  });
  afterAll(async () => {
    await bob.client.close();
    await gateways[Symbol.asyncDispose]();
  });

  const tables = () => gateways.database.tables();
  const told = ({ client }: SignedIn, person: Name) =>
    client.frames.flatMap(({ event, data }) =>
      event === 'presence' && data.person === person ? [data as unknown as Told] : [],
    );
  const list = async ({ client }: SignedIn) => (await client.request<{ people: Told[] }>('presence.list', {})).people;
  const seenAs = async (who: SignedIn, person: Name) => (await list(who)).find(({ id }) => id === person);
  /** The event after those that `who` had of the person at `before`. */
  const next = (who: SignedIn, person: Name, before: number): Promise<Told> =>
    who.client.waitFor(() => told(who, person).length > before).then(() => told(who, person)[before]!);

  async function until(holds: ReturnType<typeof sql<{ holds: boolean }>>): Promise<void> {
    for (let tries = 0; tries < 1_000; tries++) {
      if ((await holds.execute(tables())).rows[0]?.holds) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('It does not come about');
  }
  /** Until the store has it that the person is connected somewhere, or nowhere. */
  const stored = (person: Name, isThere: boolean) =>
    until(sql`select is_present(${here.key(person)}::bigint) = ${isThere}::boolean as holds`);
  /** Whoever is away now has been away for long enough, and everybody was told of what comes of that. */
  async function timePasses(...watching: SignedIn[]): Promise<void> {
    await sql`update presence set gone_at = gone_at - 2 * ${OFFLINE_MS}::integer * interval '1 millisecond'`.execute(
      tables(),
    );
    for (const gateway of [here, there]) await gateway.app.get(Presence).settle();
    for (const { client } of watching) await client.request('ping', {});
  }
  async function leaves(person: Name, who: SignedIn): Promise<void> {
    await who.client.close();
    await stored(person, false);
  }
  /** The person is offline, as all others have been told. */
  async function goesFor(person: Name, ...all: SignedIn[]): Promise<void> {
    for (const { client } of all) await client.close();
    await stored(person, false);
    await timePasses(bob);
  }

  test('contacts are told at once who comes, on whichever gateway, and who was away for long enough', async () => {
    expect(await seenAs(bob, 'alice')).toEqual({ id: 'alice', online: false });
    const carol = await here.client('carol', { scopes: [...PRESENCE_ONLY, 'messages.read'] });
    expect(await next(bob, 'carol', 0)).toEqual({ person: 'carol', online: true });
    const alice = await here.client('alice');
    for (const who of [bob, carol]) {
      expect(await next(who, 'alice', 0)).toEqual({ person: 'alice', online: true });
      expect(await seenAs(who, 'alice')).toEqual({ id: 'alice', online: true });
    }
    expect((await list(alice)).map(({ id, online }) => [id, online])).toEqual([
      ['carol', true],
      ['bob', false],
      ['dave', false],
    ]);
    const beforeLeaving = Date.now();
    await leaves('alice', alice);
    await timePasses();
    for (const who of [bob, carol]) {
      const { lastSeen, ...is } = await next(who, 'alice', 1);
      expect(is).toEqual({ person: 'alice', online: false });
      expect(Math.abs(Date.parse(lastSeen!) - beforeLeaving)).toBeLessThan(60_000);
      expect(await seenAs(who, 'alice')).toEqual({ id: 'alice', online: false, lastSeen });
    }
    expect([told(alice, 'alice'), told(carol, 'carol'), told(bob, 'bob')]).toEqual([[], [], []]);
    expect(bob.client.frames.every(({ event, seq }) => event !== 'presence' || seq === undefined)).toBe(true);
    await goesFor('carol', carol);
  });

  test('only connections with messages.read make somebody online, and only ones with presence.read are told (I1)', async () => {
    const scopes: Scope[] = ['messages.send', 'contacts.read'];
    const sender = await here.client('carol', { scopes });
    const before = told(bob, 'alice').length;
    const [alice, again] = [await here.client('alice'), await there.client('alice')];
    await next(bob, 'alice', before);
    await sender.client.request('ping', {});
    expect(told(sender, 'alice')).toEqual([]);
    expect(await codeOf(list(sender))).toBe('scope_missing');
    expect(await codeOf(bob.client.request('presence.list', { of: 'alice' }))).toBe('invalid_data');
    expect([await seenAs(alice, 'carol'), await seenAs(alice, 'bob')].map((is) => is?.online)).toEqual([false, false]);
    // One of two connections goes: she is still here.
    await again.client.close();
    await timePasses(bob);
    expect(told(bob, 'alice')).toHaveLength(before + 1);
    await sender.client.close();
    await goesFor('alice', alice);
    expect(told(bob, 'alice')).toHaveLength(before + 2);
  });

  test('a rolling restart, and whoever comes back in time, flaps nobody', async () => {
    const { gateway: old } = await gateways.another('restarted');
    const before = told(bob, 'alice').length;
    const alice = await old.client('alice');
    await next(bob, 'alice', before);
    await old.stop();
    expect((await alice.client.closed).reason).toBe('going_away');
    await stored('alice', false);
    // Nobody of the old process is left; the person is online all the same, until the time is over.
    expect(await seenAs(bob, 'alice')).toEqual({ id: 'alice', online: true });
    const moved = await here.client('alice');
    await stored('alice', true);
    await timePasses(bob);
    await leaves('alice', moved);
    const back = await there.client('alice');
    await stored('alice', true);
    await timePasses(bob);
    expect(told(bob, 'alice')).toHaveLength(before + 1);
    expect(await seenAs(bob, 'alice')).toEqual({ id: 'alice', online: true });
    await goesFor('alice', back);
  });

  test('the people of a gateway that was cut off are offline once its lease has lapsed, and the others tell so', async () => {
    const { gateway, die } = await gateways.another('killed');
    const before = told(bob, 'alice').length;
    const alice = await gateway.client('alice');
    await next(bob, 'alice', before);
    await die();
    // Nobody says that she is gone: the lapse is found.
    await until(sql`
      select p.gone_at = l.renewed_at and l.renewed_at + l.lease_ms * interval '1 millisecond' <= clock_timestamp() as holds
      from presence p join presence_at a using (person) join gateway_lease l using (instance)
      where p.person = ${here.key('alice')}`);
    expect(await seenAs(bob, 'alice')).toEqual({ id: 'alice', online: true });
    await timePasses(bob);
    expect(await next(bob, 'alice', before + 1)).toMatchObject({ online: false, lastSeen: expect.any(String) });
    await alice.client.closed;
    // As the authority's sweep does: from here on nobody waits for that gateway, and nothing of it is kept.
    await sql`delete from gateway_lease where gateway = 'killed'`.execute(tables());
    await until(sql`
      select not exists (select from presence_at where person = ${here.key('alice')}::bigint) as holds`);
    const back = await here.client('alice');
    await next(bob, 'alice', before + 2);
    await goesFor('alice', back);
  });

  test('who was taken for gone because the database’s clock jumped is online again by and by, and contacts are told', async () => {
    const before = told(bob, 'alice').length;
    const alice = await here.client('alice');
    await next(bob, 'alice', before);
    const jumped = await tables()
      .transaction()
      .execute(async (tx) => {
        await sql`update gateway_lease set renewed_at = renewed_at - interval '1 hour' where gateway = 'here'`.execute(
          tx,
        );
        const { rows } = await sql<{ settled: object }>`
          select presence_settled(${OFFLINE_MS}::integer, 100, 100) as settled`.execute(tx);
        return rows[0]!.settled;
      });
    expect(jumped).toMatchObject({ changes: [{ id: 'alice', online: false }] });
    expect(await next(bob, 'alice', before + 1)).toEqual({ person: 'alice', online: true });
    expect(await seenAs(bob, 'alice')).toEqual({ id: 'alice', online: true });
    await goesFor('alice', alice);
  });

  test('without messages.read, or without the consent, somebody is here no more; without presence.read nobody is told (I1, I2)', async () => {
    const carol = await here.client('carol', { scopes: [...PRESENCE_ONLY, 'messages.send'] });
    let before = told(bob, 'alice').length;
    const alice = await here.client('alice');
    await next(bob, 'alice', before);
    await next(carol, 'alice', 0);
    await here.narrow(alice.grant, ['messages.send', 'presence.read']);
    await here.narrow(carol.grant, ['messages.send']);
    await stored('alice', false);
    await timePasses(bob, carol);
    expect(await next(bob, 'alice', before + 1)).toMatchObject({ online: false });
    expect(told(carol, 'alice')).toHaveLength(1);
    expect(await codeOf(list(alice))).toBe('ok');

    before = told(bob, 'alice').length;
    const another = await there.client('alice');
    await next(bob, 'alice', before);
    await there.end(another.grant);
    await stored('alice', false);
    await timePasses(bob);
    expect(await next(bob, 'alice', before + 1)).toMatchObject({ online: false });
    await Promise.all([alice.client.close(), carol.client.close()]);
  });

  test('who is no mutual contact, or blocked the other, is not seen, from that moment on', async () => {
    let alice: SignedIn | undefined;
    const comesAndGoes = async () => {
      const before = told(bob, 'alice').length;
      alice = await here.client('alice');
      await stored('alice', true);
      const seen = [await seenAs(bob, 'alice'), await seenAs(alice, 'bob')].map((is) => is !== undefined);
      await goesFor('alice', alice);
      return [told(bob, 'alice').length - before, ...seen];
    };
    expect(await comesAndGoes()).toEqual([2, true, true]);
    for (const [person, blocked] of [
      ['alice', 'bob'],
      ['bob', 'alice'],
    ] as const) {
      await people.setBlocks(person, [blocked]);
      expect(await comesAndGoes()).toEqual([0, false, false]);
      await people.setBlocks(person, []);
    }
    await people.setContacts('alice', ['carol']);
    expect(await comesAndGoes()).toEqual([0, false, false]);
    await people.setContacts('alice', ['bob', 'carol', 'dave']);
    await people.setContacts('bob', []);
    expect(await comesAndGoes()).toEqual([0, false, false]);
    await people.setContacts('bob', ['alice', 'carol', 'dave']);
    expect(await comesAndGoes()).toEqual([2, true, true]);
    expect(bob.client.problems).toEqual([]);
  });
});
