import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncApiDocument, CLOSE_CODES, CODE_PAGES, STANDARD_CLOSES } from '@drawbridge/protocol';
import { BridgeClient, freePort, postgresUrl, signIn, startBridge } from '@drawbridge/testing';

/** Runs the built program where it cannot start, and waits for its end. */
async function run(env: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const { PATH, HOME } = process.env;
  const program = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'dist/apps/bridge/src/main.js'], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = (await once(program, 'close')) as [number | null];
  return { code, lines: output.trimEnd().split('\n') };
}

const tunebox = { password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;

describe('The program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drawbridge-start-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('lists every problem of its settings at once and does not start', async () => {
    const { code, lines } = await run({ PORT: 'many', ROLES: 'janitor', DATBASE_URL: 'postgres://db/bridge' });
    expect(code).toBe(1);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/PORT .*1 to 65535.*example PORT=8080/);
    expect(lines[2]).toMatch(/ROLES .*gateway, authority/);
    expect(lines[3]).toMatch(/DATBASE_URL .*DATABASE_URL\?/);
  });

  test('says in one line that a port is taken, before it opens anything', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = String((other.address() as AddressInfo).port);
    const free = String(await freePort());
    const dataDir = join(folder, 'data');
    const publicly = await run({ PORT: taken, INTERNAL_PORT: free, DATA_DIR: dataDir });
    expect(publicly).toEqual({ code: 1, lines: [expect.stringContaining(`Port ${taken} on 127.0.0.1 is taken`)] });
    const internally = await run({ PORT: free, INTERNAL_PORT: taken, DATA_DIR: dataDir });
    expect(internally).toEqual({ code: 1, lines: [expect.stringContaining('set INTERNAL_PORT to another')] });
    other.close();
  });

  test('says in one line that the database cannot be reached, without its password', async () => {
    const nowhere = `postgres://bridge:hunter2@127.0.0.1:${await freePort()}/bridge`;
    const { code, lines } = await run({ PORT: String(await freePort()), DATABASE_URL: nowhere });
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(/^The database at 127\.0\.0\.1:\d+\/bridge cannot be reached: .*ECONNREFUSED/),
    ]);
    expect(lines[0]).not.toContain('hunter2');
  });

  test('says in one line that its data directory cannot be made, and ends', async () => {
    const { code, lines } = await run({ PORT: String(await freePort()), DATA_DIR: '/proc/nope' });
    expect({ code, said: lines.at(-1) }).toEqual({
      code: 1,
      said: expect.stringMatching(/^The data directory \/proc\/nope cannot be made: ENOENT/),
    });
  });

  test('makes a fresh data directory, says within ten lines where to go, is alone on it, and outlives kill -9', async () => {
    await using bridge = await startBridge({ database: 'pglite', dataDir: folder });
    const lines = bridge.output().trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(bridge.output()).toContain(bridge.publicUrl);
    expect(bridge.output()).toMatch(/alice.*drawbridge/);

    const second = await run({ PORT: String(await freePort()), DATA_DIR: folder });
    expect(second).toEqual({
      code: 1,
      lines: [expect.stringMatching(`^The data directory ${folder} is in use by process ${bridge.pid}`)],
    });
    await bridge.kill();
    await bridge.restart();
  });

  test('makes the demo once, on one database for two processes that start together, and never serves it in production', async () => {
    const databaseUrl = await postgresUrl();
    const [one, two] = await Promise.all([
      startBridge({ database: 'postgres', databaseUrl }),
      startBridge({ database: 'postgres', databaseUrl }),
    ]);
    await using first = one;
    await using second = two;
    await first.restart();
    const tokens = await signIn(second, { login: 'alice', ...tunebox });
    const alice = await BridgeClient.connect(second.publicUrl);
    await alice.open(tokens);
    const { conversations } = await alice.request<{
      conversations: { id: string; kind: string; memberCount: number; lastMessage: unknown }[];
    }>('conversation.list', {});
    expect(conversations.map(({ kind, memberCount }) => ({ kind, memberCount }))).toEqual([
      { kind: 'group', memberCount: 4 },
      { kind: 'direct', memberCount: 2 },
    ]);
    const texts: string[] = [];
    for (const { id } of conversations) {
      const { messages } = await alice.request<{ messages: { text: string }[] }>('conversation.history', {
        conversation: id,
      });
      texts.push(...messages.map(({ text }) => text));
    }
    expect(new Set(texts).size).toBe(texts.length);
    for (const kind of [/\p{Extended_Pictographic}/u, /\p{Script=Arabic}/u, /https:\/\//, /^[\s\S]{800}/]) {
      expect(texts.some((text) => kind.test(text))).toBe(true);
    }
    await alice.close();
    await first.stop();
    await second.stop();
    const quiet = { PORT: String(await freePort()), LOG_LEVEL: 'warn' };
    const production = { NODE_ENV: 'production', DATABASE_URL: databaseUrl, ...quiet };
    expect(await run(production)).toEqual({
      code: 1,
      lines: [expect.stringMatching(/demo people \(alice, bob, carol, dave\)/)],
    });
    expect(await run({ ...production, DEMO: 'true' })).toEqual({
      code: 1,
      lines: [expect.anything(), expect.stringMatching(/DEMO/)],
    });
  });

  test('answers SIGTERM: not ready, going_away, 4512, exit 0, and what was accepted is stored (I3)', async () => {
    await using bridge = await startBridge({ database: 'postgres' });
    const tokens = await signIn(bridge, { login: 'alice', ...tunebox });
    const alice = await BridgeClient.connect(bridge.publicUrl);
    await alice.open(tokens);
    const { conversations } = await alice.request<{ conversations: { id: string }[] }>('conversation.list', {});
    const conversation = conversations[0]!.id;
    const sends = Array.from({ length: 20 }, (_, n) =>
      alice.request<{ message: { id: string } }>('message.send', {
        conversation,
        text: `last ${n}`,
        clientId: crypto.randomUUID(),
      }),
    );
    // The first is answered, so the frames of all of them, written in one go, were accepted.
    await sends[0];
    const stopped = bridge.stop();
    const answers = await Promise.allSettled(sends);
    expect(await alice.closed).toEqual({ code: CLOSE_CODES.going_away, reason: 'going_away' });
    expect(await stopped).toBe(0);
    // What was accepted before is finished after it, so it need not be the last frame.
    expect(alice.frames.filter(({ event }) => event === 'going_away')).toHaveLength(1);

    await bridge.start();
    const back = await BridgeClient.connect(bridge.publicUrl);
    await back.open(tokens);
    const { messages } = await back.request<{ messages: { id: string }[] }>('conversation.history', {
      conversation,
      limit: 100,
    });
    const stored = new Set(messages.map(({ id }) => id));
    for (const answer of answers)
      if (answer.status === 'fulfilled') expect(stored.has(answer.value.message.id)).toBe(true);
    await back.close();
  });
});

