import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './postgres-server.js';

const READY_WITHIN_MS = 10_000;

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** `SIGSTOP` and `SIGCONT` freeze it and let it go on; for its end there are `stop` and `kill`. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
  /** SIGKILL. `startRedis({ port })` then brings an empty one back at the same address. */
  kill(): Promise<void>;
}

export interface RedisOptions {
  readonly port?: number;
  readonly args?: readonly string[];
  /** Makes a configuration file in the server's folder, and gives its path. */
  config?(folder: string): string;
}

/** A node of a cluster takes a second port, 10,000 above its own, which nobody has looked at before. */
const PORTS_TRIED = 5;

/** Starts the machine's own Redis on a free port of the loopback address; it keeps nothing on the disk. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  for (let tried = 1; ; tried++) {
    try {
      return await started(options);
    } catch (error) {
      const isTaken = (error as Error).message.includes('Address already in use');
      if (!isTaken || options.port !== undefined || tried === PORTS_TRIED) throw error;
    }
  }
}

async function started({ port: given, args: more = [], config }: RedisOptions): Promise<RedisServer> {
  if (spawnSync('redis-server', ['--version']).error)
    throw new Error(
      'redis-server is not installed: install the package `redis-server` (apt-get install redis-server).',
    );
  const port = given ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-redis-'));
  const file = config ? [config(folder)] : [];
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const keepsNothing = config ? [] : ['--save', '', '--appendonly', 'no'];
  const args = [...file, ...own, ...keepsNothing, ...more];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await ready(server).catch((error) => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    // A frozen process takes no notice of SIGTERM.
    server.kill('SIGCONT');
    server.kill(signal);
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid!,
    signal: (name) => void server.kill(name),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function ready(server: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = '';
  const timer = setTimeout(() => reject(new Error(`Redis was not ready in time:\n${log}`)), READY_WITHIN_MS);
  server.stdout!.setEncoding('utf8').on('data', (text: string) => {
    if (log.length < 65_536) log += text;
    if (/ready to accept connections|sentinel id is/i.test(log)) resolve();
  });
  server.once('exit', (code) => reject(new Error(`Redis exited with ${code}:\n${log}`)));
  return promise.finally(() => clearTimeout(timer));
}
