import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { type Messaging, retention, type Sender } from '../src/index.js';
import { count, makeDirect, makePeople, recordingMessaging, text } from './fixture.js';

describe.each(everyDatabase)('Messages that are no longer kept, on %s', (kind) => {
  let database: Database;
  let messaging: Messaging;
  let alice: Sender;
  let bob: Sender;
  let conversation: string;
  const ids: string[] = [];

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob] = (await makePeople(database, ['alice', 'bob'])) as [Sender, Sender];
    ({ messaging } = recordingMessaging(database));
    conversation = await makeDirect(messaging, alice, bob);
    for (let n = 1; n <= 6; n++) ids.push((await messaging.send(alice, text(n, conversation))).message.id);
    await messaging.change(bob, { kind: 'react', message: ids[0]!, emoji: '👍' });
    await messaging.change(alice, { kind: 'edit', message: ids[1]!, text: 'edited' });
  });
  afterAll(() => database.close());

  /** As if they had been sent so many days ago: ids are in the order of time. */
  const age = async (upTo: number, days: number) => {
    for (const [n, id] of [...ids.slice(0, upTo).entries()]) {
      const time = (Date.now() - days * 86_400_000).toString(16).padStart(12, '0');
      ids[n] = `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13)}`;
      await sql`update message set id = ${ids[n]}::uuid where id = ${id}::uuid`.execute(database.tables());
    }
  };
  const reactions = async () => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from reaction`.execute(database.tables());
    return rows[0]!.n;
  };

  test('nothing goes that is new enough', async () => {
    await age(4, 9);
    expect(await retention(database, 10).step('')).toEqual({ removed: 0 });
    expect(await count(database, 'message')).toBe(6);
  });

  test('what is too old goes with its reactions; mailboxes, positions and the conversation stay', async () => {
    expect(await reactions()).toBe(1);
    const entries = await count(database, 'mailbox_entry');
    expect(await retention(database, 8).step('')).toEqual({ removed: 4 });
    expect(await reactions()).toBe(0);
    expect(await count(database, 'mailbox_entry')).toBe(entries);
    const { message } = await messaging.send(bob, { ...text(7, conversation), replyTo: ids[5]! });
    expect(message.position).toBe(7);
    ids.push(message.id);
  });

  test('histories pass over what is gone, page by page', async () => {
    const first = await messaging.history(alice.key, { conversation, limit: 2 });
    expect(first.messages.map(({ position }) => position)).toEqual([7, 6]);
    const last = await messaging.history(alice.key, { conversation, limit: 2, before: first.next });
    expect(last.messages.map(({ position }) => position)).toEqual([5]);
    expect(last.next).toBeUndefined();
    await expect(messaging.send(bob, { ...text(8, conversation), replyTo: ids[0]! })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(messaging.change(alice, { kind: 'edit', message: ids[0]!, text: 'x' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('a mailbox still counts what is gone, and tells nothing of it (I4)', async () => {
    const [events = []] = await messaging.read([{ owner: alice.key, after: 0, limit: 100 }]);
    // The conversation, six messages, a reaction to the first and an edit of the second, the seventh.
    expect(events.map(({ seq, gone = false }) => [seq, gone])).toEqual([
      [1, false],
      ...[2, 3, 4, 5].map((seq) => [seq, true]),
      [6, false],
      [7, false],
      [8, true],
      [9, true],
      [10, false],
    ]);
  });

  test('only what is there is unread, and a conversation of which all is gone has no last message', async () => {
    const shown = async (who: Sender) => {
      const { unread, readUpTo, lastMessage } = await messaging.conversation(who.key, conversation);
      return [unread, readUpTo, lastMessage?.position];
    };
    expect(await shown(alice)).toEqual([1, 6, 7]);
    const listed = await messaging.listConversations(alice.key);
    expect(listed.conversations[0]).toMatchObject({ unread: 1, lastMessage: { position: 7, replyTo: ids[5] } });
    // It answers one that goes.
    await age(6, 9);
    await retention(database, 8).step('');
    expect((await messaging.conversation(alice.key, conversation)).lastMessage?.replyTo).toBeDefined();
    await age(7, 9);
    await retention(database, 8).step('');
    expect(await shown(alice)).toEqual([0, 6, undefined]);
    expect(await messaging.history(alice.key, { conversation })).toMatchObject({ messages: [] });
    await messaging.markRead(alice, conversation, 7);
    expect(await shown(alice)).toEqual([0, 7, undefined]);
    await messaging.send(alice, { conversation, text: 'anew', clientId: randomUUID() });
    expect(await shown(bob)).toEqual([1, 7, 8]);
  });
});

describe('A message that is being reacted to while messages are removed, on postgres', () => {
  let database: Database;
  beforeAll(async () => {
    database = await testDatabase('postgres');
  });
  afterAll(() => database.close());

  test.each([
    ['react', 'reaction'],
    ['unreact', 'past_reaction'],
  ] as const)('goes in the next step, and nothing of it stays behind (%s)', async (kind, table) => {
    const names = ['alice', 'bob', 'carol'].map((name) => `${name}-${kind}`);
    const [alice, bob, carol] = (await makePeople(database, names)) as [Sender, Sender, Sender];
    const { messaging } = recordingMessaging(database);
    const { conversation } = await messaging.createConversation(alice, {
      members: [bob.id, carol.id],
      clientId: randomUUID(),
    });
    const { message } = await messaging.send(alice, text(1, conversation.id));
    if (kind === 'unreact') {
      await messaging.change(bob, { kind: 'react', message: message.id, emoji: '👍' });
      // What changes from here on, she keeps as it was.
      await messaging.updateGroup(carol, { conversation: conversation.id, remove: [carol.id] });
    }
    const old = `00000000-0000-7000-8000-${message.id.slice(24)}`;
    await sql`update message set id = ${old}::uuid where id = ${message.id}::uuid`.execute(database.tables());
    const change = JSON.stringify([{ m: old, c: conversation.id, s: bob.key, k: kind, t: '👍' }]);
    const transaction = database.tables<object>().transaction();
    await transaction.execute(async (reacting) => {
      await sql`select change_messages(${change}::text)`.execute(reacting);
      expect(await retention(database, 8).step('')).toEqual({ removed: 0 });
    });
    expect(await retention(database, 8).step('')).toEqual({ removed: 1 });
    const left = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}
      where conversation = ${conversation.id}::uuid`.execute(database.tables());
    expect(left.rows).toEqual([{ n: 0 }]);
  });
});
