import { once } from 'node:events';
import {
  BridgeClient,
  type BridgeProcess,
  refresh,
  signIn,
  startBridge,
  type Tokens,
  token,
} from '@drawbridge/testing';
import { decodeJwt } from 'jose';
import { WebSocket } from 'ws';

const person = { login: 'alice', password: 'drawbridge' } as const;
const CONSOLE = { clientId: 'drawbridge-console', bound: false } as const;
const UNAUTHENTICATED = { code: 4401, reason: 'unauthenticated' };

/**
 * What a token is not good for, with tokens that real sign-ins gave. Forged ones are in gateway/opening.spec.ts, proofs
 * of keys in gateway/bound-tokens.spec.ts, scopes frame by frame in gateway/refusals.spec.ts.
 */
describe('What the gateway refuses (section 4)', () => {
  let bridge: BridgeProcess;
  let other: BridgeProcess;
  beforeAll(async () => {
    [bridge, other] = await Promise.all([startBridge({ database: 'postgres' }), startBridge({ database: 'postgres' })]);
  });
  afterAll(() => Promise.all([bridge[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));

  /** An app without a key, which asks for and is allowed all. */
  const unbound = (at = bridge) => signIn(at, { ...person, ...CONSOLE, redirectUri: `${at.internalUrl}/console/` });
  const tunebox = () => signIn(bridge, { ...person, clientId: 'tunebox-desktop' });
  const refused = async (open: Parameters<BridgeClient['open']>[0]) => {
    const client = await BridgeClient.connect(bridge.publicUrl);
    const code = await client.open(open).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    );
    return [code, await client.closed];
  };

  test.each<[what: string, tokens: () => Promise<Parameters<BridgeClient['open']>[0]>]>([
    ['an ID token: `typ` is not at+jwt', async () => (await unbound()).idToken!],
    ['a refresh token', async () => (await unbound()).refreshToken],
    [
      'an access token of another bridge: issuer, audience and key are others',
      async () => (await unbound(other)).accessToken,
    ],
    ['a token that is bound to a key, stolen without it', async () => (await tunebox()).accessToken],
    [
      'a token that is bound to a key, with a proof of another key',
      async () => ({ ...(await tunebox()), key: (await tunebox()).key! }),
    ],
  ])('%s', async (_, tokens) => {
    expect(await refused(await tokens())).toEqual(['unauthenticated', UNAUTHENTICATED]);
  });

  test('a valid token of a grant that ended because a refresh token came twice: 4403 token_replayed (I2)', async () => {
    const tokens = await tunebox();
    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(tokens);
    await refresh(bridge, tokens);
    await expect(refresh(bridge, tokens)).rejects.toThrow('invalid_grant');
    const replayed = { code: 4403, reason: 'token_replayed' };
    expect(await client.closed).toEqual(replayed);
    expect(await refused(tokens)).toEqual(['consent_ended', replayed]);
  });

  test('a stolen refresh token, without its key: no token, and nothing ends', async () => {
    const tokens = await tunebox();
    const { key: _, ...stolen } = tokens;
    await expect(refresh(bridge, stolen)).rejects.toThrow('invalid_dpop_proof');
    await expect(refresh(bridge, { ...stolen, key: (await tunebox()).key! })).rejects.toThrow('invalid_grant');
    const client = await BridgeClient.connect(bridge.publicUrl);
    await client.open(await refresh(bridge, tokens));
    await client.close();
  });

  test('a token that was asked for with fewer scopes, used for more: scope_missing, and no more is in it (I1)', async () => {
    const all: Tokens = await tunebox();
    const form = { grant_type: 'refresh_token', refresh_token: all.refreshToken, scope: 'messages.read' };
    const fewer = await token(bridge, all, form);
    expect(decodeJwt(fewer.accessToken).scope).toBe('messages.read');
    const client = await BridgeClient.connect(bridge.publicUrl);
    expect(await client.open(fewer)).toMatchObject({ person: { id: 'alice' }, grant: { scopes: ['messages.read'] } });
    const send = client.request('message.send', { to: 'bob', text: 'x', clientId: crypto.randomUUID() });
    await expect(send).rejects.toMatchObject({ data: { code: 'scope_missing', scope: 'messages.send' } });
    await client.close();
  });

  test('a token in the address, or in a header, opens nothing', async () => {
    const { accessToken } = await unbound();
    const url = `${bridge.publicUrl.replace('http', 'ws')}/bridge?access_token=${accessToken}&token=${accessToken}`;
    const socket = new WebSocket(url, 'drawbridge.v1', { headers: { authorization: `Bearer ${accessToken}` } });
    await once(socket, 'message');
    socket.send(JSON.stringify({ event: 'conversation.list', id: 'c-1', data: {} }));
    const [answer] = await once(socket, 'message');
    expect(JSON.parse(String(answer))).toMatchObject({ event: 'error', id: 'c-1', data: { code: 'not_open' } });
    socket.close();
  });
});
