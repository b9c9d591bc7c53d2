import { randomUUID } from 'node:crypto';
import { appendEntry } from '@drawbridge/ledger';
import { People } from '@drawbridge/people';
import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { Erasing } from '../../src/authority/erasing.js';
import { AuthorityHarness, PASSWORD } from './authority-harness.js';

const ZELDA = { id: 'id-of-zelda', handle: 'handle-of-zelda', name: 'Zelda Zephyr', login: 'login-of-zelda' } as const;
const DEVICE = 'device-of-zelda';

describe.each(everyDatabase)('Erasing a person, on %s', (kind) => {
  let bridge: AuthorityHarness;
  let people: People;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
    people = new People(bridge.database);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());
  const rows = async <T = Record<string, unknown>>(query: ReturnType<typeof sql<T>>) =>
    (await query.execute(bridge.database.tables())).rows;

  /** Every column of every table in which one of these words stands. */
  async function where(words: readonly string[]): Promise<string[]> {
    const tables = await rows<{ name: string }>(sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`);
    const found: string[] = [];
    for (const { name } of tables) {
      const texts = await rows<{ key: string; value: string }>(sql<{ key: string; value: string }>`
        select f.key, f.value from ${sql.table(name)} t cross join lateral jsonb_each_text(to_jsonb(t)) f`);
      found.push(
        ...texts.filter(({ value }) => words.some((word) => value?.includes(word))).map(({ key }) => `${name}.${key}`),
      );
    }
    return [...new Set(found)].sort();
  }

  test('ends their grants with receipts, removes what identifies them from every table, and keeps the record', async () => {
    const { key } = await people.put({ ...ZELDA, password: PASSWORD });
    await people.setContacts('alice', [ZELDA.id, 'bob']);
    await people.setContacts(ZELDA.id, ['alice']);
    await people.setBlocks('bob', [ZELDA.id]);
    const one = await bridge.signIn({ login: ZELDA.login });
    const two = await bridge.signIn({ login: ZELDA.login });
    await rows(sql`update consent_grant set device = ${DEVICE}, client_name = ${DEVICE} where person = ${key}`);
    await rows(sql`insert into access_window (grant_id, person, instance, gateway, from_seq, last_seq, closed_at, closed_by)
      values (${one.grant}, ${key}, ${randomUUID()}, 'gw', 1, 4, clock_timestamp(), 'connection')`);
    await rows(sql`insert into access_page (grant_id, person, command, conversations, from_positions, to_positions)
      values (${one.grant}, ${key}, 'conversation.history', '{}', '{}', '{}')`);
    await appendEntry(bridge.database.tables(), { kind: 'grants_viewed', actor: 'olga', person: key });
    // A sign-in that is under way, and a wrong password.
    await bridge.toConsent(bridge.browser(), bridge.authorizationUrl().url, ZELDA.login);
    const words = [...Object.values(ZELDA), DEVICE];
    expect(await where(words)).toEqual(
      expect.arrayContaining(['person.id', 'login.login', 'consent_grant.device', 'oidc_artifact.payload']),
    );
    await expect(people.erase(ZELDA.id, 'platform')).rejects.toMatchObject({ code: 'has_grants' });

    const receipts = await bridge.app.get(Erasing).erase(ZELDA.id, 'platform');
    expect(receipts.map(({ grant }) => grant).sort()).toEqual([one.grant, two.grant].sort());
    expect(await where(words)).toEqual([]);
    expect((await bridge.refresh(one.refresh_token)).status).toBe(400);
    expect(await people.byKey(key)).toBeUndefined();
    expect(await rows(sql`select 1 from contact where ${key}::bigint in (person, contact)`)).toEqual([]);
    expect(await rows(sql`select 1 from block where ${key}::bigint in (person, blocked)`)).toEqual([]);

    const kinds = await rows(sql`select kind, actor from ledger_entry where person = ${key}::bigint order by id`);
    expect(kinds).toEqual([
      { kind: 'grant_created', actor: 'person' },
      { kind: 'grant_created', actor: 'person' },
      { kind: 'grants_viewed', actor: 'olga' },
      { kind: 'grant_ended', actor: 'platform' },
      { kind: 'grant_ended', actor: 'platform' },
      { kind: 'person_erased', actor: 'platform' },
    ]);
    for (const kept of ['access_window', 'access_page'])
      expect(await rows(sql`select 1 from ${sql.table(kept)} where person = ${key}::bigint`)).toHaveLength(1);
    expect(await rows(sql`select 1 from consent_receipt where grant_id = ${one.grant}`)).toHaveLength(1);
  });

  test('an erased id is never used again, and its handle and login are free', async () => {
    const zoe = { id: 'zoe', handle: 'zoe', name: 'Zoe', login: 'zoe', password: PASSWORD };
    await people.put(zoe);
    await people.erase('zoe', 'platform');
    await expect(people.put(zoe)).rejects.toMatchObject({ code: 'erased' });
    await expect(people.erase('zoe', 'platform')).rejects.toMatchObject({ code: 'erased' });
    await expect(people.erase('nobody', 'platform')).rejects.toMatchObject({ code: 'unknown_person' });
    expect(await people.put({ ...zoe, id: 'another-zoe' })).toMatchObject({ id: 'another-zoe', handle: 'zoe' });
    expect(await rows(sql`select 1 from person where id = 'zoe'`)).toEqual([]);
  });

  test('a sign-in that was under way allows nothing any more', async () => {
    await people.put({ id: 'yves', handle: 'yves', name: 'Yves', login: 'yves', password: PASSWORD });
    const browser = bridge.browser();
    const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url, 'yves');
    await bridge.app.get(Erasing).erase('yves', 'platform');
    const form = consent.forms.find(({ checkboxes }) => checkboxes.length > 0)!;
    const { left } = await browser.submit(form, { scope: ['messages.read'] }, ['decision', 'allow']);
    expect(left?.searchParams.get('code') ?? null).toBeNull();
    expect(await where(['yves'])).toEqual([]);
  });
});
