import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { People } from '@drawbridge/people';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { MAX_UNRESOLVED } from '../src/arrivals.js';
import { LANE_LIMITS, type Sender } from '../src/index.js';
import {
  count,
  endGrant,
  expectContiguous,
  makeDirect,
  makePeople,
  recordingMessaging,
  text,
  throughTunebox,
} from './fixture.js';

const parsed = (data: Buffer) => JSON.parse(data.toString()) as { message: unknown };

describe.each(everyDatabase)('Sends, on %s', (kind) => {
  let database: Database;
  let alice: Sender;
  let bob: Sender;
  let carol: Sender;
  let dave: Sender;

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

  test('a message that got its answer is stored, and in every member’s mailbox (I3)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    events.length = 0;
    const request = text('hello', conversation);
    const { message, seq, duplicate } = await messaging.send(alice, request);

    expect(duplicate).toBe(false);
    expect(message).toMatchObject({ conversation, from: { id: 'alice' }, text: 'message hello', reactions: [] });
    expect(message).not.toHaveProperty('via');
    expect(message.sentAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(events).toHaveLength(1);
    const [event] = events;
    expect(parsed(event!.data)).toEqual({ message });
    expect(event!.own).toEqual({ person: alice.key, app: '', clientId: request.clientId });
    expect(event!.recipients.map(({ owner }) => owner).toSorted()).toEqual([alice.key, bob.key].toSorted());
    expect(event!.recipients).toContainEqual({ owner: alice.key, seq });
    for (const { owner, seq } of event!.recipients) {
      const [stored = []] = await messaging.read([{ owner, after: seq - 1, limit: 10 }]);
      expect(stored).toHaveLength(1);
      expect(stored[0]).toMatchObject({ seq, name: 'message.created' });
      expect(stored[0]!.data.equals(event!.data)).toBe(true);
      expect(stored[0]!.ownClientId).toEqual(owner === alice.key ? { app: '', clientId: request.clientId } : undefined);
    }
  });

  test('the other side sees through which app a message came, live and from the store alike', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const first = await messaging.send(bob, text('first', conversation));
    const app = await throughTunebox(database, alice);
    const { message } = await messaging.send(app, { ...text('reply', conversation), replyTo: first.message.id });
    expect(message).toMatchObject({ via: { app: 'Tunebox' }, replyTo: first.message.id });
    const mine = events.at(-1)!.recipients.find(({ owner }) => owner === bob.key)!;
    const [[stored] = []] = await messaging.read([{ owner: bob.key, after: mine.seq - 1, limit: 1 }]);
    expect(stored!.data.toString()).toBe(events.at(-1)!.data.toString());
  });

  test.each([
    ['emoji', '👩‍👩‍👧‍👦 and 🏳️‍🌈 and 𝄞'],
    ['right-to-left text', 'שלום, مرحبا \u202Eabc\u202C'],
    ['combining marks, unnormalised', 'e\u0301 \u00e9 A\u030a Å'],
    ['newlines, tabs and controls', '\r\n line\n\n\t\u0001\u007f\u2028\u2029\\n "quoted" '],
    ['a lot of code points', '😀'.repeat(4000)],
  ])('text is kept byte for byte: %s', async (_, words) => {
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const { message } = await messaging.send(alice, { ...text(0, conversation), text: words });
    expect(message.text).toBe(words);
    const { messages } = await messaging.history(bob.key, { conversation, limit: 1 });
    expect(messages[0]).toEqual(message);
  });

  test.each([
    ['empty', ''],
    ['of 4001 code points', '😀'.repeat(4001)],
    ['with a lone surrogate', 'a\ud800b'],
    ['with a NUL', 'a\0b'],
  ])('text %s is refused and stores nothing', async (_, words) => {
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const before = await count(database, 'message');
    await expect(messaging.send(alice, { ...text(0, conversation), text: words })).rejects.toMatchObject({
      code: 'invalid_data',
      issues: [{ path: 'text' }],
    });
    expect(await count(database, 'message')).toBe(before);
  });

  test('a retry gives the first result and stores nothing; other content is a conflict (I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const elsewhere = await makeDirect(messaging, alice, carol);
    const request = { ...text('once', conversation), clientId: randomUUID().toUpperCase() };
    const first = await messaging.send(alice, request);
    const before = { messages: await count(database, 'message'), events: events.length };
    expect(await messaging.send(alice, request)).toEqual({ ...first, duplicate: true });
    expect(await messaging.send(alice, { ...request, conversation: conversation.toUpperCase() })).toEqual({
      ...first,
      duplicate: true,
    });
    const conflict = { code: 'conflict' };
    await expect(messaging.send(alice, { ...request, text: 'other' })).rejects.toMatchObject(conflict);
    await expect(messaging.send(alice, { ...request, conversation: elsewhere })).rejects.toMatchObject(conflict);
    await expect(messaging.send(alice, { ...request, replyTo: first.message.id })).rejects.toMatchObject(conflict);
    expect({ messages: await count(database, 'message'), events: events.length }).toEqual(before);

    // Another person, and the same person through another app, have client ids of their own.
    const bobs = await messaging.send(bob, request);
    const viaApp = await messaging.send(await throughTunebox(database, alice), request);
    expect(new Set([first.message.id, bobs.message.id, viaApp.message.id]).size).toBe(3);
  });

  test('a clientId is a UUID, so a retry in other letters is the same; the event keeps those of the first (I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const clientId = `ABCDEFab${randomUUID().slice(8)}`;
    const request = { ...text('letters', conversation), clientId };
    const [upper, lower] = [clientId.toUpperCase(), clientId.toLowerCase()];
    events.length = 0;
    const together = await Promise.all([
      messaging.send(alice, request),
      messaging.send(alice, { ...request, clientId: upper }),
    ]);
    const [first] = together;
    expect(together.map(({ duplicate }) => duplicate)).toEqual([false, true]);
    for (const retry of [
      { ...request, clientId: lower },
      { ...request, clientId: upper },
      { ...request, clientId: upper, conversation: undefined, to: bob.id },
    ])
      expect(await messaging.send(alice, retry)).toEqual({ ...first, duplicate: true });
    for (const to of [undefined, carol.id, 'nobody']) {
      const other = { ...request, clientId: lower, ...(to ? { conversation: undefined, to } : { text: 'other' }) };
      await expect(messaging.send(alice, other)).rejects.toMatchObject({ code: 'conflict' });
    }
    expect(events.map(({ own }) => own?.clientId)).toEqual([clientId]);
    const [[stored] = []] = await messaging.read([{ owner: alice.key, after: first!.seq - 1, limit: 1 }]);
    expect(stored!.ownClientId).toEqual({ app: '', clientId });
  });

  test('duplicates within one batch are one message, and the order of the others holds (I4, I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const nobody = randomUUID();
    events.length = 0;
    const twice = text('twice', conversation);
    const results = await Promise.allSettled([
      messaging.send(alice, { ...twice, conversation: nobody }),
      messaging.send(alice, text('before', conversation)),
      messaging.send(alice, twice),
      messaging.send(alice, text('between', conversation)),
      messaging.send(alice, twice),
      messaging.send(alice, { ...twice, text: 'other' }),
    ]);
    const [missing, before, first, between, second, other] = results;
    expect(missing).toMatchObject({ reason: { code: 'not_found' } });
    expect(other).toMatchObject({ reason: { code: 'conflict' } });
    expect([before, first, between].map((r) => r!.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(second).toEqual({
      status: 'fulfilled',
      value: { ...(first as PromiseFulfilledResult<object>).value, duplicate: true },
    });
    expect(events.map(({ data }) => (parsed(data).message as { text: string }).text)).toEqual([
      'message before',
      'message twice',
      'message between',
    ]);
    await expectContiguous(database);
  });

  test('an ended permit stores nothing and says so, in the same batch as one that stands (I2, I6)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    events.length = 0;
    const ending = await throughTunebox(database, alice);
    const standing = await throughTunebox(database, alice);
    const sentBefore = text('sent before', conversation);
    await messaging.send(ending, sentBefore);
    await endGrant(database, ending.permit);
    const before = await count(database, 'message');
    const ended = { reason: { code: 'consent_ended' } };
    expect(
      await Promise.allSettled([
        messaging.send(ending, text('too late', conversation)),
        messaging.send(standing, text('in time', conversation)),
        messaging.send(alice, text('of the platform', conversation)),
        messaging.send(ending, sentBefore),
        messaging.send(ending, { to: carol.id, text: 'x', clientId: randomUUID() }),
        messaging.createConversation(ending, { members: [carol.id, dave.id], clientId: randomUUID() }),
      ]),
    ).toMatchObject([ended, { status: 'fulfilled' }, { status: 'fulfilled' }, ended, ended, ended]);
    expect(await count(database, 'message')).toBe(before + 2);
    expect(events).toHaveLength(3);
  });

  test('without proof of consent a partner’s send does not leave; the platform’s does (I6)', async () => {
    let proven = true;
    const { messaging } = recordingMessaging(database, { mayCommit: () => proven });
    const conversation = await makeDirect(messaging, alice, bob);
    const app = await throughTunebox(database, alice);
    proven = false;
    const request = text('unproven', conversation);
    const unverifiable = { reason: { code: 'consent_unverifiable' } };
    expect(
      await Promise.allSettled([
        messaging.send(app, request),
        messaging.send(alice, text('platform', conversation)),
        messaging.createConversation(app, { members: [carol.id, dave.id], clientId: randomUUID() }),
      ]),
    ).toMatchObject([unverifiable, { status: 'fulfilled' }, unverifiable]);
    proven = true;
    expect(await messaging.send(app, request)).toMatchObject({ duplicate: false });
  });

  test('one send that cannot be stored harms no other of its batch (I3)', async () => {
    const { messaging, logged } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    // No grant has such an id; PostgreSQL refuses the whole statement for it.
    const broken: Sender = { ...alice, app: 'tunebox-desktop', permit: 'not an id' };
    const sends = Array.from({ length: 20 }, (_, n) =>
      messaging.send(n === 7 || n === 13 ? broken : alice, text(n, conversation)),
    );
    const results = await Promise.allSettled(sends);
    expect(results.flatMap((r, n) => (r.status === 'rejected' ? [n] : []))).toEqual([7, 13]);
    expect(results[7]).toMatchObject({ reason: { code: 'invalid_data' } });
    const positions = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value.message.position] : []));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(logged).toEqual(['a send cannot be stored', 'a send cannot be stored']);
    await expectContiguous(database);
  });

  test('a conversation of others, one that is not there, and what is no id are one and the same not_found', async () => {
    const { messaging } = recordingMessaging(database);
    const others = await makeDirect(messaging, bob, carol);
    const own = await makeDirect(messaging, alice, bob);
    const theirs = await messaging.send(bob, text('theirs', others));
    const errors = await Promise.all(
      [
        text(0, others),
        text(0, randomUUID()),
        text(0, 'nonsense'),
        { ...text(0, own), replyTo: theirs.message.id },
        { ...text(0, own), replyTo: randomUUID() },
        { ...text(0, own), replyTo: 'nonsense' },
      ].map((request) =>
        messaging.send(alice, request).catch((error: Error) => ({ ...error, message: error.message })),
      ),
    );
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'not_found' });
  });

  test('a send with `to` finds or makes the one direct conversation and keeps its place in the order (I4)', async () => {
    const [erin, frank] = (await makePeople(database, ['erin', 'frank'])) as [Sender, Sender];
    const { messaging, events } = recordingMessaging(database);
    const to = (n: number) => ({ to: frank.id, text: `to ${n}`, clientId: randomUUID() });
    const requests = [to(0), to(1), to(2)];
    const sent = await Promise.all(requests.map((request) => messaging.send(erin, request)));
    const conversation = sent[0]!.message.conversation;
    expect(sent.map(({ message }) => [message.conversation, message.position])).toEqual([
      [conversation, 1],
      [conversation, 2],
      [conversation, 3],
    ]);
    expect(events.map(({ name }) => name)).toEqual(['conversation.created', ...Array(3).fill('message.created')]);
    const mixed = await Promise.all([
      messaging.send(frank, { to: erin.id, text: 'a', clientId: randomUUID() }),
      messaging.send(frank, text('b', conversation)),
      messaging.send(frank, { to: erin.id, text: 'c', clientId: randomUUID() }),
      messaging.send(frank, text('d', conversation)),
    ]);
    expect(mixed.map(({ message }) => message.position)).toEqual([4, 5, 6, 7]);
    expect(await messaging.send(erin, requests[0]!)).toEqual({ ...sent[0], duplicate: true });
    expect(await messaging.send(erin, { ...requests[1]!, to: undefined, conversation })).toEqual({
      ...sent[1],
      duplicate: true,
    });
  });

  test('sends with `to` that wait are bounded for each grant: one app’s flood costs the person’s others nothing (I9)', async () => {
    const [rosa, sven] = (await makePeople(database, ['rosa', 'sven'])) as [Sender, Sender];
    const { messaging } = recordingMessaging(database);
    const flooding = await throughTunebox(database, rosa);
    const other = await throughTunebox(database, rosa);
    const to = (n: number) => ({ to: sven.id, text: `to ${n}`, clientId: randomUUID() });
    const flood = Promise.allSettled(
      Array.from({ length: MAX_UNRESOLVED + 10 }, (_, n) => messaging.send(flooding, to(n))),
    );
    const others = await Promise.allSettled([messaging.send(other, to(0)), messaging.send(rosa, to(0))]);
    expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const outcomes = await flood;
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(Array(10).fill('rate_limited'));
    expect(outcomes.slice(0, MAX_UNRESOLVED).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  test('who is no contact, does not exist, or blocked the person gives the same answer; a retry is answered before that (I5)', async () => {
    const ids = ['gina', 'hans', 'ines', 'joan'];
    const [gina, hans, ines, joan] = (await makePeople(database, ids)) as [Sender, Sender, Sender, Sender];
    const people = new People(database);
    const { messaging } = recordingMessaging(database);
    const request = { to: hans.id, text: 'hi', clientId: randomUUID() };
    const first = await messaging.send(gina, request);
    await people.setContacts(gina.id, [ines.id]);
    await people.setBlocks(ines.id, [gina.id]);
    const before = { messages: await count(database, 'message'), conversations: await count(database, 'conversation') };
    const answers = await Promise.all(
      [hans.id, joan.id, ines.id, 'nobody', gina.id, 'no id\0'].map((to) =>
        messaging
          .send(gina, { to, text: 'hi', clientId: randomUUID() })
          .catch((error: Error) => ({ ...error, message: error.message })),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ code: 'not_found' });
    expect(await messaging.send(gina, request)).toEqual({ ...first, duplicate: true });
    // The client id of a message sent before: a conflict, whoever `to` is.
    for (const to of [joan.id, 'nobody'])
      await expect(messaging.send(gina, { ...request, to })).rejects.toMatchObject({ code: 'conflict' });
    expect({
      messages: await count(database, 'message'),
      conversations: await count(database, 'conversation'),
    }).toEqual(before);
    // A block ends what the other can send in the direct conversation, too.
    await people.setBlocks(hans.id, [gina.id]);
    await expect(messaging.send(gina, text('blocked', first.message.conversation))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('sending moves one’s own readUpTo, and unread counts the others’ messages after it', async () => {
    const { messaging } = recordingMessaging(database);
    const [kate, liam] = (await makePeople(database, ['kate', 'liam'])) as [Sender, Sender];
    const conversation = await makeDirect(messaging, kate, liam);
    expect(await messaging.conversation(kate.key, conversation)).toMatchObject({ unread: 0 });
    await messaging.send(kate, text(1, conversation));
    await messaging.send(kate, text(2, conversation));
    const { message } = await messaging.send(liam, text(3, conversation));
    const kates = await messaging.conversation(kate.key, conversation);
    expect(kates).toMatchObject({ unread: 1, readUpTo: 2, lastMessage: message });
    expect(kates.receipts).toEqual([
      { person: 'kate', deliveredUpTo: 2, readUpTo: 2 },
      { person: 'liam', deliveredUpTo: 3, readUpTo: 3 },
    ]);
    expect(await messaging.conversation(liam.key, conversation)).toMatchObject({ unread: 0, readUpTo: 3 });
  });

  test('what waits for the store is bounded (I9)', async () => {
    const { messaging } = recordingMessaging(database);
    const conversation = await makeDirect(messaging, alice, bob);
    const sends = Array.from({ length: LANE_LIMITS.maxQueuedSends + 10 }, (_, n) =>
      messaging.send(alice, text(n, conversation)).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
    );
    await messaging.drain();
    const outcomes = await Promise.all(sends);
    expect(outcomes.slice(-10)).toEqual(Array(10).fill('unavailable'));
    expect(outcomes.indexOf('unavailable')).toBeGreaterThan(0);
    const stored = outcomes.filter((outcome) => outcome === 'ok').length;
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from message where conversation = ${conversation}`.execute(database.tables());
    expect(rows[0]!.n).toBeGreaterThanOrEqual(stored);
    await expectContiguous(database);
  });
});

test('to somebody who is no contact, does not exist, or blocked the person, the same statements run', async () => {
  await using database = await testDatabase('pglite');
  const [alice] = (await makePeople(database, ['alice', 'stella', 'blanche'])) as [Sender];
  const people = new People(database);
  await people.setContacts('alice', ['blanche']);
  await people.setBlocks('blanche', ['alice']);
  const { messaging } = recordingMessaging(database);
  const texts: string[] = [];
  const query = database.pglite!.query.bind(database.pglite);
  database.pglite!.query = (text, ...rest) => {
    texts.push(text);
    return query(text, ...rest);
  };
  const ran: Record<string, string[]>[] = [];
  for (const id of ['stella', 'blanche', 'nobody']) {
    const clientId = randomUUID();
    await expect(messaging.send(alice, { to: id, text: 'Hello', clientId })).rejects.toMatchObject({
      code: 'not_found',
    });
    const send = texts.splice(0);
    const creating = messaging.createConversation(alice, { members: [id], clientId });
    await expect(creating).rejects.toMatchObject({ code: 'not_found' });
    ran.push({ send, create: texts.splice(0) });
  }
  expect(ran[0]).toEqual({
    send: [expect.stringContaining('direct_low'), expect.stringContaining('create_conversation')],
    create: [expect.stringContaining('create_conversation')],
  });
  expect(ran).toEqual([ran[0], ran[0], ran[0]]);
});
