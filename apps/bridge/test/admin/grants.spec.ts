import { everyDatabase } from '@drawbridge/testing';
import { AdminHarness, TIME, UNKNOWN } from './admin-harness.js';

interface Page {
  grants: { id: string; person: string; status: string; endReason: string | null }[];
  next?: string;
}

describe.each(everyDatabase)('Grants over the operators’ API, on %s', (kind) => {
  let admin: AdminHarness;
  let partner: string;
  let other: string;
  const keys = new Map<string, number>();
  const made: string[] = [];
  beforeAll(async () => {
    admin = await AdminHarness.start(kind);
    partner = await admin.approved('one');
    other = await admin.approved('two', { name: 'Tunebox' });
    for (const id of ['alice', 'bob']) keys.set(id, (await admin.person(id)).key);
    for (const [person, of, app] of [
      ['alice', partner, 'one'],
      ['alice', other, 'two'],
      ['bob', partner, 'one'],
      ['alice', partner, 'one'],
    ] as const) {
      made.unshift(await admin.grant(keys.get(person)!, of, app));
    }
  });
  afterAll(() => admin[Symbol.asyncDispose]());

  const look = (query: string) => admin.done<Page>('GET', `/grants?${query}`);
  const ids = async (query: string) => (await look(query)).grants.map(({ id }) => id);
  const views = async () =>
    (await admin.record('grants_viewed')).map((entry) => ({ actor: entry.actor, person: entry.person }));

  test('are found by person, by partner, by both or all, newest first', async () => {
    const [last, bobs, atTunebox, first] = made;
    expect(await ids('person=alice')).toEqual([last, atTunebox, first]);
    expect(await ids(`partner=${partner}`)).toEqual([last, bobs, first]);
    expect(await ids(`person=alice&partner=${other}`)).toEqual([atTunebox]);
    expect(await ids('person=&partner=')).toEqual(made);
    for (const none of ['person=nobody', `partner=${UNKNOWN}`, 'partner=x']) expect(await ids(none)).toEqual([]);
    expect((await look(`person=bob`)).grants[0]).toEqual({
      id: bobs,
      person: 'bob',
      app: { id: 'one', name: 'Reelhouse Desktop' },
      partner: { id: partner, name: 'Reelhouse' },
      scopes: ['messages.read', 'messages.send'],
      device: null,
      clientName: null,
      createdAt: expect.stringMatching(TIME),
      lastConnectedAt: null,
      expiresAt: expect.stringMatching(TIME),
      status: 'standing',
      endReason: null,
      endedAt: null,
    });
  });

  test('come page by page, each once', async () => {
    const seen: string[] = [];
    let query = 'limit=1';
    for (;;) {
      const { grants, next } = await look(query);
      expect(grants).toHaveLength(1);
      seen.push(grants[0]!.id);
      if (next === undefined) break;
      query = `limit=1&cursor=${next}`;
    }
    expect(seen).toEqual(made);
    for (const wrong of ['cursor=x', 'limit=many', 'who=alice']) {
      expect(await admin.refused('GET', `/grants?${wrong}`)).toBe('400 invalid_data');
    }
  });

  test('I8 looking is on the record, once for each person looked at, with who looked; also where there was nothing to see', async () => {
    const { token } = await admin.done<{ token: string }>('POST', '/operators', { name: 'olga' });
    const carol = (await admin.person('carol')).key;
    const before = (await views()).length;
    await admin.as(token).done('GET', `/grants?partner=${partner}`);
    await admin.as(token).done('GET', '/grants?person=carol');
    await admin.as(token).done('GET', '/grants?person=nobody');
    const added = (await views()).slice(before);
    expect(added.map(({ actor }) => actor)).toEqual(['olga', 'olga', 'olga']);
    expect(added.map(({ person }) => person)).toEqual([keys.get('alice'), keys.get('bob'), carol]);
  });

  test('one is ended with a reason, previewed before; asked again the same receipt comes', async () => {
    const [last] = made;
    const end = (query = '') => admin.call('POST', `/grants/${last}/end${query}`, { reason: 'asked by mail' });
    expect((await end('?preview=true')).body).toEqual({ preview: { grants: 1, apps: 1, people: 1 } });
    const ended = await end();
    expect(ended).toMatchObject({
      status: 200,
      body: { grant: last, requestedAt: expect.stringMatching(TIME), effectiveAt: expect.stringMatching(TIME) },
    });
    expect((await end()).body).toEqual(ended.body);
    expect((await end('?preview=true')).body).toEqual({ preview: { grants: 0, apps: 0, people: 0 } });
    expect((await look('person=alice')).grants[0]).toMatchObject({
      id: last,
      status: 'ended',
      endReason: 'revoked_by_operator',
    });
    expect(await admin.record('grant_ended')).toMatchObject([
      { actor: 'root', data: { reason: 'revoked_by_operator', note: 'asked by mail' } },
    ]);
    expect(await admin.refused('POST', `/grants/${UNKNOWN}/end`, { reason: 'x' })).toBe('404 not_found');
    expect(await admin.refused('POST', '/grants/%00/end', { reason: 'x' })).toBe('404 not_found');
    expect(await admin.refused('POST', `/grants/${last}/end`, {})).toBe('400 invalid_data');
  });
});
