import { once } from 'node:events';
import { connect } from 'node:net';
import { Partners } from '@drawbridge/partners';
import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { AUTHORITY_LIMITS } from '../../src/authority/authority-turns.js';
import { OidcArtifacts } from '../../src/authority/oidc-artifacts.js';
import { AuthorityHarness, bodyOf, DESKTOP } from './authority-harness.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };
const { asked, beginnings } = AUTHORITY_LIMITS;
/** A proxy in front of an https origin would say whose request it is. */
const from = (address: string, headers: Record<string, string> = {}) => ({ 'x-forwarded-for': address, ...headers });

describe.each(everyDatabase)('Many at once at the authority, on %s', (kind) => {
  let bridge: AuthorityHarness;
  let local: string;
  beforeEach(async () => {
    bridge = await AuthorityHarness.start(kind, { publicUrl: 'https://bridge.example' });
    local = bridge.origin;
  });
  afterEach(() => bridge[Symbol.asyncDispose]());

  const refreshFrom = (address: string, token = 'nothing') =>
    fetch(`${local}/oidc/token`, {
      method: 'POST',
      headers: from(address),
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: DESKTOP }),
    });

  const begin = (address: string, headers: Record<string, string> = {}) =>
    fetch(`${local}${bridge.authorizationUrl().url}`, { redirect: 'manual', headers: from(address, headers) });

  test('an address may have so many waiting and all together so many; then 503 says when to come back (I9)', async () => {
    const partners = bridge.app.get(Partners);
    const go = Promise.withResolvers<void>();
    const app = partners.app.bind(partners);
    const looked = clock.spyOn(partners, 'app').mockImplementation((id) => go.promise.then(() => app(id)));
    const answers: Promise<Response>[] = [];
    /** As many requests at once; the first that is answered, which is one too many. */
    const oneTooMany = (address: string, requests: number) => {
      const asking = Array.from({ length: requests }, () => refreshFrom(address));
      answers.push(...asking);
      return Promise.race(asking);
    };
    const refused = await oneTooMany('192.0.2.1', asked.atOnce + asked.waitingEach + 1);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await bodyOf(refused)).toMatchObject({ status: 503, error: 'temporarily_unavailable' });
    expect((await oneTooMany('192.0.2.2', asked.waiting - asked.waitingEach + 1)).status).toBe(503);
    const page = await begin('192.0.2.3', { accept: 'text/html' });
    expect(page.headers.get('retry-after')).toBe('2');
    expect(await page.text()).toContain('try again in 2 seconds');
    // An end has turns of its own.
    expect((await fetch(`${local}/connected-apps`, { headers: from('192.0.2.1') })).status).toBe(200);
    go.resolve();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
    expect((await begin('192.0.2.3')).status).toBe(303);
    looked.mockRestore();
  });

  test('a body that comes byte by byte keeps nobody waiting (I9)', async () => {
    const { hostname, port } = new URL(local);
    const body = `grant_type=refresh_token&refresh_token=nothing&client_id=${DESKTOP}`;
    const head = [
      'POST /oidc/token HTTP/1.1',
      'Host: bridge.example',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ];
    const slow = Array.from({ length: 2 * asked.atOnce }, () => connect(Number(port), hostname));
    for (const socket of slow) {
      await once(socket, 'connect');
      socket.write(`${head.join('\r\n')}\r\n\r\n${body[0]}`);
    }
    expect((await refreshFrom('192.0.2.9')).status).toBe(400);
    const [first] = slow;
    first!.write(body.slice(1, 30));
    expect((await refreshFrom('192.0.2.9')).status).toBe(400);
    first!.write(body.slice(30));
    const [answer] = (await once(first!, 'data')) as [Buffer];
    for (const socket of slow) socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1.1 400 [\s\S]*invalid_grant/);
  });

  test('an address begins so many sign-ins a minute; then a page says when there is room again (I9)', async () => {
    const statuses = new Map<number, number>();
    const worker = async () => {
      for (let i = 0; i < beginnings.perMinute / 20; i += 1) {
        const { status } = await begin('192.0.2.1');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    let refused = await begin('192.0.2.1', { accept: 'text/html' });
    while (refused.status === 303) refused = await begin('192.0.2.1', { accept: 'text/html' });
    expect(statuses).toEqual(new Map([[303, beginnings.perMinute]]));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.text()).toContain('Please try again in a second.');
    let device = await bridge.askForDevice({}, from('192.0.2.1'));
    while (device.status === 200) device = await bridge.askForDevice({}, from('192.0.2.1'));
    expect(await bodyOf(device)).toMatchObject({ status: 429, error: 'temporarily_unavailable' });
    expect(device.headers.get('retry-after')).toBe('1');
    expect((await begin('192.0.2.2')).status).toBe(303);
    // Whoever has begun already goes on.
    expect((await refreshFrom('192.0.2.1')).status).toBe(400);
  });

  test('the sweep removes what a flood of sign-ins left, however much it is', async () => {
    await sql`insert into oidc_artifact (model, id, payload, expires_at)
      select 'Interaction', 'old-' || n, '{}', clock_timestamp() - interval '1 hour' from generate_series(1, 2500) n`.execute(
      bridge.database.tables(),
    );
    await new OidcArtifacts(bridge.database).sweep();
    const { rows } = await sql`select from oidc_artifact where id like 'old-%'`.execute(bridge.database.tables());
    expect(rows).toHaveLength(0);
  });
});
