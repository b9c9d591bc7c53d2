import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { ACCESS_PAGE_LIMITS, type AccessPage, AccessPages, appendEntry } from '../src/index.js';

describe.each(everyDatabase)('The record, on %s', (kind) => {
  let database: Database;
  let pages: AccessPages;
  beforeEach(async () => {
    database = await testDatabase(kind);
    pages = new AccessPages(database);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const page = (n: number): AccessPage => ({
    grant: randomUUID(),
    person: n,
    command: 'conversation.history',
    shown: [{ conversation: randomUUID(), from: n, to: n + 9 }],
  });
  const recorded = async () =>
    (
      await sql<{ person: number; transaction: string }>`
        select person, xmin::text as transaction from access_page order by id`.execute(database.tables())
    ).rows;

  test('a page is on the record when record() resolves, and pages that come meanwhile share one statement (I8)', async () => {
    const first = pages.record(page(0)).then(recorded);
    await first.then((rows) => expect(rows.map(({ person }) => person)).toEqual([0]));
    await Promise.all(Array.from({ length: 100 }, (_, n) => pages.record(page(n + 1))));
    const rows = await recorded();
    expect(rows.map(({ person }) => person)).toEqual(Array.from({ length: 101 }, (_, n) => n));
    expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(2);
  });

  test('what cannot be recorded is rejected, what comes after it is not (I6)', async () => {
    const wrong = { ...page(1), grant: 'no grant' };
    await expect(pages.record(wrong)).rejects.toThrow('uuid');
    await pages.record(page(2));
    expect((await recorded()).map(({ person }) => person)).toEqual([2]);
  });

  test('so many pages wait and no more (I9), and a reply that shows nothing is none', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: ACCESS_PAGE_LIMITS.waiting + 10 }, (_, n) => pages.record(page(n))),
    );
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    await pages.record({ ...page(0), shown: [] });
    expect(await recorded()).toHaveLength(ACCESS_PAGE_LIMITS.waiting);
  });

  test('an entry is there with what it records, or neither is', async () => {
    const change = (fails: boolean) =>
      database
        .tables<object>()
        .transaction()
        .execute(async (tx) => {
          await appendEntry(tx, { kind: 'grants_viewed', actor: 'olga', person: 7, data: { grants: 2 } });
          if (fails) throw new Error('not after all');
        });
    await expect(change(true)).rejects.toThrow('not after all');
    await change(false);
    const { rows } = await sql`select kind, actor, person, grant_id, data from ledger_entry`.execute(database.tables());
    expect(rows).toEqual([{ kind: 'grants_viewed', actor: 'olga', person: 7, grant_id: null, data: { grants: 2 } }]);
  });
});
