import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { MessageView, Sender } from '../src/index.js';
import { MAX_REACTION_KINDS } from '../src/sql/change-messages.js';
import {
  endGrant,
  expectContiguous,
  makeDirect,
  makePeople,
  type Recorded,
  recordingMessaging,
  throughTunebox,
} from './fixture.js';

describe.each(everyDatabase)('Messages that are edited, deleted and reacted to, on %s', (kind) => {
  let database: Database;
  let recorded: Recorded;
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;
  let conversation: string;

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob, carol] = (await makePeople(database, ['alice', 'bob', 'carol'])) as [Sender, Sender, Sender];
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    recorded = recordingMessaging(database);
    conversation = await makeDirect(recorded.messaging, alice, bob);
  });

  const send = async (text: string, from = alice, into = conversation) =>
    (await recorded.messaging.send(from, { conversation: into, text, clientId: randomUUID() })).message;
  const react = (who: Sender, { id }: MessageView, emoji: string) =>
    recorded.messaging.change(who, { kind: 'react', message: id, emoji });
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      ({ code }) => code as string,
    );
  const lastEvent = () => {
    const { name, data, recipients } = recorded.events.at(-1)!;
    return {
      name,
      ...(JSON.parse(String(data)) as { message: MessageView }),
      owners: recipients.map(({ owner }) => owner),
    };
  };
  /** What a mailbox tells of its last entry, to somebody who was away. */
  const stored = async (who: Sender) => {
    const head = (await recorded.messaging.heads([who.key])).get(who.key)!.head;
    const [events] = await recorded.messaging.read([{ owner: who.key, after: head - 1, limit: 1 }]);
    const [event] = events!;
    return { name: event!.name, data: String(event!.data) };
  };

  test('an edit tells everybody the new text, live and from the store in the same bytes (I4), and again is nothing (I5)', async () => {
    const message = await send('frist');
    const edited = await recorded.messaging.change(alice, { kind: 'edit', message: message.id, text: 'first' });
    expect(edited).toEqual({ ...message, text: 'first', editedAt: expect.any(String) });
    expect(lastEvent()).toEqual({ name: 'message.edited', message: edited, owners: [alice.key, bob.key] });
    expect(await stored(bob)).toEqual({ name: 'message.edited', data: String(recorded.events.at(-1)!.data) });
    const events = recorded.events.length;
    expect(await recorded.messaging.change(alice, { kind: 'edit', message: message.id, text: 'first' })).toEqual(
      edited,
    );
    expect(recorded.events).toHaveLength(events);
    await expectContiguous(database);
  });

  test('a deleted text is gone from the table, from history, from what was replied, and from every mailbox', async () => {
    const secret = `secret ${randomUUID()}`;
    const message = await send(secret);
    await react(bob, message, '👍');
    const deleted = await recorded.messaging.change(alice, { kind: 'delete', message: message.id });
    expect(deleted).toMatchObject({ id: message.id, reactions: [], deletedAt: expect.any(String) });
    expect(deleted).not.toHaveProperty('text');
    expect(lastEvent()).toMatchObject({ name: 'message.deleted', message: deleted });
    for (const who of [alice, bob]) {
      const { messages } = await recorded.messaging.history(who.key, { conversation });
      const all = await recorded.messaging.read([{ owner: who.key, after: 0, limit: 256 }]);
      expect(JSON.stringify([messages, all.flat().map(({ data }) => String(data))])).not.toContain(secret);
    }
    const { rows } = await sql`select from message where text like ${`%${secret}%`}`.execute(database.tables());
    expect(rows).toEqual([]);
    expect(await recorded.messaging.change(alice, { kind: 'delete', message: message.id })).toEqual(deleted);
    expect(await codeOf(recorded.messaging.change(alice, { kind: 'edit', message: message.id, text: 'back' }))).toBe(
      'conflict',
    );
    expect(await codeOf(react(bob, message, '👍'))).toBe('conflict');
  });

  test('reactions are counted by emoji in the order they came, once for each person, and go again', async () => {
    const message = await send('song');
    await react(bob, message, '🎧');
    await react(alice, message, '🎧');
    await react(alice, message, '👩🏽‍🚀');
    const again = await react(bob, message, '🎧');
    expect(again.reactions).toEqual([
      { emoji: '🎧', count: 2, people: ['bob', 'alice'] },
      { emoji: '👩🏽‍🚀', count: 1, people: ['alice'] },
    ]);
    const events = recorded.events.length;
    const less = await recorded.messaging.change(bob, { kind: 'unreact', message: message.id, emoji: '🎧' });
    expect(less.reactions[0]).toEqual({ emoji: '🎧', count: 1, people: ['alice'] });
    expect(recorded.events).toHaveLength(events + 1);
    expect(await recorded.messaging.change(bob, { kind: 'unreact', message: message.id, emoji: '🎧' })).toEqual(less);
    expect(recorded.events).toHaveLength(events + 1);
    expect(await stored(bob)).toMatchObject({ name: 'message.reacted' });
  });

  test.each(['', 'x', '👍👍', ' 👍', '👍\0', '🏳️‍🌈🏳️‍🌈', '1'])('%j is not one emoji', async (emoji) => {
    const message = await send('song');
    expect(await codeOf(react(bob, message, emoji))).toBe('invalid_data');
  });

  test(`a message has ${MAX_REACTION_KINDS} kinds of reactions at most, and more of those (I9)`, async () => {
    const message = await send('popular');
    const emoji = Array.from({ length: MAX_REACTION_KINDS + 1 }, (_, n) => String.fromCodePoint(0x1f400 + n));
    for (const each of emoji.slice(0, -1)) await react(bob, message, each);
    expect(await codeOf(react(bob, message, emoji.at(-1)!))).toBe('conflict');
    expect(await codeOf(react(alice, message, emoji[0]!))).toBe('ok');
  });

  test('somebody else’s message is not edited or deleted, and a stranger’s and no message get the same answer', async () => {
    const message = await send('mine');
    const edit = (who: Sender, id: string) =>
      recorded.messaging.change(who, { kind: 'edit', message: id, text: 'yours' });
    const answers = [
      edit(bob, message.id),
      recorded.messaging.change(bob, { kind: 'delete', message: message.id }),
      edit(carol, message.id),
      react(carol, message, '👍'),
      edit(carol, randomUUID()),
      edit(carol, 'no id'),
    ];
    const errors = await Promise.all(
      answers.map((answer) => answer.catch(({ code, message: text }) => `${code} ${text}`)),
    );
    expect(new Set(errors)).toEqual(new Set(['not_found There is no such message that this person may change.']));
    expect(recorded.events.at(-1)?.name).toBe('message.created');
  });

  test('what one grant sends takes effect in its order: a change waits for nobody, and nothing overtakes it', async () => {
    const message = await send('v0');
    const texts = Array.from({ length: 20 }, (_, n) => `v${n + 1}`);
    const done = await Promise.all(
      texts.flatMap((text) => [
        recorded.messaging.change(alice, { kind: 'edit', message: message.id, text }),
        send(`after ${text}`),
      ]),
    );
    expect(done).toHaveLength(40);
    const { messages } = await recorded.messaging.history(bob.key, { conversation, limit: 100 });
    expect(messages.find(({ id }) => id === message.id)?.text).toBe('v20');
    const names = recorded.events.slice(-40).map(({ name }) => name);
    expect(names.filter((name) => name === 'message.created')).toHaveLength(20);
    expect(names[0]).toBe('message.edited');
    await expectContiguous(database);
  });

  test('a grant that has ended changes nothing (I2), and who was blocked neither edits nor reacts but may delete', async () => {
    const app = await throughTunebox(database, alice);
    const message = await send('from the app', app);
    await endGrant(database, app.permit);
    expect(await codeOf(recorded.messaging.change(app, { kind: 'delete', message: message.id }))).toBe('consent_ended');
    await sql`insert into block (person, blocked) values (${bob.key}, ${alice.key})`.execute(database.tables());
    expect(await codeOf(recorded.messaging.change(alice, { kind: 'edit', message: message.id, text: 'look' }))).toBe(
      'not_found',
    );
    expect(await codeOf(recorded.messaging.change(alice, { kind: 'delete', message: message.id }))).toBe('ok');
    await sql`delete from block`.execute(database.tables());
  });

  test('a deletion reaches somebody who has left, and nothing else does', async () => {
    const made = await recorded.messaging.createConversation(alice, {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    const group = made.conversation.id;
    const message = await send('to all', alice, group);
    await sql`update member set left_position = 1 where conversation = ${group} and person = ${carol.key}`.execute(
      database.tables(),
    );
    await recorded.messaging.change(alice, { kind: 'edit', message: message.id, text: 'to those here' });
    expect(lastEvent().owners.toSorted()).toEqual([alice.key, bob.key].toSorted());
    expect(await codeOf(react(carol, message, '👍'))).toBe('not_found');
    await recorded.messaging.change(alice, { kind: 'delete', message: message.id });
    expect(lastEvent().owners.toSorted()).toEqual([alice.key, bob.key, carol.key].toSorted());
  });

  test('a store that is slow to read holds up no send behind a change of a message or a group', async () => {
    const made = await recorded.messaging.createConversation(alice, {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    const message = await send('before');
    const gate = Promise.withResolvers<void>();
    const reading = slowToRead(database, gate.promise);
    const { messaging } = recordingMessaging(reading);
    const edited = messaging.change(alice, { kind: 'edit', message: message.id, text: 'after' });
    const named = messaging.updateGroup(alice, { conversation: made.conversation.id, title: 'Named' });
    // Both have joined the lane when what joins it later has been answered.
    await until(async () => {
      const { rows } = await sql<{ done: number }>`
        select (select count(*) from message where id = ${message.id} and text = 'after')
             + (select count(*) from conversation where title = 'Named') as done`.execute(database.tables());
      return rows[0]!.done === 2;
    });
    const sent = await messaging.send(alice, { conversation, text: 'meanwhile', clientId: randomUUID() });
    expect(sent.message.text).toBe('meanwhile');
    gate.resolve();
    expect((await edited).text).toBe('after');
    expect((await named).title).toBe('Named');
  });
});

/** The same database; what is read in the general pool about messages and conversations comes when `gate` opens. */
function slowToRead(database: Database, gate: Promise<void>): Database {
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'tables') return typeof value === 'function' ? value.bind(target) : value;
      return <T>() =>
        target.tables<T>().withPlugin({
          transformQuery: ({ node }) => node,
          async transformResult({ result }) {
            const [row] = result.rows;
            if (row && ('sent_at_ms' in row || 'member_count' in row)) await gate;
            return result;
          },
        });
    },
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await isSo()); ) {
    if (performance.now() > end) throw new Error('It never was so.');
  }
}
