import { once } from 'node:events';
import { Grants } from '@drawbridge/consent';
import type { BridgeClient } from '@drawbridge/testing';
import { generateKeyPair, SignJWT } from 'jose';
import { WebSocket } from 'ws';
import {
  codeOf,
  GatewayHarness,
  PUBLIC_URL,
  type Session,
  type TokenOptions,
  WEB_APP,
  WEB_ORIGIN,
} from './gateway-harness.js';

let bridge: GatewayHarness;
let grant: string;
beforeAll(async () => {
  bridge = await GatewayHarness.start('postgres', { HEARTBEAT_MS: '1000' });
  grant = await bridge.grant('alice');
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** Opened first and looked at last, because it takes its time. */
let silent: Promise<number>;
beforeAll(async () => {
  const socket = new WebSocket(`${bridge.origin.replace('http', 'ws')}/bridge`, { autoPong: false });
  silent = new Promise((resolve) => socket.on('close', resolve));
  await once(socket, 'message');
  const data = { token: await token(), client: CLIENT };
  socket.send(JSON.stringify({ event: 'session.open', id: '1', data }));
});

const CLIENT = { name: 'a-client', version: '1' };
const token = (options?: TokenOptions) => bridge.token('alice', grant, options);
const now = () => Math.floor(Date.now() / 1_000);

async function refused(client: BridgeClient, data: object) {
  const code = await codeOf(client.request('session.open', data));
  return [code, await client.closed];
}

describe('session.open', () => {
  test.each<[what: string, options: TokenOptions]>([
    ['expired', { livesS: -1 }],
    // By an authority whose clock is wrong: it would live longer than any may.
    ['made 10 minutes from now', { claims: { iat: now() + 600, exp: now() + 900 } }],
    ['made longer ago than one lives', { claims: { iat: now() - 370, exp: now() + 60 } }],
    ['that does not say when it was made', { claims: { iat: undefined } }],
    ['of another audience', { claims: { aud: 'https://elsewhere.example' } }],
    ['of two audiences', { claims: { aud: [`${PUBLIC_URL}/bridge`, 'https://elsewhere.example'] } }],
    ['of another issuer', { claims: { iss: 'https://elsewhere.example/oidc' } }],
    ['an ID token', { header: { typ: 'JWT' } }],
    ['without a type', { header: { typ: undefined } }],
    ['without an expiry', { claims: { exp: undefined } }],
    ['of no grant', { claims: { grant_id: undefined } }],
    ['of a grant that is not there', { claims: { grant_id: '0b51e9a6-4d25-4b1c-8d5a-1f3a2c5b7d90' } }],
    ['of a grant that is no id', { claims: { grant_id: 'x' } }],
    ['of another app', { claims: { client_id: WEB_APP } }],
    ['of another person', { claims: { sub: 'bob' } }],
    ['bound to a key, without a proof', { claims: { cnf: { jkt: 'x' } } }],
    ['bound to something unknown', { claims: { cnf: { x: 1 } } }],
  ])('with a token %s is unauthenticated, then closed with 4401; nothing says which it was', async (_, options) => {
    const client = await bridge.connect();
    expect(await refused(client, { token: await token(options), client: CLIENT })).toEqual([
      'unauthenticated',
      { code: 4401, reason: 'unauthenticated' },
    ]);
    expect(client.frames.at(-1)?.data).toEqual({
      code: 'unauthenticated',
      message: expect.any(String),
      retryable: false,
      docs: `${PUBLIC_URL}/errors/unauthenticated`,
    });
  });

  test('with a token made by a clock that is a little off is as good as any', async () => {
    for (const off of [-50, 50]) {
      const client = await bridge.connect();
      await client.open(await token({ claims: { iat: now() + off, exp: now() + off + 300 } }));
      await client.close();
    }
  });

  test('with a token that somebody else signed, or nobody, is unauthenticated', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const [header, payload, signature] = (await token()).split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).sign(privateKey);
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const wider = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    for (const bad of [forged, `${none}.${payload}.`, `${header}.${wider}.${signature}`, 'x', 'a.b.c']) {
      const client = await bridge.connect();
      expect(await refused(client, { token: bad, client: CLIENT })).toMatchObject(['unauthenticated', { code: 4401 }]);
    }
  });

  test.each<[what: string, code: string, data: object]>([
    ['no token', 'unauthenticated', { client: CLIENT }],
    ['no client', 'invalid_data', { token: 'x' }],
    ['a number as token', 'invalid_data', { token: 7, client: CLIENT }],
    ['an unknown property', 'invalid_data', { token: 'x', client: CLIENT, cookie: 'x' }],
  ])('with %s is %s, then closed with 4401', async (_, code, data) => {
    const client = await bridge.connect();
    expect(await refused(client, data)).toEqual([code, { code: 4401, reason: 'unauthenticated' }]);
  });

  test('keeps what the client calls itself, for Connected apps', async () => {
    const named = await bridge.grant('alice');
    const client = await bridge.connect();
    const name = 'Tunebox in the kitchen';
    await client.request('session.open', { token: await bridge.token('alice', named), client: { name, version: '1' } });
    expect(await new Grants(bridge.database).find(named)).toMatchObject({ clientName: name });
    await client.close();
  });

  test('on a consent that is over is consent_ended, then closed with 4403 and the reason (I2)', async () => {
    const ended = await bridge.grant('alice');
    await bridge.end(ended, 'revoked_by_operator');
    const client = await bridge.connect();
    expect(await refused(client, { token: await bridge.token('alice', ended), client: CLIENT })).toEqual([
      'consent_ended',
      { code: 4403, reason: 'revoked_by_operator' },
    ]);
  });

  test('that does not come in time is closed with 4408', async () => {
    // On a gateway of its own: where a client has 400 ms, one that a busy machine holds up is late too.
    await using impatient = await GatewayHarness.start('postgres', { OPEN_WITHIN_MS: '400' });
    const client = await impatient.connect();
    expect(await client.closed).toEqual({ code: 4408, reason: 'open_timeout' });
  });

  test('more than four connections on one grant: the oldest goes with 4409 (I9)', async () => {
    const other = await bridge.grant('alice');
    const shared = await bridge.token('alice', other);
    const clients: BridgeClient[] = [];
    for (let n = 0; n < 6; n++) {
      const client = await bridge.connect();
      await client.open(shared);
      clients.push(client);
    }
    const superseded = { code: 4409, reason: 'superseded' };
    expect(await Promise.all(clients.slice(0, 2).map(({ closed }) => closed))).toEqual([superseded, superseded]);
    for (const client of clients.slice(2)) {
      expect(await codeOf(client.request('ping', {}))).toBe('ok');
      await client.close();
    }
  });

  test('grants no more than the token and the grant both allow', async () => {
    const narrow = await bridge.grant('alice', { scopes: ['messages.read', 'profile'] });
    const client = await bridge.connect();
    const wide = await bridge.token('alice', narrow, { scopes: ['messages.send', 'messages.read'] });
    expect((await client.open<Session>(wide)).grant.scopes).toEqual(['messages.read']);
    await client.close();
  });

  test.each<[origin: string, clientId: string, taken: boolean]>([
    [WEB_ORIGIN, WEB_APP, true],
    [`${WEB_ORIGIN}:8443`, WEB_APP, false],
    ['https://evil.example', WEB_APP, false],
    ['null', WEB_APP, false],
    ['http://127.0.0.1:5173', 'tunebox-desktop', true],
    ['http://localhost:5173', 'tunebox-desktop', false],
    [WEB_ORIGIN, 'tunebox-desktop', false],
  ])('from %s as %s: taken is %s', async (origin, clientId, taken) => {
    const id = await bridge.grant('alice', { clientId });
    const client = await bridge.connect({ origin });
    const answer = codeOf(
      client.request('session.open', { token: await bridge.token('alice', id, { clientId }), client: CLIENT }),
    );
    expect(await answer).toBe(taken ? 'ok' : 'unauthenticated');
    await client.close();
  });
});

