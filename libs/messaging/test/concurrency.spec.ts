import { randomUUID } from 'node:crypto';
import { Database } from '@drawbridge/database';
import { postgresUrl } from '@drawbridge/testing';
import { sql } from 'kysely';
import type { Sender, SendResult } from '../src/index.js';
import { count, expectContiguous, makePeople, recordingMessaging, text } from './fixture.js';

const WRITERS = 4;
const SENDS = 400;

describe('Several processes on one PostgreSQL', () => {
  let url: string;
  let database: Database;
  let people: Sender[];

  beforeEach(async () => {
    url = await postgresUrl();
    database = await Database.open({ url, poolSize: 4 });
    people = await makePeople(
      database,
      Array.from({ length: 26 }, (_, n) => `p${n}`),
    );
  });
  afterEach(() => database.close());

  test('four writers: no deadlock, no lost result, order in each conversation, no hole in any mailbox (I3, I4, I5)', async () => {
    const setUp = recordingMessaging(database);
    const members = [
      [0, 1],
      [0, 2],
      [1, 2],
      [3, 0],
      [0, 1, 2],
      [2, 1, 0, 3, 4],
      [5, 4, 3, 2, 1, 0],
      people.map((_, n) => n),
    ];
    const conversations: { id: string; members: number[] }[] = [];
    for (const group of members) {
      const { conversation } = await setUp.messaging.createConversation(people[group[0]!]!, {
        members: group.slice(1).map((n) => people[n]!.id),
        clientId: randomUUID(),
      });
      conversations.push({ id: conversation.id, members: group });
    }
    const databases = await Promise.all(Array.from({ length: WRITERS }, () => Database.open({ url, poolSize: 2 })));
    const writers = databases.map((own) => recordingMessaging(own));
    // The same ten requests go through every writer.
    const shared = Array.from({ length: 10 }, (_, n) => text(`shared ${n}`, conversations[4]!.id));

    const results = await Promise.all(
      writers.map(async ({ messaging }, writer) => {
        const sent: Promise<SendResult>[] = [];
        for (let n = 0; n < SENDS; n++) {
          const { id, members } = conversations[(n * 7 + writer * 3) % conversations.length]!;
          sent.push(messaging.send(people[members[(n + writer) % members.length]!]!, text(`${writer}/${n}`, id)));
          if (n % 40 === 0) sent.push(messaging.send(people[0]!, shared[n / 40]!));
          if (n % 50 === 0) {
            const [a, b, c] = [n % 26, (n + 1 + writer) % 26, (n + 7 + writer) % 26].map((at) => people[at]!);
            void messaging.createConversation(a!, { members: [b!.id, c!.id], clientId: randomUUID() });
            void messaging.createConversation(b!, { members: [c!.id], clientId: randomUUID() });
          }
          if (n % 25 === 0) await sent[n];
        }
        const answers = await Promise.all(sent);
        await messaging.drain();
        return answers;
      }),
    );

    expect(writers.flatMap(({ logged }) => logged)).toEqual([]);
    const answers = results.flat();
    expect(answers).toHaveLength(WRITERS * (SENDS + 10));
    const ids = new Set(answers.map(({ message }) => message.id));
    expect(ids.size).toBe(WRITERS * SENDS + 10);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength((WRITERS - 1) * 10);
    expect(await count(database, 'message')).toBe(ids.size);
    for (const answers of results)
      for (const { id } of conversations) {
        const own = answers.filter(({ message, duplicate }) => message.conversation === id && !duplicate);
        const positions = own.map(({ message }) => message.position);
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      }
    await expectContiguous(database);
    const delivered = writers.flatMap(({ events }) => events).filter(({ name }) => name === 'message.created');
    expect(delivered).toHaveLength(ids.size);
    const pairs = delivered.flatMap(({ recipients }) => recipients.map(({ owner, seq }) => `${owner}/${seq}`));
    expect(new Set(pairs).size).toBe(pairs.length);
    await Promise.all(databases.map((own) => own.close()));
  });

  test('one client id in two conversations at the same moment: one is stored, the other is a conflict (I5)', async () => {
    const { messaging } = recordingMessaging(database, { lanes: { shared: 8, large: 1 } });
    const others = people.slice(1, 21);
    const conversations = await Promise.all(
      others.map(async ({ id }) => {
        const request = { members: [id], clientId: randomUUID() };
        return (await messaging.createConversation(people[0]!, request)).conversation.id;
      }),
    );
    for (let round = 0; round < 10; round++) {
      const request = text(round, '');
      const outcomes = await Promise.allSettled(
        conversations.map((conversation) => messaging.send(people[0]!, { ...request, conversation })),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
    }
    expect(await count(database, 'message')).toBe(10);
    await expectContiguous(database);
  });

  test('connections that break under sends: each is answered, and a retry finds out and stores once (I3, I5)', async () => {
    const own = await Database.open({ url, applicationName: 'breaking' });
    let unknown = 0;
    const { messaging } = recordingMessaging(own, { onOutcomeUnknown: () => void unknown++ });
    const made = await messaging.createConversation(people[0]!, { members: ['p1'], clientId: randomUUID() });
    const requests = Array.from({ length: 3_000 }, (_, n) => text(n, made.conversation.id));
    const first = requests.map((request) => messaging.send(people[0]!, request));
    const kill = () =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'breaking commits'`.execute(
        database.tables(),
      );
    for (let n = 0; n < 3; n++) {
      await Promise.race(first.slice(n * 300));
      await kill();
    }
    const outcomes = await Promise.allSettled(first);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.every(({ reason }) => reason.code === 'unavailable')).toBe(true);
    expect(failed.length > 0).toBe(unknown > 0);
    const again = await Promise.all(requests.map((request) => messaging.send(people[0]!, request)));
    for (const [n, outcome] of outcomes.entries())
      if (outcome.status === 'fulfilled') expect(again[n]).toEqual({ ...outcome.value, duplicate: true });
    expect(await count(database, 'message')).toBe(requests.length);
    await expectContiguous(database);
    await own.close();
  });

  test('a commit that cannot get its lock in time is unavailable and stored by a retry, once (I5)', async () => {
    const { messaging } = recordingMessaging(database);
    const made = await messaging.createConversation(people[0]!, { members: ['p1'], clientId: randomUUID() });
    const request = text('late', made.conversation.id);
    await database
      .tables<unknown>()
      .transaction()
      .execute(async (held) => {
        await sql`select from conversation where id = ${made.conversation.id} for update`.execute(held);
        await expect(messaging.send(people[0]!, request)).rejects.toMatchObject({ code: 'unavailable' });
      });
    expect(await messaging.send(people[0]!, request)).toMatchObject({ duplicate: false, message: { position: 1 } });
  });
});
