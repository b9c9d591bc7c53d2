import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { LIMITS } from '@drawbridge/protocol';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { Activities, type NewActivity, People } from '../src/index.js';

const SOUP = { kind: 'dish', id: 'lentil-soup', name: 'Lentil soup', url: 'https://tableside.example/lentil-soup' };
const AT = Date.parse('2026-11-25T12:00:00.000Z');
const sharing = (minute: number, more: Partial<NewActivity> = {}): NewActivity => ({
  verb: 'rated',
  object: SOUP,
  at: new Date(AT + minute * 60_000),
  audience: 'public',
  ...more,
});

describe.each(everyDatabase)('Activities on %s', (kind) => {
  let database: Database;
  let people: People;
  let activities: Activities;
  let viewer: number;

  beforeAll(async () => {
    database = await testDatabase(kind);
    people = new People(database);
    activities = new Activities(database);
    for (const id of ['ada', 'ben', 'cleo', 'stranger']) await people.put({ id, handle: id, name: id.toUpperCase() });
    viewer = (await people.byId('ada'))!.key;
  });
  beforeEach(async () => {
    await sql`delete from activity`.execute(database.tables());
    await people.setContacts('ada', ['ben', 'cleo']);
    for (const id of ['ada', 'ben']) await people.setBlocks(id, []);
  });
  afterAll(() => database.close());

  const seen = async (request = {}) => {
    const { activities: found } = (await activities.list(viewer, { limit: 50, ...request }))!;
    return found.map(({ person, verb }) => `${person.id} ${verb}`);
  };

  test('what contacts share with everybody is seen newest first, and nothing else', async () => {
    await activities.share('ben', sharing(1));
    await activities.share('cleo', sharing(3, { verb: 'cooked', object: { kind: 'dish', id: 'flan', name: 'Flan' } }));
    await activities.share('ben', sharing(2, { verb: 'saved', audience: 'friends' }));
    await activities.share('stranger', sharing(4));
    await activities.share('ada', sharing(5));
    expect(await activities.list(viewer, { limit: 50 })).toEqual({
      activities: [
        {
          person: { id: 'cleo', name: 'CLEO' },
          verb: 'cooked',
          object: { kind: 'dish', id: 'flan', name: 'Flan' },
          at: '2026-11-25T12:03:00.000Z',
        },
        {
          person: { id: 'ben', name: 'BEN' },
          verb: 'rated',
          object: { kind: 'dish', id: 'lentil-soup', name: 'Lentil soup' },
          at: '2026-11-25T12:01:00.000Z',
          url: SOUP.url,
        },
      ],
    });
    expect(await seen({ about: { kind: 'dish', id: 'flan' } })).toEqual(['cleo cooked']);
    expect(await seen({ about: { kind: 'film', id: 'flan' } })).toEqual([]);
  });

  test('what is made private or removed, or whose person is a contact no longer, is gone at once', async () => {
    const { id: first } = await activities.share('ben', sharing(1));
    const { id: second } = await activities.share('ben', sharing(2, { verb: 'cooked' }));
    await activities.share('cleo', sharing(3, { verb: 'saved' }));
    expect(await activities.setAudience('cleo', first, 'private')).toBe(false);
    expect(await activities.remove('cleo', first)).toBe(false);
    expect(await activities.remove('ben', 'no id')).toBe(false);
    expect(await seen()).toEqual(['cleo saved', 'ben cooked', 'ben rated']);
    expect(await activities.setAudience('ben', first, 'private')).toBe(true);
    expect(await seen()).toEqual(['cleo saved', 'ben cooked']);
    // What was shared is shared again, by a retry that comes late.
    expect(await activities.share('ben', sharing(1))).toEqual({ id: first, made: false });
    expect(await seen()).toEqual(['cleo saved', 'ben cooked']);
    expect(await activities.setAudience('ben', first, 'public')).toBe(true);
    expect(await activities.remove('ben', second)).toBe(true);
    expect(await seen()).toEqual(['cleo saved', 'ben rated']);
    await people.setContacts('ada', ['ben']);
    expect(await seen()).toEqual(['ben rated']);
  });

  test('a block hides it, whichever of the two has blocked the other', async () => {
    await activities.share('ben', sharing(1));
    await people.setBlocks('ben', ['ada']);
    expect(await seen()).toEqual([]);
    await people.setBlocks('ben', []);
    await people.setBlocks('ada', ['ben']);
    expect(await seen()).toEqual([]);
  });

  test('pages go on where the last one ended, whatever is shared or removed meanwhile', async () => {
    // Several of one moment: the order is by id then.
    for (let n = 0; n < 9; n++) await activities.share(n % 2 ? 'ben' : 'cleo', sharing(n % 3, { verb: `v${n}` }));
    const all = await seen();
    const got: string[] = [];
    let cursor: string | undefined;
    do {
      const page = (await activities.list(viewer, { limit: 2, cursor }))!;
      got.push(...page.activities.map(({ person, verb }) => `${person.id} ${verb}`));
      cursor = page.next;
      await activities.share('ben', sharing(100 + got.length, { verb: 'later' }));
    } while (cursor !== undefined);
    expect(got).toEqual(all);
    for (const wrong of [
      'nothing',
      ...['[1,"x"]', `[9e15,"${randomUUID()}"]`].map((text) => Buffer.from(text).toString('base64url')),
    ])
      expect(await activities.list(viewer, { limit: 2, cursor: wrong })).toBeUndefined();
  });

  test('a page keeps to the size of a reply, and goes on after it (I9)', async () => {
    const object = {
      kind: 'k'.repeat(64),
      id: 'i',
      name: '😀'.repeat(200),
      url: `https://t.example/${'x'.repeat(2_000)}`,
    };
    for (let n = 0; n < 100; n++)
      await activities.share('ben', sharing(n, { object, verb: `${n} ${'v'.repeat(500)}` }));
    const page = (await activities.list(viewer, { limit: 100 }))!;
    expect(JSON.stringify(page).length).toBeLessThan(LIMITS.maxReplyBytes);
    const rest = (await activities.list(viewer, { limit: 100, cursor: page.next }))!;
    expect(page.activities.length + rest.activities.length).toBe(100);
  });

  test('they are removed with the person, and nobody shares as somebody who is not there', async () => {
    await people.put({ id: 'dan', handle: 'dan', name: 'Dan' });
    await activities.share('dan', sharing(1));
    await people.erase('dan', 'platform');
    const { rows } = await sql`select from activity`.execute(database.tables());
    expect(rows).toEqual([]);
    for (const id of ['dan', 'nobody'])
      await expect(activities.share(id, sharing(1))).rejects.toMatchObject({ code: 'unknown_person' });
  });
});
