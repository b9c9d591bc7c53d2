import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { BridgeClient, everyDatabase, signIn, startBridge } from '@drawbridge/testing';
import { AdminClient, ROOT_TOKEN, TIME, UNKNOWN } from './admin-harness.js';

interface Gateway {
  id: string;
  instance: string;
  lease: { ms: number; ageMs: number };
  connections: number;
  consentPosition: number;
  draining: boolean;
}

/** The HTTP status of an attempt to connect. */
async function upgrade(url: string): Promise<number | undefined> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': 13,
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const asking = get(url, { headers });
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe.each(everyDatabase)('Gateways over the operators’ API, on %s', (database) => {
  test('each says of itself how it is; one is drained as at its end: told, closed with 4512, refused, and /readyz says so', async () => {
    await using bridge = await startBridge({
      database,
      env: { ADMIN_TOKEN: ROOT_TOKEN, GATEWAY_ID: 'gw-1', UNREADY_MS: '300', DRAIN_MS: '200' },
    });
    const admin = new AdminClient(bridge.internalUrl);
    /** As the gateways said when it was so. */
    const when = async (so: (gateway: Gateway) => boolean): Promise<Gateway> => {
      for (;;) {
        const { gateways } = await admin.done<{ gateways: Gateway[] }>('GET', '/gateways');
        if (gateways[0] && so(gateways[0])) return gateways[0];
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const readyz = async () => (await fetch(`${bridge.internalUrl}/readyz`)).json() as Promise<object>;

    const tokens = await signIn(bridge, { login: 'alice', password: 'drawbridge', clientId: 'tunebox-desktop' });
    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(tokens);
    const gateway = await when(({ connections }) => connections === 1);
    expect(gateway).toEqual({
      id: 'gw-1',
      instance: expect.any(String),
      lease: { ms: 3_000, renewedAt: expect.stringMatching(TIME), ageMs: expect.any(Number) },
      connections: 1,
      consentPosition: 0,
      draining: false,
      drainRequestedBy: null,
      startedAt: expect.stringMatching(TIME),
    });
    expect(await readyz()).toMatchObject({ status: 'ready' });

    const preview = await admin.done('POST', '/gateways/gw-1/drain?preview=true');
    expect(preview).toEqual({ preview: { connections: 1, grants: 0, apps: 0, people: 0 } });
    expect(await when(() => true)).toMatchObject({ draining: false });
    expect(await admin.call('POST', `/gateways/${gateway.instance}/drain`, { reason: 'a new disk' })).toMatchObject({
      status: 202,
      body: { id: 'gw-1', instance: gateway.instance, connections: 1, draining: true },
    });
    expect(await client.closed).toEqual({ code: 4512, reason: 'going_away' });
    expect(client.frames.some(({ event }) => event === 'going_away')).toBe(true);
    expect(await readyz()).toMatchObject({
      status: 'not_ready',
      checks: { database: 'ok', consent: 'ok', gateway: 'was drained by an operator' },
    });
    expect(await upgrade(`${bridge.publicUrl}/bridge`)).toBe(503);
    expect(await when(({ connections }) => connections === 0)).toMatchObject({
      draining: true,
      drainRequestedBy: 'root',
    });
    // Asked again nothing more happens.
    expect((await admin.call('POST', '/gateways/gw-1/drain')).status).toBe(202);
    const { entries } = await admin.done<{ entries: object[] }>('GET', '/record?operator=root');
    expect(entries).toMatchObject([
      { kind: 'gateway_drained', data: { gateway: 'gw-1', instance: gateway.instance, note: 'a new disk' } },
    ]);
    for (const id of ['gw-2', UNKNOWN])
      expect(await admin.refused('POST', `/gateways/${id}/drain`)).toBe('404 not_found');
    // What is not the gateway's goes on: the person's pages, and this API.
    expect((await fetch(`${bridge.publicUrl}/connected-apps`)).status).toBe(200);
    expect(await bridge.stop()).toBe(0);
    await bridge.start();
    expect(await when(() => true)).toMatchObject({ draining: false, drainRequestedBy: null });
  });
});
