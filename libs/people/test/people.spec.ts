import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { People } from '../src/index.js';

describe.each(everyDatabase)('People on %s', (kind) => {
  let database: Database;
  let people: People;

  beforeEach(async () => {
    database = await testDatabase(kind);
    people = new People(database);
    for (const id of ['ada', 'ben', 'cleo']) await people.put({ id, handle: id, name: id.toUpperCase() });
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const contactsOf = async (id: string) => {
    const { rows } = await sql<{ id: string }>`select other.id from contact join person p on p.key = contact.person
      join person other on other.key = contact.contact where p.id = ${id} order by other.id`.execute(database.tables());
    return rows.map((row) => row.id);
  };

  test('putting a person again changes the name and keeps the key', async () => {
    const before = (await people.byId('ada'))!;
    const after = await people.put({ id: 'ada', handle: 'lovelace', name: 'Ada' });
    expect(after).toEqual({ key: before.key, id: 'ada', handle: 'lovelace', name: 'Ada' });
    expect(await people.byKey(before.key)).toEqual(after);
  });

  test('a handle or login of somebody else is refused', async () => {
    await people.put({ id: 'ada', handle: 'ada', name: 'Ada', login: 'ada', password: 'x' });
    await expect(people.put({ id: 'ben', handle: 'ada', name: 'Ben' })).rejects.toMatchObject({ code: 'taken' });
    await expect(
      people.put({ id: 'ben', handle: 'ben', name: 'Ben', login: 'ADA', password: 'x' }),
    ).rejects.toMatchObject({ code: 'taken' });
    expect(await people.byLogin('ada')).toMatchObject({ id: 'ada' });
  });

  test('an erased id is never used again', async () => {
    await sql`update person set erased_at = clock_timestamp(), handle = null where id = 'ben'`.execute(
      database.tables(),
    );
    expect(await people.byId('ben')).toBeUndefined();
    await expect(people.put({ id: 'ben', handle: 'ben', name: 'Ben' })).rejects.toMatchObject({ code: 'erased' });
  });

  test('a contact list is replaced whole, and a list with an unknown id changes nothing', async () => {
    await people.setContacts('ada', ['ben', 'cleo', 'ben', 'ada']);
    expect(await contactsOf('ada')).toEqual(['ben', 'cleo']);
    await expect(people.setContacts('ada', ['nobody'])).rejects.toMatchObject({ code: 'unknown_listed' });
    expect(await contactsOf('ada')).toEqual(['ben', 'cleo']);
    await people.setContacts('ada', ['cleo']);
    expect(await contactsOf('ada')).toEqual(['cleo']);
    expect(await contactsOf('cleo')).toEqual([]);
  });
});
