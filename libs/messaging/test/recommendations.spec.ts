import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { People } from '@drawbridge/people';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import {
  forgetting,
  type NewRecommendation,
  RECOMMENDATION_DAYS,
  REMOVED_PER_STEP,
  type RecommendationResult,
  type Sender,
} from '../src/index.js';
import { count, endGrant, expectContiguous, makePeople, recordingMessaging, text, throughTunebox } from './fixture.js';

const TITLE = { kind: 'film', id: 'r-1', name: 'The Bridge', url: 'https://reelhouse.example/films/r-1' };
const recommending = (to: readonly string[], more: Partial<NewRecommendation> = {}): NewRecommendation => ({
  to,
  title: TITLE,
  clientId: randomUUID(),
  ...more,
});
const parsed = (data: Buffer) => JSON.parse(data.toString()) as { message?: { id: string }; conversation?: object };
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(everyDatabase)('Recommendations, on %s', (kind) => {
  let database: Database;
  let alice: Sender;
  let app: Sender & { permit: string };
  let bob: Sender;
  let carol: Sender;

  beforeAll(async () => {
    database = await testDatabase(kind);
    const people = await makePeople(database, ['alice', 'bob', 'carol', 'dave', 'stranger']);
    [alice, bob, carol] = people as [Sender, Sender, Sender];
    const registry = new People(database);
    await registry.setContacts('alice', ['bob', 'carol', 'dave']);
    await registry.setBlocks('dave', ['alice']);
    app = await throughTunebox(database, alice, ['recommendations.send']);
  });
  afterEach(() => expectContiguous(database));
  afterAll(() => database.close());

  test('each friend gets a message of it, in the conversation with them, which is made if need be (I3, I4)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const { message: before } = await messaging.send(alice, { to: 'bob', text: 'hello', clientId: randomUUID() });
    events.length = 0;
    const request = recommending(['carol', 'bob'], { note: 'Watch it to the end.' });
    const { sent, duplicate } = await messaging.recommend(app, request);
    expect(duplicate).toBe(false);
    expect(sent).toEqual(['carol', 'bob'].map((to) => ({ to, message: expect.stringMatching(UUID_V7) })));

    const { conversations } = await messaging.listConversations(alice.key);
    expect(conversations).toHaveLength(2);
    for (const { to, message: id } of sent) {
      const friend = to === 'bob' ? bob : carol;
      const { messages } = await messaging.history(friend.key, {
        conversation: conversations.find(({ members }) => members.some((member) => member.id === to))!.id,
        limit: 1,
      });
      expect(messages[0]).toEqual({
        id,
        conversation: expect.any(String),
        position: to === 'bob' ? before.position + 1 : 1,
        from: { id: 'alice', name: alice.name },
        kind: 'recommendation',
        title: TITLE,
        note: 'Watch it to the end.',
        via: { app: 'Tunebox' },
        reactions: [],
        sentAt: expect.any(String),
      });
      const event = events.find(({ data }) => parsed(data).message?.id === id)!;
      expect(event).toMatchObject({ name: 'message.created', own: { person: alice.key, clientId: request.clientId } });
      expect(event.recipients.map(({ owner }) => owner)).toEqual([alice.key, friend.key]);
      for (const { owner, seq } of event.recipients) {
        const [stored = []] = await messaging.read([{ owner, after: seq - 1, limit: 1 }]);
        expect(stored[0]!.data.equals(event.data)).toBe(true);
      }
    }
    // Carol's conversation is new, and comes right before the message.
    expect(events.map(({ name }) => name).toSorted()).toEqual([
      'conversation.created',
      'message.created',
      'message.created',
    ]);
    const { lastMessage, unread } = (await messaging.listConversations(carol.key)).conversations[0]!;
    expect({ lastMessage, unread }).toMatchObject({ lastMessage: { kind: 'recommendation', title: TITLE }, unread: 1 });
    for (const { unread: own } of (await messaging.listConversations(alice.key)).conversations) expect(own).toBe(0);
  });

  test('strangers, who blocked the person, nobody and the person are answered like friends, and nothing is made', async () => {
    const { messaging, events } = recordingMessaging(database);
    const before = [await count(database, 'message'), await count(database, 'conversation')];
    const to = ['stranger', 'dave', 'nobody', 'not an id', 'alice', 'dave'];
    const { sent } = await messaging.recommend(app, recommending(to));
    expect(sent).toEqual([...new Set(to)].map((id) => ({ to: id, message: expect.stringMatching(UUID_V7) })));
    expect(new Set(sent.map(({ message }) => message)).size).toBe(5);
    expect(events).toEqual([]);
    expect([await count(database, 'message'), await count(database, 'conversation')]).toEqual(before);
  });

  test('a retry gives the first answer, for whoever it was, and sends nothing; other content is a conflict (I5)', async () => {
    const { messaging, events } = recordingMessaging(database);
    const request = recommending(['nobody', 'bob', 'stranger']);
    const [first, atOnce] = await Promise.all([messaging.recommend(app, request), messaging.recommend(app, request)]);
    expect(atOnce).toEqual({ sent: first.sent, duplicate: true });
    events.length = 0;
    // A process that was started since, letters of another case, another order; and a stranger who is a friend by now.
    await new People(database).setContacts('alice', ['bob', 'carol', 'dave', 'stranger']);
    const again = await recordingMessaging(database).messaging.recommend(app, {
      ...request,
      to: ['stranger', 'nobody', 'bob', 'bob'],
      clientId: request.clientId.toUpperCase(),
    });
    const answered = (result: RecommendationResult) => new Map(result.sent.map(({ to, message }) => [to, message]));
    expect(answered(again)).toEqual(answered(first));
    expect(again.duplicate).toBe(true);
    expect(events).toEqual([]);
    for (const other of [{ to: ['bob'] }, { note: 'and a note' }, { title: { ...TITLE, name: 'Another' } }])
      await expect(messaging.recommend(app, { ...request, ...other })).rejects.toMatchObject({ code: 'conflict' });
    // The client ids of messages are apart from those of recommendations, and so are another app's.
    const sent = await messaging.send(alice, { to: 'bob', text: 'hello', clientId: request.clientId });
    expect(sent.duplicate).toBe(false);
    expect((await messaging.recommend(alice, request)).duplicate).toBe(false);
    await new People(database).setContacts('alice', ['bob', 'carol', 'dave']);
  });

  test('answers are remembered for so long, and then forgotten whether or not the person recommends again (I5, I9)', async () => {
    const { messaging } = recordingMessaging(database);
    const [old, young] = [recommending(['bob']), recommending(['bob'])];
    const first = await messaging.recommend(app, old);
    await messaging.recommend(app, young);
    const age = (clientId: string, days: number) =>
      sql`update recommendation_request set created_at = created_at - ${days}::integer * interval '1 day'
           where client_id = ${clientId}`.execute(database.tables());
    await age(young.clientId, RECOMMENDATION_DAYS - 1);
    await age(old.clientId, RECOMMENDATION_DAYS + 1);
    // No recommendation looks at those before it: of a person there may be a million.
    await messaging.recommend(app, recommending(['bob']));
    expect(await messaging.recommend(app, old)).toEqual({ ...first, duplicate: true });
    await sql`
      insert into recommendation_request
      select -1, 'app', n::text, '', '{}', clock_timestamp() - interval '1 year' from generate_series(1, ${REMOVED_PER_STEP}::integer) n
    `.execute(database.tables());
    const chore = forgetting(database);
    expect(await chore.step('')).toEqual({ removed: REMOVED_PER_STEP, next: 'on' });
    expect(await chore.step('on')).toEqual({ removed: 1 });
    expect(await messaging.recommend(app, young)).toMatchObject({ duplicate: true });
    expect(await messaging.recommend(app, old)).toMatchObject({ duplicate: false });
  });

  test('what one connection sends into a conversation is there in the order in which it was sent', async () => {
    const { messaging } = recordingMessaging(database);
    const both = await throughTunebox(database, alice, ['recommendations.send', 'messages.send']);
    const { message } = await messaging.send(both, { to: 'bob', text: 'first', clientId: randomUUID() });
    const { conversation } = message;
    await Promise.all([
      messaging.send(both, text('before', conversation)),
      messaging.recommend(both, recommending(['carol', 'bob'])),
      messaging.send(both, text('between', conversation)),
      messaging.recommend(both, recommending(['bob'])),
      messaging.send(both, { to: 'bob', text: 'after', clientId: randomUUID() }),
    ]);
    const { messages } = await messaging.history(bob.key, { conversation, limit: 5 });
    expect(messages.map(({ kind, text: words }) => words ?? kind).toReversed()).toEqual([
      'message before',
      'recommendation',
      'message between',
      'recommendation',
      'after',
    ]);
  });

  test('whoever recommends to each other at once makes one conversation, and loses nothing (I3, I4)', async () => {
    const { messaging } = recordingMessaging(database);
    const others = await makePeople(database, ['erin', 'frank', 'grace', 'heidi']);
    const instances = [messaging, recordingMessaging(database).messaging];
    const all = await Promise.all(
      others.flatMap((sender, n) =>
        [0, 1, 2].map((m) =>
          instances[(n + m) % 2]!.recommend(
            sender,
            recommending(others.filter((other) => other !== sender).map(({ id }) => id)),
          ),
        ),
      ),
    );
    const ids = all.flatMap(({ sent }) => sent.map(({ message }) => message));
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from message where id = any (${ids}::uuid[])`.execute(database.tables());
    expect(rows[0]!.n).toBe(36);
    for (const { key } of others) {
      const { conversations } = await messaging.listConversations(key);
      expect(conversations).toHaveLength(3);
    }
  });

  test('nothing is stored without a grant that stands and has the scope (I2)', async () => {
    const { messaging } = recordingMessaging(database);
    const before = await count(database, 'message');
    const without = await throughTunebox(database, alice, ['messages.send']);
    const ended = await throughTunebox(database, alice, ['recommendations.send']);
    await endGrant(database, ended.permit);
    for (const sender of [without, ended])
      for (const to of ['bob', 'nobody'])
        await expect(messaging.recommend(sender, recommending([to]))).rejects.toMatchObject({ code: 'consent_ended' });
    const unproved = recordingMessaging(database, { mayCommit: () => false });
    await expect(unproved.messaging.recommend(app, recommending(['bob']))).rejects.toMatchObject({
      code: 'consent_unverifiable',
    });
    expect(await count(database, 'message')).toBe(before);
  });

  test('an app that may not read cannot find out by changing or answering it which message is there', async () => {
    const { messaging } = recordingMessaging(database);
    const blind = await throughTunebox(database, alice, ['recommendations.send', 'messages.send']);
    const { sent } = await messaging.recommend(blind, recommending(['bob', 'stranger']));
    const { message: own } = await messaging.send(blind, { to: 'bob', text: 'hello', clientId: randomUUID() });
    for (const { message } of sent) {
      for (const change of [
        { kind: 'edit', message, text: 'a text' },
        { kind: 'delete', message },
        { kind: 'react', message, emoji: '🔥' },
        { kind: 'unreact', message, emoji: '🔥' },
      ] as const)
        await expect(messaging.change(blind, change)).rejects.toMatchObject({
          code: 'not_found',
          message: 'There is no such message that this person may change.',
        });
      const answer = messaging.send(blind, { ...text('answer', own.conversation), replyTo: message });
      await expect(answer).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('who may read it reacts to it, answers it and takes it back, and then it says nothing any more', async () => {
    const { messaging, events } = recordingMessaging(database);
    const reading = await throughTunebox(database, alice);
    const { sent } = await messaging.recommend(app, recommending(['bob'], { note: 'A note' }));
    const { message } = sent[0]!;
    await expect(messaging.change(reading, { kind: 'edit', message, text: 'a text' })).rejects.toMatchObject({
      code: 'not_found',
    });
    const reacted = await messaging.change(bob, { kind: 'react', message, emoji: '🔥' });
    expect(reacted).toMatchObject({ kind: 'recommendation', title: TITLE, reactions: [{ emoji: '🔥' }] });
    const answer = { ...text('answer', reacted.conversation), replyTo: message };
    expect((await messaging.send(reading, answer)).message.replyTo).toBe(message);
    await expect(messaging.change(bob, { kind: 'delete', message })).rejects.toMatchObject({ code: 'not_found' });
    const deleted = await messaging.change(reading, { kind: 'delete', message });
    expect(deleted).toEqual({
      id: message,
      conversation: reacted.conversation,
      position: reacted.position,
      from: { id: 'alice', name: alice.name },
      kind: 'recommendation',
      via: { app: 'Tunebox' },
      reactions: [],
      sentAt: reacted.sentAt,
      deletedAt: expect.any(String),
    });
    expect(events.at(-1)!.data.toString()).not.toContain('The Bridge');
    const { rows } = await sql<{ found: boolean }>`
      select exists (select from message m where id = ${message} and to_jsonb(m)::text like '%The Bridge%') as found`.execute(
      database.tables(),
    );
    expect(rows).toEqual([{ found: false }]);
  });

  test.each([
    ['nobody named', 'to', { to: [] }],
    ['21 people', 'to', { to: Array.from({ length: 21 }, (_, n) => `p${n}`) }],
    ['http', 'title.url', { title: { ...TITLE, url: 'http://reelhouse.example/' } }],
    ['a long name', 'title.name', { title: { ...TITLE, name: 'x'.repeat(201) } }],
    ['a long note', 'note', { note: '😀'.repeat(281) }],
    ['a NUL', 'note', { note: 'a\0b' }],
    ['no UUID', 'clientId', { clientId: 'c-1' }],
  ])('what cannot be sent is refused: %s', async (_, path, more) => {
    const { messaging } = recordingMessaging(database);
    await expect(messaging.recommend(app, { ...recommending(['bob']), ...more })).rejects.toMatchObject({
      code: 'invalid_data',
      issues: [{ path }],
    });
  });
});
