import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres-server.ts';

const DPKG_LOCK_WAIT_S = 120;
/**
 * The run's own server is never killed, so nothing is asked of its disk: a commit takes a tenth of the time. A test
 * about crashes starts a server of its own, which keeps PostgreSQL's defaults.
 */
const UNSAFE_BUT_FAST = { fsync: 'off', full_page_writes: 'off' };

/** Once for a run: the built program, a PostgreSQL server, a folder for the run's templates, Chromium, Redis, HAProxy and tmux. */
export default async function globalSetup(): Promise<void> {
  if (!process.env.DRAWBRIDGE_TEST_NO_BUILD)
    execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  installNeeded();
  const server = await startPostgres(UNSAFE_BUT_FAST);
  process.env.DRAWBRIDGE_TEST_POSTGRES = server.url;
  process.env.DRAWBRIDGE_TEST_FOLDER = mkdtempSync(join(tmpdir(), 'drawbridge-tests-'));
  (globalThis as { drawbridgePostgres?: typeof server }).drawbridgePostgres = server;
}

/** What the tests need of the machine: any of the commands, from the package. */
const NEEDED = [
  { commands: ['chromium', 'google-chrome'], package: 'chromium' },
  { commands: ['redis-server'], package: 'redis-server' },
  { commands: ['haproxy'], package: 'haproxy' },
  { commands: ['tmux'], package: 'tmux' },
];

function installNeeded(): void {
  const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
  const missing = NEEDED.filter(({ commands }) => !commands.some(has)).map((needed) => needed.package);
  if (missing.length === 0) return;
  const packages = missing.join(', ');
  if (process.getuid?.() !== 0 || !has('apt-get')) throw new Error(`The tests need ${packages}: install the package.`);
  const wait = ['-o', `DPkg::Lock::Timeout=${DPKG_LOCK_WAIT_S}`];
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  console.log(`Installing ${packages} for the tests …`);
  try {
    execFileSync('apt-get', [...wait, 'update'], options);
    execFileSync('apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...missing], options);
  } catch (error) {
    throw new Error(`The tests need ${packages}, and apt-get could not install it.`, { cause: error });
  }
}
