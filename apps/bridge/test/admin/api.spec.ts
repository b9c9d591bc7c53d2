import { request as plainRequest } from 'node:http';
import { Database } from '@drawbridge/database';
import { everyDatabase, postgresUrl, startBridge, TcpProxy } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AdminClient, AdminHarness, APP, PARTNER, ROOT_TOKEN, TIME, UNKNOWN } from './admin-harness.js';

describe.each(everyDatabase)('The operators’ API, on %s', (kind) => {
  let admin: AdminHarness;
  beforeAll(async () => {
    admin = await AdminHarness.start(kind);
  });
  afterAll(() => admin[Symbol.asyncDispose]());

  test.each(['', 'wrong', `${ROOT_TOKEN}x`, ROOT_TOKEN.slice(1)])('the token “%s” is nobody’s', async (token) => {
    for (const [method, path] of [
      ['GET', '/partners'],
      ['POST', '/partners'],
      ['GET', '/nothing'],
    ] as const) {
      const { status, headers, body } = await admin.as(token).call(method, path);
      expect([status, body.code]).toEqual([401, 'unauthenticated']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  test('answers are JSON that nobody keeps, and an unknown call or method is refused', async () => {
    const { headers } = await admin.call('GET', '/partners');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(await admin.refused('GET', '/nothing')).toBe('404 not_found');
    expect(await admin.refused('GET', '/%E0%A4%A')).toBe('404 not_found');
    const wrong = await admin.call('DELETE', '/partners');
    expect([wrong.status, wrong.body.code, wrong.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'GET, POST',
    ]);
  });

  test('a body that is no JSON, no object, too large or something else is refused', async () => {
    const post = async (body: string, type = 'application/json') => {
      const response = await admin.raw('POST', '/partners', { body, headers: { 'Content-Type': type } });
      return `${response.status} ${((await response.json()) as { code: string }).code}`;
    };
    expect(await post('{')).toBe('400 invalid_data');
    expect(await post('[]')).toBe('400 invalid_data');
    expect(await post('"text"')).toBe('400 invalid_data');
    expect(await post('{"__proto__": {"name": "x"}}')).toBe('400 invalid_data');
    expect(await post(JSON.stringify({ ...PARTNER, name: 'x'.repeat(70_000) }))).toBe('413 too_large');
    expect(await post('name=Reelhouse', 'application/x-www-form-urlencoded')).toBe('415 unsupported_media_type');
    expect(await post('{}', 'application/json; charset=latin-7')).toBe('415 unsupported_media_type');
  });

  test('nobody’s body is not read before it is known who they are', async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const { port } = new URL(admin.origin);
    const asking = plainRequest({
      port,
      method: 'POST',
      path: '/admin/v1/partners',
      headers: { 'Content-Length': 1_000_000 },
    });
    asking.on('response', (response) => resolve(response.statusCode));
    asking.on('error', () => {});
    asking.flushHeaders();
    expect(await promise).toBe(401);
    asking.destroy();
  });

  test('an operator is made by name, with a token that is shown once, kept hashed, and good until it is removed', async () => {
    const made = await admin.call<{ name: string; token: string }>('POST', '/operators', { name: 'maria' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'maria', createdBy: 'root', createdAt: expect.stringMatching(TIME) },
    });
    const { token } = made.body;
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const { rows } = await sql<{ dump: string }>`
      select (select string_agg(o::text, '') from operator o) || (select string_agg(e::text, '') from ledger_entry e) as dump
      `.execute(admin.database.tables());
    expect(rows[0]!.dump).not.toContain(token);

    const maria = admin.as(token);
    const partner = await maria.partner();
    expect(await maria.done('GET', `/partners/${partner}`)).toMatchObject({ statusBy: 'maria' });
    expect(await admin.done('GET', '/operators')).toEqual({
      operators: [
        {
          name: 'maria',
          createdBy: 'root',
          createdAt: expect.stringMatching(TIME),
          lastUsedAt: expect.stringMatching(TIME),
        },
      ],
    });
    expect(await admin.refused('POST', '/operators', { name: 'maria' })).toBe('409 conflict');
    expect(await admin.call('DELETE', '/operators/maria')).toMatchObject({ status: 200, body: { name: 'maria' } });
    expect(await maria.refused('GET', '/partners')).toBe('401 unauthenticated');
    expect(await admin.refused('DELETE', '/operators/maria')).toBe('404 not_found');
    // What is on the record under a name is one person's for good.
    expect(await admin.refused('POST', '/operators', { name: 'maria' })).toBe('409 conflict');
    expect((await admin.record('operator_%')).map(({ kind: what, actor, data }) => [what, actor, data])).toEqual([
      ['operator_created', 'root', { name: 'maria' }],
      ['operator_removed', 'root', { name: 'maria' }],
    ]);
  });

  test.each(['root', 'person', 'app', 'bridge', 'platform', '', 'Maria', '1st', 'a b', 'x'.repeat(65), 7])(
    'no operator is called %p',
    async (name) => {
      expect(await admin.refused('POST', '/operators', { name })).toBe('400 invalid_data');
    },
  );

  test('root is not removed by a call', async () => {
    expect(await admin.refused('DELETE', '/operators/root')).toBe('409 conflict');
    expect(await admin.refused('DELETE', '/operators/%00')).toBe('404 not_found');
  });

  test('the record is read newest first, by partner, app, grant or operator, page by page', async () => {
    const { token } = await admin.done<{ token: string }>('POST', '/operators', { name: 'app-rosa' });
    const rosa = admin.as(token);
    const partner = await rosa.approved('recorded');
    const { key } = await admin.person('rita');
    const grant = await admin.grant(key, partner, 'recorded');
    await admin.done('POST', `/grants/${grant}/end`, { reason: 'asked by mail' });
    type Page = { entries: { kind: string; actor: string; data: object; grant: string | null }[]; next?: string };
    const read = (query: string) => admin.done<Page>('GET', `/record?${query}`);
    const kinds = async (query: string) => (await read(query)).entries.map((entry) => entry.kind);
    expect(await kinds(`operator=app-rosa`)).toEqual(['app_created', 'partner_approved', 'partner_created']);
    expect(await kinds(`app=recorded&operator=app-rosa`)).toEqual(['app_created']);
    expect(await kinds(`grant=${grant}`)).toEqual(['grant_ended', 'grant_created']);
    const first = await read(`partner=${partner}&limit=3`);
    const second = await read(`partner=${partner}&limit=3&cursor=${first.next}`);
    expect([...first.entries, ...second.entries].map((entry) => entry.kind)).toEqual([
      'grant_ended',
      'grant_created',
      'app_created',
      'partner_approved',
      'partner_created',
    ]);
    expect(second.next).toBeUndefined();
    expect(first.entries[0]).toEqual({
      id: expect.any(Number),
      at: expect.stringMatching(TIME),
      kind: 'grant_ended',
      actor: 'root',
      grant,
      app: 'recorded',
      partner,
      data: { reason: 'revoked_by_operator', note: 'asked by mail' },
    });
    expect(await kinds(`partner=${UNKNOWN}`)).toEqual([]);
    expect(await kinds('grant=x')).toEqual([]);
    expect(await admin.refused('GET', '/record?cursor=x')).toBe('400 invalid_data');
  });
});

test('a database that has gone is said to have gone, and that the call may have been done', async () => {
  const proxy = await TcpProxy.to(await postgresUrl());
  await using admin = await AdminHarness.on(await Database.open({ url: proxy.url, poolSize: 2 }));
  const partner = await admin.partner();
  await proxy[Symbol.asyncDispose]();
  const { status, body, headers } = await admin.call('GET', `/partners/${partner}`);
  expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
});

test('without ADMIN_TOKEN and without operators a token cannot be right, and the answer says what to do', async () => {
  await using admin = await AdminHarness.start('postgres', '');
  const { status, body } = await admin.call('GET', '/partners');
  expect([status, body.code, body.message]).toEqual([401, 'unauthenticated', expect.stringContaining('ADMIN_TOKEN')]);
});

describe.each(everyDatabase)('The internal listener of a bridge on %s', (database) => {
  test('has the operators’ API where the role is, under ADMIN_TOKEN; the public one never has', async () => {
    await using bridge = await startBridge({ database, env: { ADMIN_TOKEN: ROOT_TOKEN } });
    const admin = new AdminClient(bridge.internalUrl);
    const id = await admin.approved('reelhouse-desktop');
    expect(await admin.done('GET', `/partners/${id}/apps`)).toMatchObject({
      apps: [{ clientId: 'reelhouse-desktop', ...APP }],
    });
    expect(await admin.as('wrong').refused('GET', '/partners')).toBe('401 unauthenticated');
    expect((await new AdminClient(bridge.publicUrl).raw('GET', '/partners')).status).toBe(404);
  });
});

test('a process without the role of the operators does not serve them', async () => {
  await using bridge = await startBridge({
    database: 'postgres',
    env: { ADMIN_TOKEN: ROOT_TOKEN, ROLES: 'gateway,authority' },
  });
  expect((await new AdminClient(bridge.internalUrl).raw('GET', '/partners')).status).toBe(404);
});
