import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { LIMITS } from '@drawbridge/protocol';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { CREATION_LIMITS } from '../src/conversation-making.js';
import type { ConversationView, MessageView, Sender } from '../src/index.js';
import {
  count,
  expectContiguous,
  makeDirect,
  makePeople,
  recordingMessaging,
  text,
  throughTunebox,
} from './fixture.js';

describe.each(everyDatabase)('Conversations, on %s', (kind) => {
  let database: Database;
  let people: Sender[];
  const ids = Array.from({ length: 30 }, (_, n) => `p${n}`);
  const everybodyBut = (...not: string[]) => ids.filter((id) => !not.includes(id));

  beforeAll(async () => {
    database = await testDatabase(kind);
    people = await makePeople(database, ids);
  });
  afterAll(() => database.close());

  test('two people have one direct conversation, whoever makes it and however often (I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const [a, b] = people as [Sender, Sender];
    const clientId = randomUUID();
    const made = await Promise.all([
      messaging.createConversation(a, { members: [b.id], clientId }),
      messaging.createConversation(b, { members: [a.id], clientId }),
      messaging.createConversation(a, { members: [b.id, a.id, b.id], clientId }),
      messaging.createConversation(a, { members: [b.id], clientId: randomUUID() }),
    ]);
    expect(new Set(made.map(({ conversation }) => conversation.id)).size).toBe(1);
    expect(made.map(({ duplicate }) => duplicate)).toEqual([false, false, true, false]);
    const { conversation } = made[0]!;
    expect(conversation).toMatchObject({ kind: 'direct', memberCount: 2, unread: 0 });
    expect(conversation.members).toEqual([
      { id: 'p0', handle: 'p0', name: 'p0 of the tests' },
      { id: 'p1', handle: 'p1', name: 'p1 of the tests' },
    ]);
    for (const absent of ['title', 'lastMessage', 'readUpTo', 'receipts'])
      expect(conversation).not.toHaveProperty(absent);
    expect(events).toHaveLength(1);
    await expect(messaging.createConversation(a, { members: ['p2'], clientId })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('a title for two people counts for nothing: not kept, not told, no other content in a retry (I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const [a, b] = [people[0]!, people[9]!];
    const request = { members: [b.id], title: 'Us', clientId: randomUUID() };
    const { conversation } = await messaging.createConversation(a, request);
    expect(conversation).toMatchObject({ kind: 'direct' });
    expect(conversation).not.toHaveProperty('title');
    expect(JSON.parse(events[0]!.data.toString()).conversation).not.toHaveProperty('title');
    for (const title of ['We', undefined])
      expect(await messaging.createConversation(a, { ...request, title })).toEqual({ conversation, duplicate: true });
    expect(events).toHaveLength(1);
    await expect(messaging.createConversation(a, { ...request, title: '' })).rejects.toMatchObject({
      code: 'invalid_data',
      issues: [{ path: 'title' }],
    });
  });

  test('a group is made once for a client id, and every member gets the event, live and from the store alike (I4, I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const [a, b, c] = people as [Sender, Sender, Sender];
    const request = { members: [b.id, c.id], title: 'Three 🎶', clientId: randomUUID() };
    const { conversation } = await messaging.createConversation(a, request);
    expect(conversation).toMatchObject({ kind: 'group', title: 'Three 🎶', memberCount: 3 });
    expect(conversation.members.map(({ id }) => id)).toEqual(['p0', 'p1', 'p2']);
    const again = await messaging.createConversation(a, {
      ...request,
      members: [c.id, b.id],
      clientId: request.clientId.toUpperCase(),
    });
    expect(again).toEqual({ conversation, duplicate: true });
    for (const other of [{ members: [b.id, 'p3'] }, { title: 'Other' }, { title: undefined }])
      await expect(messaging.createConversation(a, { ...request, ...other })).rejects.toMatchObject({
        code: 'conflict',
      });

    expect(events).toHaveLength(1);
    const [event] = events;
    expect(event!.name).toBe('conversation.created');
    const { unread: _, ...shared } = conversation;
    expect(JSON.parse(event!.data.toString())).toEqual({ conversation: shared });
    expect(event!.recipients.map(({ owner }) => owner)).toEqual(expect.arrayContaining([a.key, b.key, c.key]));
    for (const { owner, seq } of event!.recipients) {
      const [[stored] = []] = await messaging.read([{ owner, after: seq - 1, limit: 1 }]);
      expect(stored).toMatchObject({ seq, name: 'conversation.created' });
      expect(stored!.data.equals(event!.data)).toBe(true);
    }
  });

  test('who is no contact makes the whole group not_found, and nothing is stored', async () => {
    const { messaging, events } = recordingMessaging(database);
    const before = await count(database, 'conversation');
    for (const stranger of ['nobody', 'no id \0'])
      await expect(
        messaging.createConversation(people[0]!, { members: ['p1', stranger], clientId: randomUUID() }),
      ).rejects.toMatchObject({ code: 'not_found' });
    for (const members of [[], ['p0']])
      await expect(messaging.createConversation(people[0]!, { members, clientId: randomUUID() })).rejects.toMatchObject(
        { code: 'invalid_data', issues: [{ path: 'members' }] },
      );
    await expect(
      messaging.createConversation(people[0]!, {
        members: Array.from({ length: LIMITS.maxMembers }, (_, n) => `x${n}`),
        clientId: randomUUID(),
      }),
    ).rejects.toMatchObject({ code: 'invalid_data' });
    for (const title of ['', 'x'.repeat(201), 'a\0'])
      await expect(
        messaging.createConversation(people[0]!, { members: ['p1', 'p2'], title, clientId: randomUUID() }),
      ).rejects.toMatchObject({ code: 'invalid_data', issues: [{ path: 'title' }] });
    expect(await count(database, 'conversation')).toBe(before);
    expect(events).toEqual([]);
  });

  test('a group of 30 shows its first 20 members, and a send reaches all of them in its own lane (I4)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const { conversation } = await messaging.createConversation(people[0]!, {
      members: everybodyBut('p0'),
      clientId: randomUUID(),
    });
    expect(conversation.memberCount).toBe(30);
    expect(conversation.members.map(({ id }) => id)).toEqual(ids.slice(0, 20));
    const { messaging: fresh, events: freshEvents } = recordingMessaging(database);
    await Promise.all([
      ...people.map((person, n) => messaging.send(person, text(n, conversation.id))),
      ...people.map((person, n) => fresh.send(person, text(n, conversation.id))),
    ]);
    for (const event of [...events.slice(1), ...freshEvents]) expect(event.recipients).toHaveLength(30);
    await expectContiguous(database);
  });

  test('a former member keeps what was there until removal, gets nothing new and sends nothing', async () => {
    const { messaging, events } = recordingMessaging(database);
    const [a, b, c] = people as [Sender, Sender, Sender];
    const { conversation } = await messaging.createConversation(a, { members: [b.id, c.id], clientId: randomUUID() });
    await messaging.send(a, text(1, conversation.id));
    await sql`update member set left_position = 1 where conversation = ${conversation.id} and person = ${c.key}`.execute(
      database.tables(),
    );
    await sql`insert into member (conversation, person, joined_position, place)
              values (${conversation.id}, ${people[3]!.key}, 1, 4)`.execute(database.tables());
    await messaging.send(a, text(2, conversation.id));
    const positions = async (person: Sender) =>
      (await messaging.history(person.key, { conversation: conversation.id })).messages.map(({ position }) => position);
    expect(await positions(a)).toEqual([2, 1]);
    expect(await positions(c)).toEqual([1]);
    expect(await positions(people[3]!)).toEqual([2]);
    expect(events.at(-1)!.recipients.map(({ owner }) => owner)).not.toContain(c.key);
    await expect(messaging.send(c, text(3, conversation.id))).rejects.toMatchObject({ code: 'not_found' });
    expect(await messaging.conversation(c.key, conversation.id)).toMatchObject({
      lastMessage: { position: 1 },
      unread: 1,
    });
    expect(await messaging.conversation(people[3]!.key, conversation.id)).toMatchObject({ unread: 1 });
  });

  test('a stranger’s view of a conversation, and of one that is not there, is not_found', async () => {
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, people[0]!, people[1]!);
    for (const id of [conversation, randomUUID(), 'nonsense']) {
      await expect(messaging.conversation(people[5]!.key, id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(messaging.history(people[5]!.key, { conversation: id })).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  test('pages of history stay in step while messages arrive, and miss nothing that asOf does not point to (I4)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const [a, b] = [people[6]!, people[7]!];
    const conversation = await makeDirect(messaging, a, b);
    for (let n = 0; n < 25; n++) await messaging.send(a, text(n, conversation));
    const seen: MessageView[] = [];
    let before: number | undefined;
    let asOf: number | undefined;
    do {
      const page = await messaging.history(b.key, { conversation, before, limit: 10 });
      asOf ??= page.asOf;
      seen.push(...page.messages);
      before = page.next;
      await messaging.send(a, text('meanwhile', conversation));
    } while (before !== undefined);
    expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: 25 }, (_, n) => 25 - n));
    const [later = []] = await messaging.read([{ owner: b.key, after: asOf!, limit: 100 }]);
    expect(later.map(({ data }) => data.toString())).toEqual(events.slice(-3).map(({ data }) => data.toString()));
  });

  test('a page of history ends earlier rather than be over 256 KiB', async () => {
    const { messaging } = recordingMessaging(database);
    const [a, b] = [people[8]!, people[9]!];
    const conversation = await makeDirect(messaging, a, b);
    await Promise.all(
      Array.from({ length: 40 }, () =>
        messaging.send(a, { conversation, text: '\u0001'.repeat(4000), clientId: randomUUID() }),
      ),
    );
    const positions: number[] = [];
    let before: number | undefined;
    do {
      const page = await messaging.history(b.key, { conversation, before, limit: 100 });
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(LIMITS.maxReplyBytes);
      positions.push(...page.messages.map(({ position }) => position));
      before = page.next;
    } while (before !== undefined);
    expect(positions).toEqual(Array.from({ length: 40 }, (_, n) => 40 - n));
  });

  test('the list is newest activity first; while others become active nothing comes twice and nothing quiet is missed', async () => {
    const { messaging } = recordingMessaging(database);
    const me = people[29]!;
    const made: string[] = [];
    for (let n = 10; n < 22; n++) {
      const conversation = await makeDirect(messaging, me, people[n]!);
      await messaging.send(people[n]!, text(n, conversation));
      made.push(conversation);
    }
    const expected = (await messaging.listConversations(me.key, { limit: 100 })).conversations;
    expect(expected.slice(0, 12).map(({ id }) => id)).toEqual(made.toReversed());
    expect(expected[0]).toMatchObject({ unread: 1, lastMessage: { text: 'message 21' } });
    const seen: ConversationView[] = [];
    const active: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await messaging.listConversations(me.key, { cursor, limit: 3 });
      expect(page.asOf).toBe((await messaging.heads([me.key])).get(me.key)!.head);
      seen.push(...page.conversations);
      cursor = page.next;
      // The oldest of those made becomes active, and so moves in front of the cursor.
      const oldest = made[active.length]!;
      await messaging.send(me, text('meanwhile', oldest));
      active.push(oldest);
    } while (cursor !== undefined);
    const seenIds = seen.map(({ id }) => id);
    expect(new Set(seenIds).size).toBe(seenIds.length);
    const quiet = expected.map(({ id }) => id).filter((id) => !active.includes(id));
    expect(seenIds.filter((id) => quiet.includes(id))).toEqual(quiet);
    for (const cursor of ['', 'nonsense', Buffer.from('1.x').toString('base64url')])
      await expect(messaging.listConversations(me.key, { cursor })).rejects.toMatchObject({
        code: 'invalid_data',
        issues: [{ path: 'cursor' }],
      });
    const nobody = await messaging.listConversations(-1);
    expect(nobody).toEqual({ conversations: [], asOf: 0 });
  });

  test('grants take turns: one that asks for hundreds delays another by a few, and has so many waiting and no more (I9)', async () => {
    const { messaging } = recordingMessaging(database);
    const greedy = await throughTunebox(database, people[27]!);
    const other = await throughTunebox(database, people[28]!);
    const create = (sender: Sender) =>
      messaging.createConversation(sender, { members: ['p1', 'p2'], clientId: randomUUID() });
    let made = 0;
    const flood = Promise.allSettled(Array.from({ length: 500 }, () => create(greedy).then(() => (made += 1))));
    await create(other);
    const { atOnce, waitingEach } = CREATION_LIMITS;
    // In one queue both would come after all of them.
    expect(made).toBeLessThan(waitingEach / 2);
    // How many of the flood are made meanwhile is the store's pace: the message itself takes no turn.
    await messaging.send(other, { to: 'p3', text: 'a first message', clientId: randomUUID() });
    const refused = (await flood).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused.map(({ code }) => code)).toEqual(Array(500 - atOnce - waitingEach).fill('rate_limited'));
    expect(made).toBe(atOnce + waitingEach);
    await create(greedy);
  });
});
