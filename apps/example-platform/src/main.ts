// `npm run example-platform`: a bridge without demo people, and beside it a small chat service whose people they are.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ExamplePlatform } from './platform.js';
import { EXAMPLE_PASSWORD } from './seed.js';
import { bridgeSettings, type Settings } from './settings.js';
import { registerTunebox } from './tunebox.js';

const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;

const HELP = `npm run example-platform [-- options]: a bridge, and a chat service whose people and messages it joins to partners' apps

  --port P               where the chat service's page is (8090)
  --bridge-port P        where the bridge is (8080)
  --internal-port P      its internal listener (the port after that)
  --data D               where both keep what they have (./data/example-platform)
  --database URL         the chat service's PostgreSQL (an embedded database in D)
  --bridge-database URL  the bridge's; another one (an embedded database in D)
  --help
`;

interface Secrets {
  readonly token: string;
  readonly webhookSecret: string;
  readonly clientSecret: string;
  readonly adminToken: string;
}

/** Made at the first start. */
function secretsIn(folder: string): Secrets {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'secrets.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = () => randomBytes(32).toString('hex');
  const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const made: Secrets = { token: token(), webhookSecret, clientSecret: token(), adminToken: token() };
  writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
  return made;
}

/** On the built bridge; its log goes on here. */
async function startBridge(env: Record<string, string>, internalUrl: string): Promise<ChildProcess> {
  const isTaken = await fetch(`${internalUrl}/livez`).then(
    () => true,
    () => false,
  );
  if (isTaken) {
    throw new Error(
      `Something is at ${internalUrl} already: stop it, or choose with --bridge-port and --internal-port.`,
    );
  }
  const flags = ['--disable-warning=ExperimentalWarning', '--enable-source-maps', '--max-semi-space-size=8'];
  const bridge = spawn(process.execPath, [...flags, 'dist/apps/bridge/src/main.js'], {
    // In a group of its own, so that Ctrl-C reaches the platform alone, which stops the bridge after itself.
    detached: true,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    if (bridge.exitCode !== null) throw new Error('The bridge did not start.');
    const ready = await fetch(`${internalUrl}/readyz`).catch(() => undefined);
    if (ready?.status === 200) return bridge;
    if (performance.now() > until) {
      bridge.kill();
      throw new Error('The bridge is not ready in time.');
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8090' },
      'bridge-port': { type: 'string', default: '8080' },
      'internal-port': { type: 'string' },
      database: { type: 'string' },
      'bridge-database': { type: 'string' },
      data: { type: 'string', default: './data/example-platform' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const [port, bridgePort] = [Number(values.port), Number(values['bridge-port'])];
  const { adminToken, ...secrets } = secretsIn(values.data);
  const internalPort = Number(values['internal-port'] ?? bridgePort + 1);
  const internalUrl = `http://127.0.0.1:${internalPort}`;
  const publicUrl = `http://127.0.0.1:${bridgePort}`;
  const settings: Settings = {
    port,
    url: `http://127.0.0.1:${port}`,
    dataDir: join(values.data, 'platform'),
    ...(values.database ? { databaseUrl: values.database } : {}),
    bridge: { ...secrets, internalUrl, publicUrl, clientId: 'drawbridge' },
    log: (line) => process.stdout.write(`${line}\n`),
  };
  const env = {
    ...bridgeSettings(settings),
    PORT: String(bridgePort),
    INTERNAL_PORT: String(internalPort),
    DATA_DIR: join(values.data, 'bridge'),
    ...(values['bridge-database'] ? { DATABASE_URL: values['bridge-database'] } : {}),
    DEMO: 'false',
    ADMIN_TOKEN: adminToken,
  };
  const stopped = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  const bridge = await startBridge(env, internalUrl);
  process.on('exit', () => bridge.kill());
  await registerTunebox(internalUrl, adminToken);
  const platform = await ExamplePlatform.start(settings);
  const lines = [
    `Commons, the example platform, is at ${settings.url}`,
    `  sign in as      alice, bob or mei, with the password ${EXAMPLE_PASSWORD}`,
    `  a partner's app npm run tunebox -- --as alice --url ${publicUrl} (sign in as alice, and write to bob)`,
    `  connected apps  ${publicUrl}/connected-apps`,
    `  operators       ADMIN_TOKEN (in ${join(values.data, 'secrets.json')}) npx drawbridge status --url ${internalUrl}`,
    `  data            ${values.data}: remove it to begin anew`,
    'Ctrl-C stops both.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const ended = once(bridge, 'exit').then(() => 'ended' as const);
  if ((await Promise.race([stopped, ended])) === 'ended') process.stdout.write('The bridge has ended.\n');
  await platform.stop();
  if (bridge.exitCode === null && bridge.signalCode === null) {
    bridge.kill('SIGTERM');
    await ended;
  }
  process.exit(0);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
