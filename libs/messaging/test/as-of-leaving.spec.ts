import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { MessageView, Sender } from '../src/index.js';
import { expectContiguous, makePeople, type Recorded, recordingMessaging } from './fixture.js';

describe.each(everyDatabase)('What somebody keeps who has left a group, on %s', (kind) => {
  let database: Database;
  let recorded: Recorded;
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;
  let dave: Sender;
  let group: string;

  beforeAll(async () => {
    database = await testDatabase(kind);
    [alice, bob, carol, dave] = (await makePeople(database, ['alice', 'bob', 'carol', 'dave'])) as [
      Sender,
      Sender,
      Sender,
      Sender,
    ];
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    recorded = recordingMessaging(database);
    const made = await recorded.messaging.createConversation(alice, {
      members: ['bob', 'carol'],
      title: 'Songs',
      clientId: randomUUID(),
    });
    group = made.conversation.id;
  });

  const send = async (text: string, from = alice, clientId = randomUUID()) =>
    (await recorded.messaging.send(from, { conversation: group, text, clientId })).message;
  const edit = ({ id }: MessageView, text: string, who = alice) =>
    recorded.messaging.change(who, { kind: 'edit', message: id, text });
  const react = (who: Sender, { id }: MessageView, emoji: string) =>
    recorded.messaging.change(who, { kind: 'react', message: id, emoji });
  const unreact = (who: Sender, { id }: MessageView, emoji: string) =>
    recorded.messaging.change(who, { kind: 'unreact', message: id, emoji });
  const remove = (who: Sender) => recorded.messaging.updateGroup(alice, { conversation: group, remove: [who.id] });
  const add = (who: Sender) => recorded.messaging.updateGroup(alice, { conversation: group, add: [who.id] });
  const history = async (who: Sender) =>
    (await recorded.messaging.history(who.key, { conversation: group })).messages.toReversed();
  const textsOf = async (who: Sender) => (await history(who)).map(({ text }) => text);
  const reactionsOf = async (who: Sender) =>
    (await history(who)).map(({ reactions }) => reactions.map(({ emoji, people }) => `${emoji} ${people}`).join());
  /** All that is ever shown to somebody of the group. */
  const everything = async (who: Sender) => {
    const [events] = await recorded.messaging.read([{ owner: who.key, after: 0, limit: 256 }]);
    return JSON.stringify([
      events!.map(({ data }) => String(data)).filter((data) => data.includes(group)),
      await history(who),
      await recorded.messaging.conversation(who.key, group),
      (await recorded.messaging.listConversations(who.key)).conversations.filter(({ id }) => id === group),
      await recorded.messaging.members(who.key, { conversation: group }),
    ]);
  };
  const kept = async () => {
    const { rows } = await sql<{ versions: number; reactions: number }>`
      select (select count(*)::integer from message_version where conversation = ${group}) as versions,
             (select count(*)::integer from past_reaction where conversation = ${group}) as reactions`.execute(
      database.tables(),
    );
    return rows[0];
  };

  test('a later edit is not shown: not in history, in the list, in the mailbox, or to a retry', async () => {
    const clientId = randomUUID();
    const own = await send('by Carol', carol, clientId);
    const message = await send('first');
    await edit(message, 'second');
    await remove(carol);
    const third = await edit(message, 'third');
    await react(bob, own, '🎧');
    expect(third).toMatchObject({ text: 'third' });
    expect(await textsOf(carol)).toEqual(['by Carol', 'second']);
    expect(await textsOf(bob)).toEqual(['by Carol', 'third']);
    const seen = await recorded.messaging.conversation(carol.key, group);
    expect(seen.lastMessage).toMatchObject({ text: 'second', editedAt: expect.any(String) });
    expect(seen.lastMessage?.editedAt).not.toBe(third.editedAt);
    expect(await everything(carol)).not.toContain('third');
    const retried = await recorded.messaging.send(carol, { conversation: group, text: 'by Carol', clientId });
    expect(retried).toMatchObject({ duplicate: true, message: { reactions: [] } });
    await expectContiguous(database);
  });

  test('each of several sees it as it was when they left, and one that was never edited then says nothing of an edit', async () => {
    const message = await send('v0');
    await add(dave);
    await remove(bob);
    await edit(message, 'v1');
    await edit(message, 'v2');
    await remove(carol);
    await edit(message, 'v3');
    await edit(message, 'v4');
    expect([await textsOf(bob), await textsOf(carol), await textsOf(alice)]).toEqual([['v0'], ['v2'], ['v4']]);
    expect((await history(bob))[0]).not.toHaveProperty('editedAt');
    // Dave could not see it, and of the versions in between nobody can.
    expect(await kept()).toEqual({ versions: 2, reactions: 0 });
  });

  test('reactions are those of the time: later ones do not come, and those taken back later stay', async () => {
    const message = await send('song');
    await react(bob, message, '🎧');
    await react(alice, message, '👍');
    await unreact(alice, message, '👍');
    await remove(carol);
    await unreact(bob, message, '🎧');
    await react(bob, message, '🎉');
    await react(bob, message, '🎧');
    await unreact(bob, message, '🎉');
    expect(await reactionsOf(carol)).toEqual(['🎧 bob']);
    expect(await reactionsOf(alice)).toEqual(['🎧 bob']);
    expect(await everything(carol)).not.toContain('🎉');
    expect(await kept()).toEqual({ versions: 0, reactions: 1 });
  });

  test('a deletion reaches them, and takes every version and reaction with it', async () => {
    const message = await send('frist secret');
    await react(bob, message, '🎧');
    await remove(carol);
    await edit(message, 'second secret');
    await unreact(bob, message, '🎧');
    expect(await kept()).toEqual({ versions: 1, reactions: 1 });
    await recorded.messaging.change(alice, { kind: 'delete', message: message.id });
    expect(recorded.events.at(-1)!.recipients.map(({ owner }) => owner)).toContain(carol.key);
    expect(await kept()).toEqual({ versions: 0, reactions: 0 });
    const [shown] = await history(carol);
    expect(shown).toMatchObject({ deletedAt: expect.any(String), reactions: [] });
    expect(shown).not.toHaveProperty('text');
    expect(await everything(carol)).not.toContain('secret');
  });

  test('somebody who comes back has two times: of the first they see what was then, and the gap stays hidden', async () => {
    const before = await send('before');
    await remove(carol);
    const between = await send('between');
    await edit(before, 'before, edited');
    await add(carol);
    const after = await send('after');
    await edit(after, 'after, edited');
    await edit(before, 'before, again');
    await react(bob, before, '🎧');
    expect(await textsOf(carol)).toEqual(['before', 'after, edited']);
    expect(await reactionsOf(carol)).toEqual(['', '']);
    await edit(between, 'between, edited');
    expect(await everything(carol)).not.toMatch(/between|before, /);
    await recorded.messaging.change(alice, { kind: 'delete', message: before.id });
    expect(await textsOf(carol)).toEqual([undefined, 'after, edited']);
  });

  test('also who comes back before anything was said keeps the first time as it was, and has the new one from then on', async () => {
    const message = await send('before');
    await remove(carol);
    await edit(message, 'edited');
    await add(carol);
    await edit(message, 'again');
    expect(await textsOf(carol)).toEqual(['before']);
    const { position } = await send('welcome back');
    expect((await history(carol)).at(-1)).toMatchObject({ position, text: 'welcome back' });
  });

  test('where nobody has left, or all who left came before the message, nothing is kept beside it', async () => {
    await remove(carol);
    const message = await send('v0');
    await recorded.messaging.updateGroup(alice, { conversation: group, title: 'Renamed', add: ['dave'] });
    await edit(message, 'v1');
    await react(bob, message, '🎧');
    await unreact(bob, message, '🎧');
    expect(await kept()).toEqual({ versions: 0, reactions: 0 });
  });

  test('title, members, count and receipts are those of the time, also of who came and was renamed with the same change', async () => {
    await send('one');
    await recorded.messaging.markRead(bob, group, 1);
    await send('two');
    await recorded.messaging.updateGroup(alice, {
      conversation: group,
      title: 'Later',
      add: ['dave'],
      remove: ['carol'],
    });
    await recorded.messaging.markRead(bob, group, 2);
    await recorded.messaging.markRead(dave, group, 2);
    const seen = await recorded.messaging.conversation(carol.key, group);
    expect([seen.title, seen.memberCount, seen.members.map(({ id }) => id)]).toEqual(['Songs', 2, ['alice', 'bob']]);
    expect(seen.receipts).toEqual([
      { person: 'alice', deliveredUpTo: 2, readUpTo: 2 },
      { person: 'bob', deliveredUpTo: 1, readUpTo: 1 },
    ]);
    expect(await everything(carol)).not.toMatch(/Later|dave/);
  });

  test('whatever happens at once, nobody sees what was done after they had left, live or later', async () => {
    const message = await send('start');
    const tasks: Promise<unknown>[] = [];
    for (let n = 0; n < 20; n++) {
      tasks.push(edit(message, `text ${n}`));
      if (n === 8) tasks.push(remove(carol));
      tasks.push(react(bob, message, '🎧').then(() => unreact(bob, message, '🎧')));
    }
    await Promise.all(tasks);
    const told = recorded.events
      .filter(({ recipients }) => recipients.some(({ owner }) => owner === carol.key))
      .map(({ name, data }) => [name, String(data)] as const);
    const goes = told.findIndex(([name]) => name === 'conversation.updated');
    expect(told.slice(goes + 1)).toEqual([]);
    const [shown] = await history(carol);
    // The last that came before is what stays.
    const last = told.slice(0, goes).findLast(([, data]) => data.includes('"message"'))![1];
    expect(JSON.parse(last)).toEqual({ message: shown });
    expect(await textsOf(bob)).toEqual(['text 19']);
    await expectContiguous(database);
  });
});
