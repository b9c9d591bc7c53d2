import type { Database } from '@drawbridge/database';
import { testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { LANE_LIMITS, MessagingError, type Sender, Series } from '../src/index.js';
import { makeDirect, makePeople, recordingMessaging, text } from './fixture.js';

let database: Database;
let ada: Sender;
let ben: Sender;
beforeAll(async () => {
  database = await testDatabase('postgres');
  [ada, ben] = (await makePeople(database, ['ada', 'ben'])) as [Sender, Sender];
});
afterAll(() => database?.close());

test('Of a series none overtakes one that could not be stored, also when the store is well again by then', async () => {
  const { messaging } = recordingMessaging(database);
  const conversation = await makeDirect(messaging, ada, ben);
  const lock = await database.tables().startTransaction().execute();
  await sql`select from conversation where id = ${conversation}::uuid for update`.execute(lock);
  const messages = Array.from({ length: LANE_LIMITS.maxSends + 1 }, (_, n) => text(n, conversation));
  const series = new Series();
  const sending = messages.map((message) => messaging.send(ada, message, series));
  // The statement of the first batch is given up; the second one would find the lock gone.
  const first = await sending[0]!.catch((error: unknown) => error);
  await lock.rollback().execute();
  expect(first).toBeInstanceOf(MessagingError);
  for (const outcome of await Promise.allSettled(sending))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
  const again = await Promise.all(messages.map((message) => messaging.send(ada, message, new Series())));
  expect(again.map(({ message }) => message.position)).toEqual(messages.map((_, n) => n + 1));
});
