import { randomUUID } from 'node:crypto';
import { type Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { ChangeOfGroup, ConversationView, Sender } from '../src/index.js';
import { MAX_STAYS } from '../src/sql/update-group.js';
import { expectContiguous, makeDirect, makePeople, type Recorded, recordingMessaging } from './fixture.js';

describe.each(everyDatabase)('Groups whose members come and go, on %s', (kind) => {
  let database: Database;
  let recorded: Recorded;
  let people: Sender[];
  let [alice, bob, carol, dave]: Sender[] = [];
  let group: string;

  beforeAll(async () => {
    database = await testDatabase(kind);
    people = await makePeople(database, ['alice', 'bob', 'carol', 'dave']);
    [alice, bob, carol, dave] = people;
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    recorded = recordingMessaging(database);
    const made = await recorded.messaging.createConversation(alice!, {
      members: ['bob', 'carol'],
      title: 'Songs',
      clientId: randomUUID(),
    });
    group = made.conversation.id;
    recorded.events.length = 0;
  });

  const update = (who: Sender | undefined, change: Omit<ChangeOfGroup, 'conversation'>) =>
    recorded.messaging.updateGroup(who!, { conversation: group, ...change });
  const send = async (who: Sender | undefined, text: string) =>
    (await recorded.messaging.send(who!, { conversation: group, text, clientId: randomUUID() })).message;
  const textsOf = async (who: Sender | undefined) =>
    (await recorded.messaging.history(who!.key, { conversation: group })).messages.map(({ text }) => text).toReversed();
  const idsOf = ({ members }: ConversationView) => members.map(({ id }) => id);
  const told = () =>
    recorded.events.map(({ name, data, recipients }) => [
      name,
      idsOf((JSON.parse(String(data)) as { conversation: ConversationView }).conversation),
      recipients.map(({ owner }) => people.find(({ key }) => key === owner)!.id).toSorted(),
    ]);
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'ok',
      ({ code }) => code as string,
    );

  test('who is added sees it made, the others see it changed, and again is nothing (I5)', async () => {
    const changed = await update(bob, { title: 'Songs and films', add: ['dave'] });
    expect(changed).toMatchObject({ title: 'Songs and films', memberCount: 4 });
    expect(told()).toEqual([
      ['conversation.created', ['alice', 'bob', 'carol', 'dave'], ['dave']],
      ['conversation.updated', ['alice', 'bob', 'carol', 'dave'], ['alice', 'bob', 'carol']],
    ]);
    expect(await update(bob, { title: 'Songs and films', add: ['dave'] })).toMatchObject({ memberCount: 4 });
    expect(recorded.events).toHaveLength(2);
    await expectContiguous(database);
  });

  test('somebody who comes sees what is sent from then on, and somebody who goes keeps what was there until then', async () => {
    await send(alice, 'one');
    await update(alice, { add: ['dave'] });
    await send(alice, 'two');
    await update(alice, { remove: ['dave'], title: 'Without Dave' });
    await send(alice, 'three');
    expect(await textsOf(dave)).toEqual(['two']);
    expect(await codeOf(send(dave, 'let me in'))).toBe('not_found');
    await update(alice, { title: 'Later', remove: ['carol'] });
    const kept = await recorded.messaging.conversation(dave!.key, group);
    expect([kept.title, kept.memberCount, idsOf(kept), kept.lastMessage?.text]).toEqual([
      'Songs',
      3,
      ['alice', 'bob', 'carol'],
      'two',
    ]);
    const listed = (await recorded.messaging.listConversations(dave!.key)).conversations.find(({ id }) => id === group);
    const { receipts: _, ...alike } = kept;
    expect(listed).toEqual(alike);
    // Away all the time: what the mailbox tells is no more than that.
    const [events] = await recorded.messaging.read([{ owner: dave!.key, after: 0, limit: 256 }]);
    expect(JSON.stringify(events!.map(({ data }) => String(data)))).not.toMatch(/Later|Without Dave|three/);

    await update(alice, { add: ['dave'] });
    await send(alice, 'four');
    expect(await textsOf(dave)).toEqual(['two', 'four']);
    expect((await recorded.messaging.conversation(dave!.key, group)).title).toBe('Later');
    await expectContiguous(database);
  });

  test('gone and back without a message in between is as if never gone, twice over', async () => {
    await send(alice, 'before');
    for (let n = 0; n < 2; n++) {
      await update(bob, { remove: ['bob'] });
      await update(alice, { add: ['bob'] });
    }
    await send(bob, 'back');
    expect(await textsOf(bob)).toEqual(['before', 'back']);
  });

  test('somebody comes to a group so often and no more, because each time that they left stays a row (I9)', async () => {
    await sql`
      insert into member (conversation, person, joined_position, left_position, place, joined_revision, left_revision)
      select ${group}::uuid, ${dave!.key}::bigint, -n, -n, 0, -n, -n from generate_series(1, ${MAX_STAYS - 1}::integer) n`.execute(
      database.tables(),
    );
    expect(await update(alice, { add: ['dave'] })).toMatchObject({ memberCount: 4 });
    await send(alice, 'in between');
    await update(dave, { remove: ['dave'] });
    await send(alice, 'without dave');
    expect(await codeOf(update(alice, { add: ['dave'] }))).toBe('not_found');
    const { memberCount, members } = await recorded.messaging.conversation(bob!.key, group);
    expect([memberCount, idsOf({ members } as ConversationView)]).toEqual([3, ['alice', 'bob', 'carol']]);
  });

  test('how far somebody has read does not go back when they come back after messages', async () => {
    const seen = async () => (await recorded.messaging.conversation(bob!.key, group)).readUpTo;
    const { position } = await send(alice, 'before');
    await recorded.messaging.markRead(bob!, group, position);
    await update(bob, { remove: ['bob'] });
    await send(alice, 'without Bob');
    await update(alice, { add: ['bob'] });
    expect(await seen()).toBe(position);
    await send(alice, 'with Bob');
    expect(await recorded.messaging.conversation(bob!.key, group)).toMatchObject({ unread: 1, readUpTo: position });
  });

  test('the creator removes others, everybody may leave, and after the creator whoever was in it longest removes', async () => {
    expect(await codeOf(update(bob, { remove: ['carol'] }))).toBe('not_found');
    const left = await update(alice, { remove: ['alice'] });
    expect(idsOf(left)).toEqual(['bob', 'carol']);
    expect(told()).toEqual([
      ['conversation.updated', ['bob', 'carol'], ['bob', 'carol']],
      ['conversation.updated', ['bob', 'carol'], ['alice']],
    ]);
    expect(await codeOf(update(alice, { title: 'Mine again' }))).toBe('not_found');
    await update(bob, { add: ['alice'] });
    expect(await codeOf(update(alice, { remove: ['bob'] }))).toBe('not_found');
    expect(idsOf(await update(bob, { remove: ['alice'] }))).toEqual(['bob', 'carol']);
    await update(carol, { remove: ['carol'] });
    expect(idsOf(await update(bob, { remove: ['bob'] }))).toEqual([]);
    expect(await codeOf(send(bob, 'nobody hears this'))).toBe('not_found');
  });

  test('strangers, blockers and nobody are added by nobody, with one answer, and nothing else of the change is done', async () => {
    await sql`insert into block (person, blocked) values (${dave!.key}, ${alice!.key})`.execute(database.tables());
    const errors = await Promise.all(
      [{ add: ['dave'] }, { add: ['nobody-at-all'] }, { remove: ['dave'] }, { add: ['n o'] }].map((change) =>
        update(alice, { title: 'Changed', ...change }).catch(({ code }) => code as string),
      ),
    );
    expect(errors).toEqual(['not_found', 'not_found', 'not_found', 'not_found']);
    expect(await update(bob, { add: ['dave'] })).toMatchObject({ title: 'Songs', memberCount: 4 });
    await sql`delete from block`.execute(database.tables());
    expect(await codeOf(recorded.messaging.updateGroup(dave!, { conversation: randomUUID(), title: 'x' }))).toBe(
      'not_found',
    );
  });

  test('a direct conversation is no group, a change of nothing is invalid, and so is one person both ways', async () => {
    const direct = await makeDirect(recorded.messaging, alice!, bob!);
    expect(await codeOf(recorded.messaging.updateGroup(alice!, { conversation: direct, title: 'x' }))).toBe(
      'invalid_data',
    );
    expect(await codeOf(recorded.messaging.updateGroup(carol!, { conversation: direct, title: 'x' }))).toBe(
      'not_found',
    );
    expect(await codeOf(update(alice, {}))).toBe('invalid_data');
    expect(await codeOf(update(alice, { add: ['dave'], remove: ['dave'] }))).toBe('invalid_data');
  });

  test('changes and sends of one person take effect in the order they were made, also when many are made at once', async () => {
    const done = Promise.all([
      send(alice, '1'),
      update(alice, { add: ['dave'] }),
      send(alice, '2'),
      update(alice, { remove: ['dave'] }),
      send(alice, '3'),
    ]);
    await done;
    expect(await textsOf(dave)).toEqual(['2']);
    expect(await textsOf(bob)).toEqual(['1', '2', '3']);
    await expectContiguous(database);
  });

  test('however many come and go at once, who is in it is who was told so, and no mailbox has a gap (I4)', async () => {
    const changes = Array.from({ length: 30 }, (_, n) =>
      update([alice, bob, carol][n % 3], n % 2 ? { add: ['dave'] } : { remove: ['dave'] }).catch(() => undefined),
    );
    const sends = Array.from({ length: 30 }, (_, n) => send(bob, `${n}`));
    await Promise.all([...changes, ...sends]);
    await expectContiguous(database);
    const { rows } = await sql<{ here: number; count: number }>`
      select (select count(*)::integer from member where conversation = ${group} and left_position is null) as here,
             member_count as count from conversation where id = ${group}`.execute(database.tables());
    expect(rows[0]!.here).toBe(rows[0]!.count);
  });

  test('a group has 250 people at most (I9)', async () => {
    const many = await makePeople(database, ['alice', ...Array.from({ length: 250 }, (_, n) => `p${n}`)]);
    const owner = many[0]!;
    const made = await recorded.messaging.createConversation(owner, {
      members: many.slice(1, 249).map(({ id }) => id),
      clientId: randomUUID(),
    });
    const grow = (add: string[]) => recorded.messaging.updateGroup(owner, { conversation: made.conversation.id, add });
    expect(await codeOf(grow(['p248', 'p249']))).toBe('invalid_data');
    expect(await grow(['p248'])).toMatchObject({ memberCount: 250 });
    const ids: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages === 0 || cursor; pages++) {
      const page = await recorded.messaging.members(owner.key, {
        conversation: made.conversation.id,
        cursor,
        limit: 100,
      });
      ids.push(...page.members.map(({ id }) => id));
      cursor = page.next;
    }
    expect(ids).toEqual(many.slice(0, 250).map(({ id }) => id));
    await makePeople(database, ['alice', 'bob', 'carol', 'dave']);
  });
});