describe('Staying open', () => {
  test('the token’s end is told of, and the connection closed with 4401 when no other comes', async () => {
    const client = await bridge.connect();
    await client.open(await token({ livesS: 3 }));
    const { data } = await client.waitFor(({ event }) => event === 'session.expiring');
    expect(data.inMs).toBeGreaterThan(500);
    expect(data.inMs).toBeLessThanOrEqual(3_000);
    expect(await client.closed).toEqual({ code: 4401, reason: 'unauthenticated' });
  });

  test('session.refresh takes a token of the same grant and client only, and then the old one’s end is nothing', async () => {
    const client = await bridge.connect();
    const { nonce } = await client.open<Session>(await token({ livesS: 10 }));
    const other = await bridge.token('alice', await bridge.grant('alice'));
    for (const data of [{ token: other }, { token: 'x' }, {}]) {
      expect(await codeOf(client.request('session.refresh', data))).toBe('unauthenticated');
    }
    const refreshed = await client.request<Session>('session.refresh', { token: await token({ livesS: 12 }) });
    expect(refreshed).toEqual({
      tokenExpiresAt: expect.stringMatching(/Z$/),
      grant: { id: grant, scopes: expect.arrayContaining(['messages.read']), expiresAt: expect.any(String) },
      nonce: expect.any(String),
    });
    expect(refreshed.nonce).not.toBe(nonce);
    expect(await client.closed).toEqual({ code: 4401, reason: 'unauthenticated' });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(refreshed.tokenExpiresAt) - 50);
  });

  test('session.close signs out: ok, then 4403 signed_out, and the grant is ended (I2)', async () => {
    const own = await bridge.grant('alice');
    const tokens = await bridge.token('alice', own);
    const client = await bridge.connect();
    await client.open(tokens);
    const sibling = await bridge.connect();
    await sibling.open(tokens);
    expect(await client.request('session.close', {})).toEqual({});
    const signedOut = { code: 4403, reason: 'signed_out' };
    expect(await Promise.all([client.closed, sibling.closed])).toEqual([signedOut, signedOut]);
    const again = await bridge.connect();
    expect(await refused(again, { token: tokens, client: CLIENT })).toEqual(['consent_ended', signedOut]);
  });

  test('the bridge pings, answers pings, and goes on with who answers', async () => {
    const client = await bridge.connect();
    await client.open(await token());
    const pinged = new Promise((resolve) => client.socket.once('ping', resolve));
    const ponged = new Promise((resolve) => client.socket.once('pong', (data: Buffer) => resolve(data.toString())));
    client.socket.ping('are you there?');
    expect(await ponged).toBe('are you there?');
    await pinged;
    expect(await client.request('ping', {})).toEqual({ at: expect.stringMatching(/\.\d{3}Z$/) });
    await client.close();
  });

  test('who answers no ping within 10 s is dropped', async () => {
    expect(await silent).toBe(1006);
  });
});
