import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { Sender } from '../src/index.js';
import { endGrant, makeDirect, makePeople, recordingMessaging, text, throughTunebox } from './fixture.js';

describe.each(everyDatabase)('Mailboxes, on %s', (kind) => {
  let database: Database;
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob, carol] = (await makePeople(database, ['alice', 'bob', 'carol'])) as [Sender, Sender, Sender];
  });
  afterAll(() => database.close());

  const acked = async (owner: Sender) => {
    const { rows } = await sql<{ acked: number }>`select acked from mailbox where owner = ${owner.key}`.execute(
      database.tables(),
    );
    return rows[0]!.acked;
  };

  test('backlog comes in order, without a gap, in pieces of any size, the same as it was live (I4)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    for (let n = 0; n < 10; n++) await messaging.send(n % 3 === 0 ? bob : alice, text(n, conversation));
    const live = events.map((event) => ({
      seq: event.recipients.find(({ owner }) => owner === bob.key)!.seq,
      data: event.data.toString(),
    }));
    for (const size of [1, 3, 100]) {
      const backlog: typeof live = [];
      for (let after = 0; ; ) {
        const [piece = []] = await messaging.read([{ owner: bob.key, after, limit: size }]);
        expect(piece.length).toBeLessThanOrEqual(size);
        backlog.push(...piece.map(({ seq, data }) => ({ seq, data: data.toString() })));
        if (piece.length === 0) break;
        after = piece.at(-1)!.seq;
      }
      expect(backlog.map(({ seq }) => seq)).toEqual(Array.from({ length: 11 }, (_, n) => n + 1));
      // The conversation's own event has today's updatedAt.
      expect(backlog.slice(1)).toEqual(live.slice(1));
    }
  });

  test('heads of many are read at once; who has no mailbox yet is at 0', async () => {
    const { messaging } = recordingMessaging(database);
    const heads = await messaging.heads([alice.key, bob.key, carol.key]);
    expect(heads.get(carol.key)).toEqual({ head: 0, trimmed: 0 });
    expect(heads.get(alice.key)).toEqual({ head: 11, trimmed: 0 });
    expect(await messaging.heads([])).toEqual(new Map());
    expect(await messaging.read([{ owner: carol.key, after: 0, limit: 10 }])).toEqual([[]]);
  });

  test('several mailboxes, or one from several places, are read at once, each with its own answer (I4)', async () => {
    const { messaging } = recordingMessaging(database);
    const places = [
      { owner: bob.key, after: 3, limit: 2 },
      { owner: carol.key, after: 0, limit: 5 },
      { owner: alice.key, after: 0, limit: 3 },
      { owner: bob.key, after: 8, limit: 100 },
    ];
    const together = await messaging.read(places);
    const oneByOne = await Promise.all(places.map(async (place) => (await messaging.read([place]))[0]));
    expect(together).toEqual(oneByOne);
    expect(together.map((events) => events.map(({ seq }) => seq))).toEqual([[4, 5], [], [1, 2, 3], [9, 10, 11]]);
    expect(await messaging.read([])).toEqual([]);
  });

  test('an acknowledgement never goes past the head and never backwards', async () => {
    const { messaging } = recordingMessaging(database);
    await messaging.ack(bob.key, 5, null);
    expect(await acked(bob)).toBe(5);
    await Promise.all([
      messaging.ack(bob.key, 3, null),
      messaging.ack(bob.key, 7, null),
      messaging.ack(bob.key, 6, null),
    ]);
    expect(await acked(bob)).toBe(7);
    await expect(messaging.ack(bob.key, 12, null)).rejects.toMatchObject({
      code: 'invalid_data',
      issues: [{ path: 'seq' }],
    });
    await expect(messaging.ack(bob.key, -1, null)).rejects.toMatchObject({ code: 'invalid_data' });
    await expect(messaging.ack(carol.key, 1, null)).rejects.toMatchObject({ code: 'invalid_data' });
    await messaging.ack(carol.key, 0, null);
    expect(await acked(bob)).toBe(7);
    expect(await Promise.allSettled([messaging.ack(bob.key, 99, null), messaging.ack(bob.key, 9, null)])).toMatchObject(
      [{ status: 'rejected' }, { status: 'fulfilled' }],
    );
    expect(await acked(bob)).toBe(9);
  });

  test('an acknowledgement is stored only while its permit stands and consent is proven (I2, I6)', async () => {
    let proven = true;
    const { messaging } = recordingMessaging(database, { mayCommit: () => proven });
    const { permit } = await throughTunebox(database, bob);
    await messaging.ack(bob.key, 10, permit);
    expect(await acked(bob)).toBe(10);
    proven = false;
    await expect(messaging.ack(bob.key, 11, permit)).rejects.toMatchObject({ code: 'consent_unverifiable' });
    proven = true;
    await endGrant(database, permit);
    const [ended, own] = await Promise.allSettled([
      messaging.ack(bob.key, 11, permit),
      messaging.ack(alice.key, 1, null),
    ]);
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'consent_ended' } });
    expect(own.status).toBe('fulfilled');
    expect(await acked(bob)).toBe(10);
  });

  test('the epoch stays while the data does, and changes with the database’s own value', async () => {
    const { messaging } = recordingMessaging(database);
    const epoch = await messaging.epoch();
    expect(await recordingMessaging(database).messaging.epoch()).toBe(epoch);
    await sql`update mailbox_epoch set id = gen_random_uuid()`.execute(database.tables());
    expect(await messaging.epoch()).not.toBe(epoch);
  });
});
