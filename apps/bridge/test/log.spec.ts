import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  BridgeClient,
  FormBrowser,
  formWith,
  ProofKey,
  refresh,
  revoke,
  startBridge,
  UNLIMITED_RATES,
} from '@drawbridge/testing';

const CLIENT_ID = 'tunebox-desktop';
const REDIRECT = 'http://127.0.0.1:49152/callback';

type Line = Record<string, unknown> & { msg: string };
const linesOf = (output: string): Line[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

/** Signs in as a browser would, with a wrong password first, and keeps everything that is nobody else's business. */
async function signInAndTell(publicUrl: string, secrets: Map<string, string>) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('hex');
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT,
    state,
    scope: 'openid profile messages.read messages.send',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new FormBrowser(publicUrl);
  const page = await browser.get(`/oidc/auth?${question}`);
  const wrong = `wrong-${randomUUID()}`;
  const again = await browser.submit(formWith(page, 'login'), { login: 'alice', password: wrong });
  const consent = await browser.submit(formWith(again, 'login'), { login: 'alice', password: 'drawbridge' });
  const scope = ['profile', 'messages.read', 'messages.send'];
  const { left } = await browser.submit(formWith(consent, 'scope'), { scope }, ['decision', 'allow']);
  const code = left!.searchParams.get('code')!;
  const key = new ProofKey();
  const exchanged = await key.post(`${publicUrl}/oidc/token?code=${code}`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    client_id: CLIENT_ID,
    code_verifier: verifier,
  });
  const tokens = (await exchanged.json()) as { access_token: string; refresh_token: string };
  const told = { verifier, state, wrong, code, access: tokens.access_token, refresh: tokens.refresh_token };
  for (const [name, value] of Object.entries(told)) secrets.set(name, value);
  return { clientId: CLIENT_ID, accessToken: tokens.access_token, refreshToken: tokens.refresh_token, key };
}

/** The signature and the claims of a token by themselves are as good as the whole. */
const parts = (secret: string) => [secret, ...secret.split('.').filter((part) => part.length > 40)];

