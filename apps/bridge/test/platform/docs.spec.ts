import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort, postgresUrl, startBridge } from '@drawbridge/testing';

const page = readFileSync('docs/platform.md', 'utf8');
const boxes = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code!);

/** One request that the bridge made, as it came. */
async function oneWebhook(port: number, answered: Promise<unknown>) {
  const server = createServer().listen(port, '127.0.0.1');
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  const body = await text(request);
  response.writeHead(204).end();
  await answered;
  server.close();
  const header = (name: string) => String(request.headers[`webhook-${name}`]);
  return { id: header('id'), timestamp: header('timestamp'), signature: header('signature'), body };
}

test('every box of docs/platform.md works as it stands, on an empty bridge, and both checks of a signature', async () => {
  const receiverPort = await freePort();
  const tokens = {
    PLATFORM_TOKEN: 'platform-token-of-the-tests',
    ADMIN_TOKEN: 'root-token-of-the-tests',
    PLATFORM_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  };
  await using bridge = await startBridge({
    database: 'postgres',
    databaseUrl: await postgresUrl(),
    env: { ...tokens, DEMO: 'false', PLATFORM_WEBHOOK_URL: `http://127.0.0.1:${receiverPort}/` },
  });
  const env = {
    ...process.env,
    ...tokens,
    DRAWBRIDGE_ADMIN_URL: bridge.internalUrl,
    PATH: `${resolve('node_modules/.bin')}:${process.env.PATH}`,
  };
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-docs-'));

  const [receiving] = boxes('js');
  const code = receiving!.replace('listen(3000', `listen(${receiverPort}`);
  const receiver = spawn(process.execPath, ['--input-type=module', '-e', code], { env });
  let received = '';
  receiver.stdout.setEncoding('utf8').on('data', (said) => (received += said));
  while (!(await fetch(`http://127.0.0.1:${receiverPort}/`).catch(() => undefined)))
    await new Promise((done) => setTimeout(done, 50));

  const shell = async (script: string) => {
    const run = spawn('bash', ['-euo', 'pipefail', '-c', script], { env, cwd: folder });
    let said = '';
    for (const stream of [run.stdout, run.stderr]) stream.setEncoding('utf8').on('data', (more) => (said += more));
    const [status] = (await once(run, 'close')) as [number | null];
    return [status, said] as const;
  };
  const examples = boxes('sh');
  expect(examples.length).toBeGreaterThan(7);
  const script = examples
    .join('\n')
    .replaceAll('http://127.0.0.1:8081', bridge.internalUrl)
    // npx looks for it where it runs, and the history is in a folder of its own.
    .replaceAll('npx drawbridge', 'drawbridge');
  const [status, said] = await shell(script);
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
  expect(said).toContain('"erased":true');
  expect(said).toContain('"title":"The band"');
  expect(said).toContain('"clientId":"tunebox-desktop"');
  const [, kind, data] = received.trim().split(' ');
  expect([kind, data]).toEqual(['webhook.test', '{}']);
  receiver.kill();
  await once(receiver, 'exit');

  const verify = examples.find((each) => each.startsWith('verify()'))!;
  const asked = fetch(`${bridge.internalUrl}/admin/v1/webhooks/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.ADMIN_TOKEN}` },
  });
  const { id, timestamp, signature, body } = await oneWebhook(receiverPort, asked);
  const check = async (...given: string[]) =>
    (await shell(`${verify}\nverify ${given.map((each) => `'${each}'`).join(' ')}`))[0];
  expect(await check(id, timestamp, body, signature)).toBe(0);
  expect(await check(id, timestamp, body, `v1,AAAA ${signature}`)).toBe(0);
  expect(await check(id, timestamp, `${body} `, signature)).toBe(1);
  expect(await check(id, String(Number(timestamp) - 600), body, signature)).toBe(1);
  expect((await asked).status).toBe(200);
  rmSync(folder, { recursive: true });
});

test('every type of webhook has an example', () => {
  const types = boxes('json').map((each) => JSON.parse(each).type);
  const [, list] = /\| type \| `data` \|\n\|---\|---\|\n(.*?)\n\n/s.exec(page)!;
  const told = new Set(list!.match(/\b(message|grant|webhook)\.\w+(?=`)/g));
  expect(new Set(types)).toEqual(told);
});
