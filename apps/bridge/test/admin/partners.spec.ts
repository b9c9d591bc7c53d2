import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AdminHarness, APP, PARTNER, TIME, UNKNOWN } from './admin-harness.js';

interface Partner {
  id: string;
  status: string;
  scopes: string[];
  statusBy: string;
  statusReason: string | null;
  statusSince: string;
  reviewDueAt: string | null;
  endsAt: string | null;
  endsReason: string | null;
  receipt?: object;
}

const RECEIPT = {
  requestedAt: expect.stringMatching(TIME),
  effectiveAt: expect.stringMatching(TIME),
  connectionsClosed: 0,
  gateways: [],
};
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe.each(everyDatabase)('Partners and their apps over the operators’ API, on %s', (kind) => {
  let admin: AdminHarness;
  beforeAll(async () => {
    admin = await AdminHarness.start(kind);
  });
  afterAll(() => admin[Symbol.asyncDispose]());

  const shown = (id: string) => admin.done<Partner>('GET', `/partners/${id}`);

  test('a partner is made pending and shown with everything that was given, and the record says by whom', async () => {
    const reviewDueAt = '2031-03-01T00:00:00.000Z';
    const made = await admin.call<Partner>('POST', '/partners', { ...PARTNER, reviewDueAt });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      ...PARTNER,
      id: expect.any(String),
      status: 'pending',
      statusSince: expect.stringMatching(TIME),
      statusBy: 'root',
      statusReason: null,
      reviewDueAt,
      endsAt: null,
      endsReason: null,
      createdAt: expect.stringMatching(TIME),
    });
    expect(await shown(made.body.id)).toEqual(made.body);
    const created = (await admin.record('partner_created')).at(-1);
    expect(created).toMatchObject({ actor: 'root', data: { name: 'Reelhouse', status: 'pending', reviewDueAt } });
  });

  test('pending → approved ⇄ suspended → ended, each step with who, when and why; any other is a conflict', async () => {
    const id = await admin.partner();
    const step = (name: string, body: object = { reason: 'because' }) =>
      admin.call('POST', `/partners/${id}/${name}`, body);
    expect([(await step('suspend')).status, (await step('resume')).status]).toEqual([409, 409]);
    expect((await step('approve', { reason: 'reviewed by legal' })).body).toMatchObject({
      status: 'approved',
      statusBy: 'root',
      statusReason: 'reviewed by legal',
    });
    expect([(await step('approve')).status, (await step('resume')).status]).toEqual([409, 409]);
    expect(await step('suspend', { reason: 'tokens leaked' })).toMatchObject({
      status: 200,
      body: { ...RECEIPT, partner: id, grants: 0, status: 'suspended' },
    });
    expect(await shown(id)).toMatchObject({ status: 'suspended', statusReason: 'tokens leaked', statusBy: 'root' });
    expect([(await step('approve')).status, (await step('suspend')).status]).toEqual([409, 409]);
    expect((await admin.call('POST', `/partners/${id}/resume`)).body).toMatchObject({
      status: 'approved',
      statusReason: null,
    });
    expect(await step('end')).toMatchObject({ status: 200, body: { ...RECEIPT, partner: id, status: 'ended' } });
    for (const name of ['approve', 'suspend', 'resume', 'end']) {
      expect((await step(name)).body).toMatchObject({ code: 'conflict', message: expect.stringContaining('ended') });
    }
    // The record stays.
    expect(await shown(id)).toMatchObject({ ...PARTNER, status: 'ended', statusReason: 'because' });
    expect(await admin.refused('PATCH', `/partners/${id}`, { name: 'Other' })).toBe('409 conflict');
    expect(await admin.refused('POST', `/partners/${id}/apps`, APP)).toBe('409 conflict');
  });

  test('a change is on the record with what was there before; one that changes nothing is not', async () => {
    const id = await admin.partner({ name: 'Before' });
    const entries = async () => (await admin.record('partner_changed')).length;
    const before = await entries();
    expect(
      await admin.done('PATCH', `/partners/${id}`, { name: 'After', contact: 'new@reelhouse.example' }),
    ).toMatchObject({
      name: 'After',
      contact: 'new@reelhouse.example',
      homepage: PARTNER.homepage,
    });
    await admin.done('PATCH', `/partners/${id}`, { name: 'After' });
    await admin.done('PATCH', `/partners/${id}`, {});
    expect(await entries()).toBe(before + 1);
    expect((await admin.record('partner_changed')).at(-1)!.data).toEqual({
      name: { from: 'Before', to: 'After' },
      contact: { from: PARTNER.contact, to: 'new@reelhouse.example' },
    });
  });

  test('a review that is overdue keeps a partner from being approved until another is set', async () => {
    const id = await admin.partner({ reviewDueAt: '2020-01-01T00:00:00Z' });
    expect(await admin.call('POST', `/partners/${id}/approve`, {})).toMatchObject({
      status: 409,
      body: { code: 'conflict', message: expect.stringContaining('reviewDueAt') },
    });
    expect(await admin.done('PATCH', `/partners/${id}`, { reviewDueAt: null })).toMatchObject({ reviewDueAt: null });
    expect(await admin.done('POST', `/partners/${id}/approve`, {})).toMatchObject({ status: 'approved' });
  });

  test('an end in the future is planned, shown, moved and taken back; one in the past is refused', async () => {
    const id = await admin.approved('planned');
    const [first, second] = [inAnHour(), new Date(Date.now() + 7_200_000).toISOString()];
    const end = (at: string) => admin.call('POST', `/partners/${id}/end`, { reason: 'contract ends', at });
    expect(await end(first)).toMatchObject({
      status: 202,
      body: { status: 'approved', endsAt: first, endsReason: 'contract ends' },
    });
    expect((await end(second)).body).toMatchObject({ endsAt: second });
    expect(await admin.done('PATCH', `/partners/${id}`, { endsAt: null })).toMatchObject({
      endsAt: null,
      endsReason: null,
    });
    expect(await end('2020-01-01T00:00:00Z')).toMatchObject({ status: 400, body: { issues: [{ path: 'at' }] } });
    expect(await admin.refused('PATCH', `/partners/${id}`, { endsAt: first })).toBe('400 invalid_data');
    expect(await end(new Date().toISOString())).toMatchObject({ status: 200, body: { status: 'ended' } });
    expect((await admin.record('partner_end_planned')).map(({ actor, data }) => [actor, data.note])).toEqual([
      ['root', 'contract ends'],
      ['root', 'contract ends'],
    ]);
  });

  test('I2 suspending a partner with 1,000 grants is one row of the feed and one receipt, previewed before; resuming revives none', async () => {
    const id = await admin.approved('crowd-1');
    await admin.done('POST', `/partners/${id}/apps`, { ...APP, clientId: 'crowd-2' });
    const { key } = await admin.person('crowd');
    const one = await admin.grant(key, id, 'crowd-1');
    await sql`
      insert into consent_grant (id, person, client_id, partner, scopes, auth_time, created_feed, expires_at)
      select gen_random_uuid(), g.person, case when n % 2 = 0 then 'crowd-1' else 'crowd-2' end, g.partner, g.scopes,
        g.auth_time, g.created_feed, g.expires_at
      from consent_grant g cross join generate_series(2, 1000) n where g.id = ${one}::uuid`.execute(
      admin.database.tables(),
    );
    const suspend = (query = '') => admin.done('POST', `/partners/${id}/suspend${query}`, { reason: 'tokens leaked' });
    const before = [await admin.count('consent_feed'), await admin.count('consent_receipt')];
    expect(await suspend('?preview=true')).toEqual({ preview: { grants: 1_000, apps: 2, people: 1 } });
    expect([await admin.count('consent_feed'), await admin.count('consent_receipt')]).toEqual(before);
    expect(await shown(id)).toMatchObject({ status: 'approved' });
    expect(await suspend()).toMatchObject({ ...RECEIPT, partner: id, grants: 1_000 });
    expect([await admin.count('consent_feed'), await admin.count('consent_receipt')]).toEqual(before.map((n) => n + 1));
    expect((await admin.record('partner_suspended')).at(-1)).toMatchObject({
      actor: 'root',
      data: { grants: 1_000, note: 'tokens leaked' },
    });
    await admin.done('POST', `/partners/${id}/resume`, { reason: 'mended' });
    expect(await suspend('?preview=true')).toEqual({ preview: { grants: 0, apps: 0, people: 0 } });
    const fresh = await admin.grant(key, id, 'crowd-1');
    expect(await suspend('?preview=true')).toEqual({ preview: { grants: 1, apps: 1, people: 1 } });
    const { grants } = await admin.done<{ grants: { id: string; status: string; endReason: string }[] }>(
      'GET',
      `/grants?partner=${id}&limit=500`,
    );
    expect(grants.filter(({ status }) => status === 'standing').map((grant) => grant.id)).toEqual([fresh]);
    expect(grants.find((grant) => grant.status === 'ended')).toMatchObject({ endReason: 'partner_suspended' });
  });

  test('I1 lowering the ceiling of a partner or an app narrows live grants, with a receipt; raising it widens nothing', async () => {
    const id = await admin.approved('ceilings');
    const { key } = await admin.person('carla');
    const grant = await admin.grant(key, id, 'ceilings');
    const scopesOf = async () => {
      const { grants } = await admin.done<{ grants: { id: string; scopes: string[] }[] }>(
        'GET',
        '/grants?person=carla',
      );
      return grants.find((each) => each.id === grant)!.scopes;
    };
    const app = `/partners/${id}/apps/ceilings`;
    expect(await admin.done('PATCH', `${app}?preview=true`, { scopes: ['messages.send'] })).toEqual({
      preview: { grants: 1, apps: 1, people: 1 },
    });
    expect(await scopesOf()).toEqual(['messages.read', 'messages.send']);
    expect(await admin.done('PATCH', app, { scopes: ['messages.send'], name: 'Less' })).toMatchObject({
      name: 'Less',
      scopes: ['messages.send'],
      receipt: { ...RECEIPT, app: 'ceilings', grants: 1, scopes: ['messages.send'] },
    });
    expect(await scopesOf()).toEqual(['messages.send']);
    const raised = await admin.done<object>('PATCH', app, { scopes: ['messages.send', 'messages.read'] });
    expect(raised).not.toHaveProperty('receipt');
    expect(await scopesOf()).toEqual(['messages.send']);

    const ceiling = { scopes: ['messages.read', 'profile'] };
    expect(await admin.done('PATCH', `/partners/${id}?preview=true`, ceiling)).toEqual({
      preview: { grants: 1, apps: 1, people: 1 },
    });
    const lowered = await admin.done<Partner>('PATCH', `/partners/${id}`, ceiling);
    expect(lowered).toMatchObject({ ...ceiling, receipt: { ...RECEIPT, partner: id, grants: 1 } });
    expect(await scopesOf()).toEqual([]);
    expect(await admin.done('GET', app)).toMatchObject({ scopes: ['messages.read'] });
    await admin.done('PATCH', `/partners/${id}`, { scopes: PARTNER.scopes });
    expect(await scopesOf()).toEqual([]);
    expect((await admin.record('%_narrowed')).map(({ kind: what, actor }) => [what, actor])).toEqual([
      ['app_narrowed', 'root'],
      ['partner_narrowed', 'root'],
    ]);
  });

  test('an app is registered, listed, changed and removed; its id is never used again, and its grants end with a receipt', async () => {
    const id = await admin.approved('first');
    const apps = `/partners/${id}/apps`;
    const made = await admin.call<{ clientId: string }>('POST', apps, { ...APP, name: 'Zeta', requiresDpop: true });
    expect(made).toMatchObject({
      status: 201,
      body: { ...APP, name: 'Zeta', clientId: expect.any(String), partner: id, requiresDpop: true },
    });
    const { clientId } = made.body;
    expect(await admin.done<{ apps: { clientId: string }[] }>('GET', apps)).toMatchObject({
      apps: [{ clientId: 'first' }, { clientId }],
    });
    expect(await admin.refused('POST', apps, { ...APP, clientId: 'first' })).toBe('409 conflict');
    const redirectUris = ['http://127.0.0.1/other'];
    expect(await admin.done('PATCH', `${apps}/first`, { redirectUris, requiresDpop: true })).toMatchObject({
      redirectUris,
      requiresDpop: true,
      name: APP.name,
    });
    expect((await admin.record('app_changed')).at(-1)!.data).toEqual({
      redirectUris: { from: APP.redirectUris, to: redirectUris },
      requiresDpop: { from: false, to: true },
    });
    const { key } = await admin.person('dora');
    await admin.grant(key, id, 'first');
    const remove = (query = '') => admin.call('DELETE', `${apps}/first${query}`, { reason: 'replaced' });
    expect((await remove('?preview=true')).body).toEqual({ preview: { grants: 1, apps: 1, people: 1 } });
    expect(await remove()).toMatchObject({ status: 200, body: { ...RECEIPT, app: 'first', grants: 1 } });
    expect((await remove()).status).toBe(404);
    expect(await admin.refused('GET', `${apps}/first`)).toBe('404 not_found');
    expect(await admin.refused('POST', apps, { ...APP, clientId: 'first' })).toBe('409 conflict');
    expect(await admin.done('GET', apps)).toMatchObject({ apps: [{ clientId }] });
    const other = await admin.partner();
    expect(await admin.refused('GET', `/partners/${other}/apps/${clientId}`)).toBe('404 not_found');
  });

  test('what cannot be is refused with where and why', async () => {
    const id = await admin.partner();
    const issues = async (method: string, path: string, body: unknown) => {
      const answer = await admin.call<{ code: string; issues: { path: string; problem: string }[] }>(
        method,
        path,
        body,
      );
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_data']);
      return answer.body.issues.map((issue) => issue.path);
    };
    expect(await issues('POST', '/partners', {})).toEqual(['name', 'homepage', 'privacyUrl', 'contact', 'scopes']);
    expect(await issues('POST', '/partners', { ...PARTNER, homepage: 'javascript:alert(1)' })).toEqual(['homepage']);
    expect(await issues('POST', '/partners', { ...PARTNER, id: UNKNOWN })).toEqual(['id']);
    expect(await issues('POST', '/partners', { ...PARTNER, name: 'two\nlines' })).toEqual(['name']);
    expect(await issues('POST', '/partners', { ...PARTNER, scopes: ['everything'] })).toEqual(['scopes']);
    expect(await issues('POST', '/partners', { ...PARTNER, reviewDueAt: 'tomorrow' })).toEqual(['reviewDueAt']);
    expect(await issues('POST', '/partners', { ...PARTNER, reviewDueAt: '2031-02-30T00:00:00Z' })).toEqual([
      'reviewDueAt',
    ]);
    expect(await issues('PATCH', `/partners/${id}`, { status: 'approved' })).toEqual(['status']);
    expect(await issues('PATCH', `/partners/${id}`, { privacyUrl: 'ftp://x.example' })).toEqual(['privacyUrl']);
    expect(await issues('POST', `/partners/${id}/suspend`, {})).toEqual(['reason']);
    expect(await issues('POST', `/partners/${id}/suspend`, { reason: 'x', at: '2031-01-01T00:00:00Z' })).toEqual([
      'at',
    ]);
    expect(await issues('POST', `/partners/${id}/end`, { reason: 'x', at: 'soon' })).toEqual(['at']);
    expect(await issues('POST', `/partners/${id}/apps`, { ...APP, kind: 'robot' })).toEqual(['kind']);
    expect(await issues('POST', `/partners/${id}/apps`, { ...APP, scopes: ['contacts.read'] })).toEqual(['scopes']);
    expect(await issues('POST', `/partners/${id}/apps`, { ...APP, redirectUris: [] })).toEqual(['redirectUris']);
    expect(await issues('POST', `/partners/${id}/apps`, { ...APP, redirectUris: ['http://x.example'] })).toEqual([
      'redirectUris',
    ]);
    await admin.done('POST', `/partners/${id}/apps`, { ...APP, clientId: `${id}-app` });
    const app = `/partners/${id}/apps/${id}-app`;
    expect(await issues('PATCH', app, { scopes: ['contacts.read'] })).toEqual(['scopes']);
    expect(await issues('PATCH', app, { kind: 'web' })).toEqual(['kind']);
    expect(await issues('PATCH', app, { requiresDpop: 'yes' })).toEqual(['requiresDpop']);
  });

  test.each([
    ['GET', `/partners/${UNKNOWN}`],
    ['GET', '/partners/not-an-id'],
    ['GET', '/partners/%00'],
    ['PATCH', `/partners/${UNKNOWN}`, {}],
    ['POST', `/partners/${UNKNOWN}/approve`, {}],
    ['POST', `/partners/${UNKNOWN}/suspend`, { reason: 'x' }],
    ['POST', `/partners/${UNKNOWN}/resume`, {}],
    ['POST', `/partners/${UNKNOWN}/end`, { reason: 'x' }],
    ['GET', `/partners/${UNKNOWN}/apps`],
    ['POST', `/partners/${UNKNOWN}/apps`, APP],
    ['PATCH', `/partners/${UNKNOWN}/apps/x`, {}],
    ['DELETE', `/partners/${UNKNOWN}/apps/%00`],
  ])('%s %s is not_found', async (method, path, ...[body]: object[]) => {
    expect(await admin.refused(method, path, body)).toBe('404 not_found');
  });

  test('partners are listed by name, page by page, each once, and by status', async () => {
    for (const name of ['Page C', 'Page A', 'Page B', 'Page B']) await admin.partner({ name });
    const names: string[] = [];
    const ids = new Set<string>();
    for (let cursor = ''; ; ) {
      const page = await admin.done<{ partners: { id: string; name: string }[]; next?: string }>(
        'GET',
        `/partners?limit=2&cursor=${cursor}`,
      );
      expect(page.partners.length).toBeLessThanOrEqual(2);
      for (const { id, name } of page.partners) {
        names.push(name);
        ids.add(id);
      }
      if (page.next === undefined) break;
      cursor = page.next;
    }
    expect(ids.size).toBe(names.length);
    expect(ids.size).toBe(await admin.count('partner'));
    expect(names.filter((name) => name.startsWith('Page'))).toEqual(['Page A', 'Page B', 'Page B', 'Page C']);
    const { partners } = await admin.done<{ partners: Partner[] }>('GET', '/partners?status=ended');
    expect(new Set(partners.map(({ status }) => status))).toEqual(new Set(['ended']));
    for (const query of [
      'cursor=x',
      'cursor=WyJhIiwiYiJd',
      'limit=0',
      'limit=501',
      'status=new',
      'wanted=1',
      'limit=1&limit=2',
    ]) {
      expect(await admin.refused('GET', `/partners?${query}`)).toBe('400 invalid_data');
    }
  });
});
