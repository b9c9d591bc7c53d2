import { BridgeClient, signIn, startBridge } from '@drawbridge/testing';
import { AdminClient, ROOT_TOKEN } from './admin-harness.js';

const ALICE = { login: 'alice', password: 'drawbridge', clientId: 'tunebox-desktop' };

describe('After a restore from a backup', () => {
  test('every grant of before is over, unless the operator keeps them, and every client loads anew, at once (I2, I4)', async () => {
    await using bridge = await startBridge({
      database: 'postgres',
      env: { ADMIN_TOKEN: ROOT_TOKEN, GATEWAY_ID: 'gw-1' },
    });
    const admin = new AdminClient(bridge.internalUrl);
    const tokens = await signIn(bridge, ALICE);
    const client = await BridgeClient.connect(bridge.publicUrl);
    const { mailbox } = await client.open<{ mailbox: { epoch: string; head: number } }>(tokens);

    // Whoever knows that nothing had ended keeps them.
    const kept = { reason: 'copied', keepGrants: true };
    expect(await admin.done('POST', '/restored?preview=true', kept)).toEqual({
      preview: { grants: 0, apps: 0, people: 0 },
    });
    expect(await admin.done('POST', '/restored', kept)).toEqual({ receipts: [] });
    const { data } = await client.waitFor(({ event }) => event === 'mailbox.reset');
    expect(data).toEqual({ epoch: expect.any(String), head: mailbox.head, reason: 'epoch_changed' });
    expect(data.epoch).not.toBe(mailbox.epoch);

    const asked = { reason: 'backup of 03:00' };
    expect(await admin.done('POST', '/restored?preview=true', asked)).toEqual({
      preview: { grants: 1, apps: 1, people: 1 },
    });
    const { receipts } = await admin.done<{ receipts: object[] }>('POST', '/restored', asked);
    expect(receipts).toMatchObject([
      { partner: expect.any(String), grants: 1, connectionsClosed: 1, gateways: [{ id: 'gw-1', confirmed: 'ack' }] },
    ]);
    expect(await client.closed).toEqual({ code: 4403, reason: 'revoked_by_operator' });
    const again = await BridgeClient.connect(bridge.publicUrl);
    await expect(again.open(tokens)).rejects.toMatchObject({ code: 'consent_ended' });
    expect(await again.closed).toEqual({ code: 4403, reason: 'revoked_by_operator' });

    // The partner stays, and people sign in again.
    const anew = await BridgeClient.connect(bridge.publicUrl);
    await anew.open(await signIn(bridge, ALICE));
    const { entries } = await admin.done<{ entries: { kind: string; actor: string; data: object }[] }>(
      'GET',
      '/record',
    );
    expect(entries.filter(({ kind }) => kind === 'data_restored' || kind === 'partner_voided')).toMatchObject([
      { kind: 'data_restored', actor: 'root', data: { keepGrants: false, note: 'backup of 03:00' } },
      { kind: 'partner_voided', actor: 'root', data: { grants: 1, note: 'backup of 03:00' } },
      { kind: 'data_restored', actor: 'root', data: { keepGrants: true, note: 'copied' } },
    ]);
    await anew.close();
  });
});
