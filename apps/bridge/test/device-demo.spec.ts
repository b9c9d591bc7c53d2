import { Database } from '@drawbridge/database';
import {
  BridgeClient,
  connectedApps,
  everyDatabase,
  postgresUrl,
  refresh,
  signInOnDevice,
  startBridge,
} from '@drawbridge/testing';
import { sql } from 'kysely';

const TV = 'reelhouse-tv';
const alice = { login: 'alice', password: 'drawbridge' };

describe.each(everyDatabase)('The demo on a TV, on %s', (database) => {
  test('alice signs in on Reelhouse with its code, and ends it: the TV is closed with 4403 (I1, I2)', async () => {
    await using bridge = await startBridge({ database });
    const tokens = await signInOnDevice(bridge, alice);
    const tv = await BridgeClient.connect(bridge.publicUrl);
    expect(await tv.open(tokens.accessToken)).toMatchObject({
      person: { id: 'alice' },
      app: { id: TV, name: 'Reelhouse', partner: 'Reelhouse' },
      grant: { scopes: ['contacts.read', 'recommendations.send'] },
    });
    await expect(tv.request('conversation.list', {})).rejects.toMatchObject({ code: 'scope_missing' });
    await tv.request('session.refresh', { token: (await refresh(bridge, tokens)).accessToken });

    const apps = await connectedApps(bridge, alice);
    expect(await apps.end(apps.grants[0]!)).toContain('no longer has access');
    expect(await tv.closed).toEqual({ code: 4403, reason: 'revoked_by_person' });
    expect(tv.problems).toEqual([]);
  });
});

test('a demo that an older version made gets the apps that came later, and keeps its own, which need their key now, and every console', async () => {
  const databaseUrl = await postgresUrl();
  await using bridge = await startBridge({ database: 'postgres', databaseUrl });
  await bridge.stop();
  const store = await Database.open({ url: databaseUrl });
  await sql`delete from app where client_id = ${TV}`.execute(store.tables());
  await sql`delete from partner where name = 'Reelhouse'`.execute(store.tables());
  const tunebox = sql`update app set removed_at = clock_timestamp(), requires_dpop = false where client_id = 'tunebox-desktop'`;
  await tunebox.execute(store.tables());
  // As another process has it, which serves the console too.
  const elsewhere = 'http://127.0.0.1:1/console/';
  await sql`update app set redirect_uris = array[${elsewhere}] where client_id = 'drawbridge-console'`.execute(
    store.tables(),
  );
  await store.close();
  await bridge.restart();
  expect((await signInOnDevice(bridge, { ...alice, scopes: ['contacts.read'] })).scope).toBe('contacts.read');
  const again = await Database.open({ url: databaseUrl });
  const { rows } = await sql`select requires_dpop from app where client_id = 'tunebox-desktop'`.execute(again.tables());
  expect(rows).toEqual([{ requires_dpop: true }]);
  const consoles = await sql`select redirect_uris from app where client_id = 'drawbridge-console'`.execute(
    again.tables(),
  );
  expect(consoles.rows).toEqual([{ redirect_uris: [`${bridge.internalUrl}/console/`, elsewhere] }]);
  await sql`update partner set status = 'ended' where name = 'Reelhouse'`.execute(again.tables());
  await sql`update app set removed_at = clock_timestamp() where client_id = ${TV}`.execute(again.tables());
  await again.close();
  await bridge.stop();
  await bridge.restart();
  await expect(signInOnDevice(bridge, alice)).rejects.toThrow(/invalid_client/);
  const removed = await fetch(`${bridge.publicUrl}/oidc/auth?client_id=tunebox-desktop&response_type=code`);
  expect([removed.status, await removed.text()]).toEqual([400, expect.stringContaining('not connected to us')]);
});

test('a process that is a gateway alone has no page for codes', async () => {
  await using bridge = await startBridge({ database: 'pglite', env: { ROLES: 'gateway' } });
  for (const path of ['/device', '/device?user_code=BBBB-BBBB', '/oidc/device/auth']) {
    expect((await fetch(bridge.publicUrl + path)).status).toBe(404);
  }
});
