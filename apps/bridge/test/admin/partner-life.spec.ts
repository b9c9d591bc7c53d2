import {
  BridgeClient,
  type BridgeProcess,
  everyDatabase,
  FormBrowser,
  formWith,
  refresh,
  shownText,
  signIn,
  startBridge,
} from '@drawbridge/testing';
import { AdminClient, APP, PARTNER, ROOT_TOKEN } from './admin-harness.js';

const PASSWORD = 'drawbridge';
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

interface Partner {
  status: string;
  statusBy: string;
  statusReason: string;
}

describe.each(everyDatabase)('The life of a partner, as its apps and its people see it, on %s', (database) => {
  let bridge: BridgeProcess;
  let admin: AdminClient;
  beforeAll(async () => {
    bridge = await startBridge({ database, env: { ADMIN_TOKEN: ROOT_TOKEN } });
    admin = new AdminClient(bridge.internalUrl);
  });
  afterAll(() => bridge?.[Symbol.asyncDispose]());

  const connect = (clientId: string, login = 'alice') =>
    signIn(bridge, { login, password: PASSWORD, clientId, scopes: APP.scopes, bound: false });
  /** What the app gets that sends somebody to sign in. */
  const ask = (clientId: string, browser = new FormBrowser(bridge.publicUrl)) =>
    browser.get(
      `/oidc/auth?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: 'http://127.0.0.1:49152/callback',
        scope: 'openid messages.read messages.send',
        code_challenge: 'c'.repeat(43),
        code_challenge_method: 'S256',
      })}`,
    );
  /** The partner once the sweep has come to it. */
  const whenNo = async (status: string, id: string): Promise<Partner> => {
    for (;;) {
      const partner = await admin.done<Partner>('GET', `/partners/${id}`);
      if (partner.status !== status) return partner;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  test('an app gets a code only while its partner is approved; suspended, its grants end, and resuming revives none (I2)', async () => {
    const id = await admin.partner();
    await admin.done('POST', `/partners/${id}/apps`, { ...APP, clientId: 'reel' });
    const step = (name: string) => admin.done('POST', `/partners/${id}/${name}`, { reason: 'a test' });
    expect(await ask('reel')).toMatchObject({ status: 400, left: undefined });

    await step('approve');
    const tokens = await connect('reel');
    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(tokens);
    expect(await step('suspend')).toMatchObject({ grants: 1, connectionsClosed: 1, gateways: [{ confirmed: 'ack' }] });
    expect(await client.closed).toEqual({ code: 4403, reason: 'partner_suspended' });
    expect(await ask('reel')).toMatchObject({ status: 400, left: undefined });
    await expect(refresh(bridge, tokens)).rejects.toThrow('invalid_client');

    await step('resume');
    await expect(refresh(bridge, tokens)).rejects.toThrow('invalid_grant');
    const late = await BridgeClient.connect(bridge.publicUrl);
    await expect(late.open(tokens)).rejects.toMatchObject({ code: 'consent_ended' });
    const again = await connect('reel');
    const back = await BridgeClient.connect(bridge.publicUrl);
    await back.open(again);

    expect(await step('end')).toMatchObject({ grants: 1, connectionsClosed: 1 });
    expect(await back.closed).toEqual({ code: 4403, reason: 'partner_ended' });
    expect(await ask('reel')).toMatchObject({ status: 400, left: undefined });
  });

  test('the day on which a partner ends is on the consent page and on Connected apps beforehand; when it comes, its grants end', async () => {
    const id = await admin.approved('house');
    const endsAt = new Date(Date.now() + 40 * 86_400_000);
    const end = (at: Date) =>
      admin.done<{ endsAt: string }>('POST', `/partners/${id}/end`, {
        reason: 'the contract ends',
        at: at.toISOString(),
      });
    expect((await end(endsAt)).endsAt).toBe(endsAt.toISOString());
    const sentence = `${APP.name}’s access ends on ${day.format(endsAt)} for everybody.`;

    const asking = new FormBrowser(bridge.publicUrl);
    const consent = await asking.submit(formWith(await ask('house', asking), 'login'), {
      login: 'alice',
      password: PASSWORD,
    });
    expect(shownText(consent)).toContain(sentence);
    const tokens = await connect('house');
    const browser = new FormBrowser(bridge.publicUrl);
    const signedIn = await browser.submit(formWith(await browser.get('/connected-apps'), 'login'), {
      login: 'alice',
      password: PASSWORD,
    });
    expect(shownText(signedIn)).toContain(sentence);

    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(tokens);
    await end(new Date(Date.now() + 500));
    expect(await client.closed).toEqual({ code: 4403, reason: 'partner_ended' });
    expect(await whenNo('approved', id)).toMatchObject({
      status: 'ended',
      statusBy: 'bridge',
      statusReason: 'the contract ends',
      endsAt: null,
    });
  });

  test('a partner whose review is overdue is suspended by the bridge, with a receipt like any other, and comes back when it is reviewed', async () => {
    const id = await admin.approved('overdue');
    const tokens = await connect('overdue', 'bob');
    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(tokens);
    await admin.done('PATCH', `/partners/${id}`, { reviewDueAt: new Date(Date.now() + 300).toISOString() });
    expect(await client.closed).toEqual({ code: 4403, reason: 'partner_suspended' });
    expect(await whenNo('approved', id)).toMatchObject({
      status: 'suspended',
      statusBy: 'bridge',
      statusReason: 'review overdue',
    });
    expect(await admin.refused('POST', `/partners/${id}/resume`, {})).toBe('409 conflict');
    await admin.done('PATCH', `/partners/${id}`, { reviewDueAt: '2039-01-01T00:00:00Z' });
    expect(await admin.done('POST', `/partners/${id}/resume`, {})).toMatchObject({ status: 'approved', ...PARTNER });
  });
});
