import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { BridgeClient } from './bridge-client.js';
import { freePort } from './postgres-server.js';
import { signIn } from './sign-in.js';

const run = promisify(execFile);
const app = { password: 'drawbridge', clientId: 'tunebox-desktop' } as const;

/** `npm run cluster` on the program that is built already, with a PostgreSQL of its own. */
function startProgram(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const { PATH, HOME } = process.env;
  const program = spawn(process.execPath, ['scripts/cluster.mjs', ...args], {
    env: { PATH, HOME, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const waiting = new Set<() => void>();
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of waiting) look();
    });
  const closed = once(program, 'close') as Promise<[number | null]>;
  return {
    program,
    output: () => output,
    closed: closed.then(([code]) => code),
    /** Resolves to what the pattern found in what was printed, or is to be. */
    printed: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void closed.then(() => reject(new Error(`It ended:\n${output}`)));
      }),
  };
}

const numbers = (text: string) => text.split(',').map(Number);
const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

const ADMIN_TOKEN = 'a-token-to-try';

test('npm run cluster says in ten lines where to go, also for operators, carries a chat from one bridge to another, tells of one that dies, and leaves nothing behind', async () => {
  const port = await freePort();
  const cluster = startProgram(['--gateways', '2', '--port', String(port)], { ADMIN_TOKEN });
  try {
    await cluster.printed(/Ctrl-C/);
    expect(cluster.output().trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    const publicUrl = `http://127.0.0.1:${port}`;
    await cluster.printed(new RegExp(`${publicUrl}: 2 bridges`));
    const pids = [...(await cluster.printed(/processes (.+)/))[1]!.matchAll(/gw-\d+ (\d+)/g)].map(([, pid]) =>
      Number(pid),
    );
    const [, options] = await cluster.printed(/npx drawbridge (status --url \S+)/);
    const env = { PATH: process.env.PATH, ADMIN_TOKEN };
    const status = await run(process.execPath, ['apps/cli/src/main.ts', ...options!.split(' ')], { env });
    expect(status.stdout).toMatch(/gw-1 .*\n.*gw-2 /);
    const ports = numbers((await cluster.printed(/ports +([\d, ]+)/))[1]!);

    const tokens = [
      await signIn({ publicUrl }, { login: 'alice', ...app }),
      await signIn({ publicUrl }, { login: 'bob', ...app }),
    ];
    const [alice, bob] = await Promise.all(
      tokens.map(async (token, n) => {
        const client = await BridgeClient.connect(`http://127.0.0.1:${ports[n]}`);
        await client.open(token);
        return client;
      }),
    );
    expect([alice!.hello.gateway, bob!.hello.gateway]).toEqual(['gw-1', 'gw-2']);
    const text = `across ${randomUUID()}`;
    await alice!.request('message.send', { to: 'bob', text, clientId: randomUUID() });
    await bob!.waitFor(({ data }) => (data as { message?: { text: string } }).message?.text === text);

    process.kill(pids[1]!, 'SIGKILL');
    await cluster.printed(/gw-2 \(process \d+\) has ended \(SIGKILL\)/);
    cluster.program.kill('SIGINT');
    expect(await alice!.closed).toEqual({ code: 4512, reason: 'going_away' });
    expect(await cluster.closed).toBe(0);
    expect(cluster.output()).toContain('Everything is stopped.');
    expect(pids.map(isGone)).toEqual([true, true]);
    await expect(fetch(publicUrl)).rejects.toThrow();
  } finally {
    cluster.program.kill('SIGTERM');
    await cluster.closed;
  }
});

test('npm run cluster says in one line what is wrong', async () => {
  const cluster = startProgram(['--gateways', 'many']);
  expect(await cluster.closed).toBe(1);
  expect(cluster.output().trimEnd()).toBe('--gateways must be a whole number from 1 to 20');
});

test('npm run cluster -- --help says what there is, and starts nothing', async () => {
  const cluster = startProgram(['--help']);
  expect(await cluster.closed).toBe(0);
  expect(cluster.output()).toMatch(/--gateways.*--port.*ADMIN_TOKEN/s);
  expect(cluster.output()).not.toContain('ready');
});
