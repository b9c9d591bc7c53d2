import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { Sender } from '../src/index.js';
import { ACK_LIMITS } from '../src/sql/acknowledge.js';
import {
  endGrant,
  expectContiguous,
  makeDirect,
  makePeople,
  type Recorded,
  recordingMessaging,
  throughTunebox,
} from './fixture.js';

describe.each(everyDatabase)('How far messages have reached people, on %s', (kind) => {
  let database: Database;
  let recorded: Recorded;
  let inPassing: unknown[];
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    database = await testDatabase(kind);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    // Of each test its own, so that positions and places in mailboxes begin at 1.
    const ids = ['alice', 'bob', 'carol'].map((name) => `${name}.${randomUUID().slice(0, 8)}`);
    [alice, bob, carol] = (await makePeople(database, ids)) as [Sender, Sender, Sender];
    inPassing = [];
    recorded = recordingMessaging(database, {
      onReceipt: (reader, _, data) => void inPassing.push([reader, JSON.parse(String(data))]),
    });
  });

  const send = async (from: Sender, conversation: string) =>
    (await recorded.messaging.send(from, { conversation, text: 'words', clientId: randomUUID() })).message;
  const sendMany = (n: number, from: Sender, conversation: string) =>
    Promise.all(Array.from({ length: n }, () => send(from, conversation)));
  const group = async () =>
    (await recorded.messaging.createConversation(alice, { members: [bob.id, carol.id], clientId: randomUUID() }))
      .conversation.id;
  const headOf = async (who: Sender) => (await recorded.messaging.heads([who.key])).get(who.key)!.head;
  const ackAll = async (who: Sender) => recorded.messaging.ack(who.key, await headOf(who), null);
  const receipts = () =>
    recorded.events.flatMap(({ name, data, recipients }) =>
      name === 'receipt.updated' ? [[JSON.parse(String(data)), recipients.map(({ owner }) => owner).toSorted()]] : [],
    );
  const keys = (...people: Sender[]) => people.map(({ key }) => key).toSorted();

  test('in a direct conversation both are told once, live and from the store in the same bytes; never backwards (I4, I5)', async () => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    await sendMany(5, alice, direct);
    const head = await headOf(bob);
    await recorded.messaging.ack(bob.key, head - 2, null);
    await recorded.messaging.ack(bob.key, head, null);
    await recorded.messaging.ack(bob.key, head, null);
    await recorded.messaging.ack(bob.key, 1, null);
    expect(receipts()).toEqual([
      [{ conversation: direct, person: bob.id, deliveredUpTo: 3 }, keys(alice, bob)],
      [{ conversation: direct, person: bob.id, deliveredUpTo: 5 }, keys(alice, bob)],
    ]);
    const top = await headOf(alice);
    const [events] = await recorded.messaging.read([{ owner: alice.key, after: top - 1, limit: 1 }]);
    expect(events).toEqual([{ seq: top, name: 'receipt.updated', data: recorded.events.at(-1)!.data }]);
    const { receipts: shown } = await recorded.messaging.conversation(alice.key, direct);
    expect(shown).toEqual([
      { person: alice.id, deliveredUpTo: 5, readUpTo: 5 },
      { person: bob.id, deliveredUpTo: 5 },
    ]);
    await expectContiguous(database);
  });

  test('to acknowledge receipts, one’s own messages and what was read makes none: it comes to an end', async () => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    await send(alice, direct);
    for (let n = 0; n < 3; n++) for (const who of [alice, bob]) await ackAll(who);
    expect(receipts()).toHaveLength(1);
    const { position } = await send(alice, direct);
    await recorded.messaging.markRead(bob, direct, position);
    expect(receipts().at(-1)).toEqual([
      { conversation: direct, person: bob.id, deliveredUpTo: position, readUpTo: position },
      keys(alice, bob),
    ]);
    for (let n = 0; n < 3; n++) for (const who of [alice, bob]) await ackAll(who);
    expect(receipts()).toHaveLength(2);
  });

  test('what has come further than was read stays so when a part of it is read', async () => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    await sendMany(4, alice, direct);
    await ackAll(bob);
    await recorded.messaging.markRead(bob, direct, 2);
    expect(receipts().at(-1)![0]).toEqual({ conversation: direct, person: bob.id, deliveredUpTo: 4, readUpTo: 2 });
    const head = await headOf(alice);
    const [events] = await recorded.messaging.read([{ owner: alice.key, after: head - 1, limit: 1 }]);
    expect(events![0]!.data).toEqual(recorded.events.at(-1)!.data);
  });

  test('one acknowledgement makes one receipt of a conversation, however many messages and statements it is of (I9)', async () => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    const other = await makeDirect(recorded.messaging, carol, bob);
    await send(carol, other);
    for (let n = 0; n < 10; n++) await sendMany(ACK_LIMITS.entriesEach / 4, alice, direct);
    const head = await headOf(bob);
    expect(head).toBeGreaterThan(2 * ACK_LIMITS.entriesEach);
    await ackAll(bob);
    expect(receipts()).toEqual([
      [{ conversation: direct, person: bob.id, deliveredUpTo: 2.5 * ACK_LIMITS.entriesEach }, keys(alice, bob)],
      [{ conversation: other, person: bob.id, deliveredUpTo: 1 }, keys(carol, bob)],
    ]);
    const { rows } = await sql<{ acked: number }>`select acked from mailbox where owner = ${bob.key}`.execute(
      database.tables(),
    );
    expect(rows).toEqual([{ acked: head }]);
    await expectContiguous(database);
  });

  test('in a group the reader alone has an entry, and the others are told in passing', async () => {
    const conversation = await group();
    await sendMany(3, alice, conversation);
    await ackAll(carol);
    const receipt = { conversation, person: carol.id, deliveredUpTo: 3 };
    expect(receipts()).toEqual([[receipt, [carol.key]]]);
    expect(inPassing).toEqual([[carol.key, receipt]]);
    const seen = await recorded.messaging.conversation(bob.key, conversation);
    expect(seen.receipts).toEqual([
      { person: alice.id, deliveredUpTo: 3, readUpTo: 3 },
      { person: bob.id },
      { person: carol.id, deliveredUpTo: 3 },
    ]);
  });

  test('who has left and who has come back: what came in the meantime has reached them, and no more', async () => {
    const conversation = await group();
    await send(alice, conversation);
    await recorded.messaging.updateGroup(carol, { conversation, remove: [carol.id] });
    await send(alice, conversation);
    await recorded.messaging.updateGroup(alice, { conversation, add: [carol.id] });
    await ackAll(carol);
    expect(receipts()).toEqual([]);
    await send(alice, conversation);
    await ackAll(carol);
    expect(receipts()).toEqual([[{ conversation, person: carol.id, deliveredUpTo: 3 }, [carol.key]]]);
  });

  test.each([
    ['the reader has blocked the other', () => [bob, alice]],
    ['the other has blocked the reader', () => [alice, bob]],
  ] as const)('the other is not told where %s, and does not see it either', async (_, who) => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    await send(alice, direct);
    await ackAll(bob);
    await send(alice, direct);
    const told = await headOf(alice);
    const [blocker, blocked] = who() as [Sender, Sender];
    await sql`insert into block (person, blocked) values (${blocker.key}, ${blocked.key})`.execute(database.tables());
    await ackAll(bob);
    expect(receipts().slice(1)).toEqual([[{ conversation: direct, person: bob.id, deliveredUpTo: 2 }, [bob.key]]]);
    // Neither in the list, nor from an entry that was there before.
    const [events] = await recorded.messaging.read([{ owner: alice.key, after: told - 2, limit: 1 }]);
    expect(JSON.parse(String(events![0]!.data))).toEqual({ conversation: direct, person: bob.id });
    const seen = await recorded.messaging.conversation(alice.key, direct);
    expect(seen.receipts).toContainEqual({ person: bob.id });
    await sql`delete from block`.execute(database.tables());
  });

  test('many at once, with sends and read marks between them, leave no gap, and everybody where they have come to (I4)', async () => {
    const conversation = await group();
    const direct = await makeDirect(recorded.messaging, alice, bob);
    const rounds = Array.from({ length: 15 }, async (_, n) => {
      const from = [alice, bob, carol][n % 3]!;
      await send(from, conversation);
      await send(n % 2 ? alice : bob, direct);
      await Promise.all([ackAll(alice), ackAll(bob), ackAll(carol), recorded.messaging.markRead(bob, direct, 1)]);
    });
    await Promise.all(rounds);
    for (const who of [alice, bob, carol]) await ackAll(who);
    await expectContiguous(database);
    for (const [id, top] of [
      [conversation, 15],
      [direct, 15],
    ] as const) {
      const { receipts: all } = await recorded.messaging.conversation(alice.key, id);
      expect(all!.map(({ deliveredUpTo }) => deliveredUpTo)).toEqual(all!.map(() => top));
    }
  });

  test('a grant that may not read, or is over, makes no receipt, and costs those beside it nothing (I2)', async () => {
    const direct = await makeDirect(recorded.messaging, alice, bob);
    await send(alice, direct);
    const app = await throughTunebox(database, bob);
    await sql`update consent_grant set scopes = '{messages.send}' where id = ${app.permit}`.execute(database.tables());
    await expect(recorded.messaging.ack(bob.key, 2, app.permit)).rejects.toMatchObject({ code: 'consent_ended' });
    await endGrant(database, app.permit);
    const [ended, own] = await Promise.allSettled([
      recorded.messaging.ack(bob.key, 2, app.permit),
      recorded.messaging.ack(bob.key, 1, null),
    ]);
    expect([ended.status, own.status]).toEqual(['rejected', 'fulfilled']);
    expect(receipts()).toEqual([]);
  });
});