test('A whole conversation at LOG_LEVEL=trace leaves ids in the log, and no text, token, password, code or query', async () => {
  await using bridge = await startBridge({ database: 'postgres', env: { LOG_LEVEL: 'trace', GATEWAY_ID: 'gw-log' } });
  const secrets = new Map<string, string>();
  const tokens = await signInAndTell(bridge.publicUrl, secrets);
  const rotated = await refresh(bridge, tokens);
  secrets.set('second refresh token', rotated.refreshToken).set('second access token', rotated.accessToken);

  const stranger = await BridgeClient.connect(bridge.publicUrl);
  const forged = `${tokens.accessToken.slice(0, -8)}AAAAAAAA`;
  secrets.set('forged token', forged);
  await expect(stranger.open(forged)).rejects.toThrow();

  const alice = await BridgeClient.connect(bridge.publicUrl);
  const { grant } = await alice.open<{ grant: { id: string } }>(tokens);
  secrets.set('nonce', String(alice.hello.nonce));
  const [text, title, junk, bad, edited] = ['text', 'title', 'junk', 'bad', 'edited'].map((what) => {
    const secret = `${what}-${randomUUID()}`;
    secrets.set(what, secret);
    return secret;
  });
  const { conversation } = await alice.request<{ conversation: { id: string } }>('conversation.create', {
    members: ['bob', 'carol'],
    title,
    clientId: randomUUID(),
  });
  const sending = { conversation: conversation.id, text, clientId: randomUUID() };
  const { message } = await alice.request<{ message: { id: string } }>('message.send', sending);
  await alice.request('message.edit', { message: message.id, text: edited });
  await alice.request('reaction.add', { message: message.id, emoji: '🎧' });
  await alice.request('message.delete', { message: message.id });
  await alice.request('message.send', sending);
  await alice.request('conversation.history', { conversation: conversation.id });
  for (const wrong of [
    { conversation: conversation.id, text: bad, clientId: bad },
    { conversation: randomUUID(), text: bad, clientId: randomUUID() },
  ])
    await expect(alice.request('message.send', wrong)).rejects.toThrow();
  await expect(alice.request(String(junk), {})).rejects.toThrow(/unknown_event/);
  alice.send(`{"event": "message.send", "data": {"text": "${bad}" `);
  await alice.waitFor(({ event, id }) => event === 'error' && id === undefined);
  await fetch(`${bridge.publicUrl}/nothing?code=${secrets.get('code')}`);
  await fetch(`${bridge.publicUrl}/bridge?token=${secrets.get('access')}`);
  expect(await revoke(bridge, rotated)).toBe(200);
  expect(await alice.closed).toMatchObject({ code: 4403 });
  expect(await bridge.stop()).toBe(0);

  const output = bridge.output();
  for (const [name, secret] of secrets)
    for (const part of parts(secret)) expect([name, output.includes(part)]).toEqual([name, false]);
  // How every proof begins.
  expect(output).not.toContain(Buffer.from('{"typ":"dpop+jwt"}').toString('base64url').slice(0, 20));
  expect(output.split('\n').filter((line) => /"msg".*drawbridge[^_.-]/.test(line))).toEqual([]);

  const lines = linesOf(output);
  const said = (msg: string) => lines.filter((line) => line.msg === msg);
  const ids = { connection: expect.any(Number), grant: grant.id, person: 'alice', app: CLIENT_ID };
  for (const line of lines) expect(line).toMatchObject({ time: expect.any(String), gateway: 'gw-log' });
  expect(said('Starting')).toEqual([
    expect.objectContaining({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/), node: process.version }),
  ]);
  expect(said('Starting')[0]!.settings).toEqual(expect.arrayContaining(['LOG_LEVEL', 'GATEWAY_ID', 'DEMO', 'PORT']));
  expect(said('Ready')).toHaveLength(1);
  expect(said('A sign-in was refused')).toEqual([expect.objectContaining({ app: CLIENT_ID })]);
  expect(said('A consent was given')).toEqual([expect.objectContaining({ grant: grant.id, person: 'alice' })]);
  expect(said('A session is open')).toEqual([expect.objectContaining(ids)]);
  expect(said('A command was refused')).toEqual([
    expect.objectContaining({ command: 'session.open', code: 'unauthenticated', connection: expect.any(Number) }),
    expect.objectContaining({ ...ids, command: 'message.send', code: 'invalid_data' }),
    expect.objectContaining({ ...ids, command: 'message.send', code: 'not_found' }),
  ]);
  expect(said('A connection is closed')).toEqual([
    expect.objectContaining({ code: 4401, reason: 'unauthenticated' }),
    expect.objectContaining({ ...ids, code: 4403, reason: 'signed_out', ms: expect.any(Number) }),
  ]);
  expect(said('A consent has ended')).toEqual([
    expect.objectContaining({
      grant: grant.id,
      reason: 'signed_out',
      confirmed: 'ack',
      ms: expect.any(Number),
      gateways: [expect.objectContaining({ id: 'gw-log', confirmed: 'ack' })],
    }),
  ]);
  expect(said('Stopped')).toHaveLength(1);
});

test('In production every line is JSON, connections are told of at debug only, and ready is one of the lines', async () => {
  await using bridge = await startBridge({ database: 'postgres', env: { NODE_ENV: 'production', DEMO: 'false' } });
  const client = await BridgeClient.connect(bridge.publicUrl);
  await client.close();
  expect(await bridge.stop()).toBe(0);
  const lines = bridge.output().trimEnd().split('\n');
  const said = lines.map((line) => (JSON.parse(line) as Line).msg);
  expect(said[0]).toBe('Starting');
  expect(said).toContain('Ready');
  expect(said.at(-1)).toBe('Stopped');
  expect(said.length).toBeLessThanOrEqual(8);
  expect(said).toContain('The database is open');
});

test('A bridge whose log is read no further goes on, and exits when it is told to (I9)', async () => {
  await using bridge = await startBridge({ database: 'postgres', env: { ...UNLIMITED_RATES, LOG_LEVEL: 'debug' } });
  bridge.pauseOutput();
  const client = await BridgeClient.connect(bridge.publicUrl);
  // Each is a line at debug: more than the pipe takes.
  for (let n = 0; n < 5_000; n += 50)
    await Promise.allSettled(Array.from({ length: 50 }, () => client.request('conversation.list', {})));
  await client.close();
  expect(await bridge.stop()).toBe(0);
});
