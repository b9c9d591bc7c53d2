import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { Sender } from '../src/index.js';
import {
  endGrant,
  expectContiguous,
  makeDirect,
  makePeople,
  type Recorded,
  recordingMessaging,
  throughTunebox,
} from './fixture.js';

describe.each(everyDatabase)('How far people have read, on %s', (kind) => {
  let database: Database;
  let recorded: Recorded;
  let inPassing: string[];
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;
  let direct: string;

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob, carol] = (await makePeople(database, ['alice', 'bob', 'carol'])) as [Sender, Sender, Sender];
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    inPassing = [];
    recorded = recordingMessaging(database, {
      onReceipt: (_reader, _conversation, data) => {
        const { person, readUpTo } = JSON.parse(String(data)) as { person: string; readUpTo: number };
        inPassing.push(`${person} ${readUpTo}`);
      },
    });
    direct = await makeDirect(recorded.messaging, alice, bob);
  });

  const send = (from: Sender, conversation: string) =>
    recorded.messaging.send(from, { conversation, text: 'words', clientId: randomUUID() });
  const receipts = () =>
    recorded.events.flatMap(({ name, data, recipients }) =>
      name === 'receipt.updated' ? [[JSON.parse(String(data)), recipients.map(({ owner }) => owner).toSorted()]] : [],
    );
  const unread = async (who: Sender, conversation: string) =>
    (await recorded.messaging.conversation(who.key, conversation)).unread;
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      ({ code }) => code as string,
    );
  /** Of this run: the conversation has messages of the tests before. */
  const last = async () => (await send(alice, direct)).message.position;

  test('in a direct conversation both are told, live and from the store in the same bytes; never backwards (I4, I5)', async () => {
    await last();
    const top = await last();
    expect(await unread(bob, direct)).toBeGreaterThanOrEqual(2);
    await recorded.messaging.markRead(bob, direct, top - 1);
    await recorded.messaging.markRead(bob, direct, top);
    await recorded.messaging.markRead(bob, direct, top);
    await recorded.messaging.markRead(bob, direct, 1);
    const both = [alice.key, bob.key].toSorted();
    expect(receipts()).toEqual([
      [{ conversation: direct, person: 'bob', deliveredUpTo: top - 1, readUpTo: top - 1 }, both],
      [{ conversation: direct, person: 'bob', deliveredUpTo: top, readUpTo: top }, both],
    ]);
    expect(await unread(bob, direct)).toBe(0);
    const { head } = (await recorded.messaging.heads([alice.key])).get(alice.key)!;
    const [events] = await recorded.messaging.read([{ owner: alice.key, after: head - 1, limit: 1 }]);
    expect(events).toEqual([{ seq: head, name: 'receipt.updated', data: recorded.events.at(-1)!.data }]);
    const seen = await recorded.messaging.conversation(alice.key, direct);
    expect(seen.receipts).toContainEqual({ person: 'bob', deliveredUpTo: top, readUpTo: top });
    await expectContiguous(database);
  });

  test('marks that come while one is stored become one: the furthest (I9)', async () => {
    let top = 0;
    for (let n = 0; n < 20; n++) top = await last();
    await Promise.all(Array.from({ length: 20 }, (_, n) => recorded.messaging.markRead(bob, direct, top - 19 + n)));
    expect(receipts().length).toBeLessThanOrEqual(3);
    expect(receipts().at(-1)![0]).toMatchObject({ readUpTo: top });
  });

  test('a mark past the last message is refused, and costs those that came with it nothing', async () => {
    const top = await last();
    const marks = [top - 1, top + 1_000, top, top + 2_000].map((upTo) =>
      codeOf(recorded.messaging.markRead(bob, direct, upTo)),
    );
    expect(await Promise.all(marks)).toEqual(['ok', 'invalid_data', 'ok', 'invalid_data']);
    expect(receipts().at(-1)![0]).toMatchObject({ readUpTo: top });
  });

  test('in a group the reader alone has an entry, and the others are told in passing', async () => {
    const { conversation } = await recorded.messaging.createConversation(alice, {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    await send(alice, conversation.id);
    await recorded.messaging.markRead(carol, conversation.id, 1);
    expect(receipts()).toEqual([
      [{ conversation: conversation.id, person: 'carol', deliveredUpTo: 1, readUpTo: 1 }, [carol.key]],
    ]);
    expect(inPassing).toEqual(['carol 1']);
  });

  test('past the last message, a stranger’s conversation, none, and a grant that is over', async () => {
    const top = await last();
    expect(await codeOf(recorded.messaging.markRead(bob, direct, top + 1))).toBe('invalid_data');
    expect(await codeOf(recorded.messaging.markRead(bob, direct, 0))).toBe('invalid_data');
    expect(await codeOf(recorded.messaging.markRead(carol, direct, 1))).toBe('not_found');
    expect(await codeOf(recorded.messaging.markRead(bob, randomUUID(), 1))).toBe('not_found');
    const app = await throughTunebox(database, bob);
    await endGrant(database, app.permit);
    expect(await codeOf(recorded.messaging.markRead(app, direct, top))).toBe('consent_ended');
    expect(receipts()).toEqual([]);
  });

  test.each([
    ['the reader has blocked the other', () => [bob, alice]],
    ['the other has blocked the reader', () => [alice, bob]],
  ] as const)('the other is not told where %s', async (_, who) => {
    const top = await last();
    const [blocker, blocked] = who() as [Sender, Sender];
    await sql`insert into block (person, blocked) values (${blocker.key}, ${blocked.key})`.execute(database.tables());
    await recorded.messaging.markRead(bob, direct, top);
    await sql`delete from block`.execute(database.tables());
    expect(receipts()).toEqual([
      [{ conversation: direct, person: 'bob', deliveredUpTo: top, readUpTo: top }, [bob.key]],
    ]);
  });

  test('who has left marks what they could see, and no more', async () => {
    const { conversation } = await recorded.messaging.createConversation(alice, {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    await send(alice, conversation.id);
    await recorded.messaging.updateGroup(carol, { conversation: conversation.id, remove: ['carol'] });
    await send(alice, conversation.id);
    expect(await codeOf(recorded.messaging.markRead(carol, conversation.id, 2))).toBe('invalid_data');
    expect(await codeOf(recorded.messaging.markRead(carol, conversation.id, 1))).toBe('ok');
    expect(await unread(carol, conversation.id)).toBe(0);
  });
});