/** Written out, so that none is lost from the table unnoticed. */
const CODES_OF_THE_CONTRACT = [
  ...['bad_frame', 'unknown_event', 'invalid_data', 'not_open', 'already_open', 'unauthenticated', 'scope_missing'],
  ...['not_found', 'conflict', 'rate_limited', 'consent_ended', 'consent_unverifiable', 'unavailable', 'internal'],
  ...['protocol_violation', 'revoked_by_person', 'revoked_by_operator', 'signed_out', 'partner_suspended'],
  ...['partner_ended', 'expired', 'token_replayed', 'open_timeout', 'superseded', 'slow_consumer', 'going_away'],
  ...['4400', '4401', '4403', '4408', '4409', '1009', '1007', '4500', '4503', '4508', '4512', '4529'],
];

describe('The public pages', () => {
  test('give programs the protocol, to be kept, and to pages of every origin', async () => {
    await using bridge = await startBridge({ database: 'pglite' });
    const url = `${bridge.publicUrl}/asyncapi.json`;
    const first = await fetch(url);
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    const document = await first.json();
    expect(document).toEqual(asyncApiDocument(bridge.publicUrl));
    expect(document.servers.bridge).toMatchObject({ host: new URL(bridge.publicUrl).host, protocol: 'ws' });
    const again = await fetch(url, { headers: { 'if-none-match': first.headers.get('etag')! } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const { 'x-error-codes': errors, 'x-close-codes': closes } = document.channels.bridge;
    for (const { docs } of [...errors, ...closes]) expect([docs, (await fetch(docs)).status]).toEqual([docs, 200]);
  });

  test('explain every error and close code, as a page or as JSON, and nothing else', async () => {
    await using bridge = await startBridge({ database: 'pglite' });
    const get = (path: string, accept = 'text/html') => fetch(`${bridge.publicUrl}${path}`, { headers: { accept } });
    const codes = [
      ...Object.keys(CODE_PAGES),
      ...new Set(Object.values(CLOSE_CODES).map(String)),
      ...Object.keys(STANDARD_CLOSES),
    ];
    const index = await (await get('/errors')).text();
    for (const code of codes) expect(index).toContain(`<a href="/errors/${code}"><code>${code}</code></a>`);
    expect(codes).toEqual(expect.arrayContaining([...CODES_OF_THE_CONTRACT]));
    for (const code of codes) {
      const page = await get(`/errors/${code}`, '*/*');
      expect([code, page.status, page.headers.get('content-type')]).toEqual([code, 200, 'text/html; charset=utf-8']);
      expect(await page.text()).toContain(`<code>${code}</code>`);
      const json = await get(`/errors/${code}`, 'application/json');
      expect(await json.json()).toMatchObject({ code, means: expect.any(String), advice: expect.any(String) });
    }
    expect((await get('/errors/no_such_code')).status).toBe(404);
    expect((await get('/errors/constructor', 'application/json')).status).toBe(404);
    const start = await get('/');
    expect(start.status).toBe(200);
    expect(start.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    const html = await start.text();
    expect(html).toContain('docs/protocol.md');
    expect(html).toContain('href="/errors"');
    expect(html).toContain('href="/asyncapi.json"');
    for (const path of [
      '/nothing/here',
      '/oidc',
      '/oidc/',
      '/oidc/nothing',
      '/oidc/token',
      '/sign-in',
      '/errors/x/y',
    ]) {
      const page = await get(path);
      expect([path, page.status]).toEqual([path, 404]);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await page.text()).toContain('There is nothing here');
      const json = await get(path, 'application/json');
      expect([path, json.status]).toEqual([path, 404]);
      expect(await json.json()).toEqual({ code: 'not_found', message: expect.any(String) });
    }
    for (const method of ['POST', 'PUT', 'HEAD'])
      expect((await fetch(`${bridge.publicUrl}/oidc/nothing`, { method })).status).toBe(404);
    for (const origin of [bridge.publicUrl, bridge.internalUrl]) {
      expect((await fetch(`${origin}/livez`)).status).toBe(200);
      expect(await (await fetch(`${origin}/readyz`)).json()).toEqual({
        status: 'ready',
        checks: { database: 'ok', consent: 'ok' },
      });
    }
  });
});
