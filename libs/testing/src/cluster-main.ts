// The program behind `npm run cluster`: real PostgreSQL, real Redis, several bridges and a balancer, without containers.
import { parseArgs } from 'node:util';
import type { BridgeProcess } from './bridge-process.js';
import { type Cluster, startCluster } from './cluster.js';
import { stopOwnPostgres } from './databases.js';

/** Bridge n listens on `port` + 10 n, and internally on the port after that. */
const PORTS_APART = 10;
const MAX_GATEWAYS = 20;
/** The cluster's own, or a process's own to choose. */
const NOT_PASSED_ON = /^(PORT|HOST|INTERNAL_|PUBLIC_URL|GATEWAY_ID|DATA_DIR|DATABASE_URL|REDIS_URL|npm_)/;

const HELP = `npm run cluster [-- options]: bridges on a PostgreSQL and a Redis of their own, behind a balancer

  --gateways N   how many bridges, 1 to ${MAX_GATEWAYS}  (3)
  --port P       the balancer's; bridge n listens on P + ${PORTS_APART} n, and internally on the next  (PORT, or 8080)
  --help

DATABASE_URL and REDIS_URL are used where they are set. The bridges get the other settings of docs/settings.md, such as
ADMIN_TOKEN, which lets operators in (docs/cli.md).
`;

interface Options {
  readonly gateways: number;
  readonly port: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      gateways: { type: 'string', default: '3' },
      port: { type: 'string', default: process.env.PORT || '8080' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const whole = (name: keyof Options, max: number) => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number >= 1 && number <= max) return number;
    throw new Error(`--${name} must be a whole number from 1 to ${max}`);
  };
  return {
    gateways: whole('gateways', MAX_GATEWAYS),
    port: whole('port', 65_534 - PORTS_APART * MAX_GATEWAYS),
  };
}

function start({ gateways, port }: Options): Promise<Cluster> {
  const passedOn = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || NOT_PASSED_ON.test(name) ? [] : [[name, value] as const],
  );
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env;
  return startCluster({
    gateways,
    port,
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(redisUrl ? { redisUrl } : {}),
    env: (number) => ({
      ...Object.fromEntries(passedOn),
      PORT: String(port + PORTS_APART * number),
      INTERNAL_PORT: String(port + PORTS_APART * number + 1),
    }),
  });
}

function greet(cluster: Cluster): void {
  const { bridges, publicUrl } = cluster;
  const own = [process.env.DATABASE_URL ? [] : ['PostgreSQL'], cluster.redis ? ['Redis'] : []].flat().join(' and ');
  const ports = bridges.map(({ ownUrl }) => new URL(ownUrl).port).join(', ');
  const pids = bridges.map(({ pid }, index) => `gw-${index + 1} ${pid}`).join(', ');
  const redis = cluster.redis ? `, Redis ${cluster.redis.pid}` : '';
  const lines = [
    `Drawbridge is ready at ${publicUrl}: ${bridges.length} bridges behind a balancer`,
    `  connected apps  ${publicUrl}/connected-apps`,
    `  their ports     ${ports} (gw-1 and up); the internal one is the next: ${bridges[0]!.internalUrl}/metrics`,
    `  operators       ${forOperators(bridges[0]!)}`,
    `  processes       ${pids}${redis}`,
    `  data            ${own ? `temporary: ${own} of the cluster's own, gone at the end` : 'in the database and the Redis that were given'}`,
    '  sign in as      alice, bob, carol or dave, with the password drawbridge',
    'Ctrl-C stops everything.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The token itself is not printed: it would stay in terminals and their logs. */
function forOperators({ internalUrl }: BridgeProcess): string {
  const command = `npx drawbridge status --url ${internalUrl}`;
  return process.env.ADMIN_TOKEN
    ? `${command} (with this ADMIN_TOKEN)`
    : `none: start it with ADMIN_TOKEN=a-token-to-try, then ADMIN_TOKEN=a-token-to-try ${command}`;
}

/** The log of a bridge goes on here; its own greeting does not. */
function follow(bridge: BridgeProcess, name: string, stopping: () => boolean): void {
  bridge.onLine((line) => line.startsWith('{') && process.stdout.write(`${line}\n`));
  void bridge.ended().then((how) => {
    if (!stopping()) process.stdout.write(`${name} (process ${bridge.pid}) has ended (${how}); the others go on.\n`);
  });
}

/** The bridges first, all at once: they need the database for their goodbyes. */
async function stop(cluster: Cluster | undefined): Promise<boolean> {
  const codes = await Promise.all((cluster?.bridges ?? []).map((bridge) => bridge.stop()));
  await cluster?.[Symbol.asyncDispose]();
  await stopOwnPostgres();
  // One that had ended before was told of then.
  return codes.every((code) => code === 0 || code === null);
}

async function main(): Promise<void> {
  const options = readOptions();
  let stopping = false;
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => ask());
  process.on('disconnect', () => ask());
  void asked.then(() => {
    stopping = true;
  });
  let cluster: Cluster | undefined;
  try {
    cluster = await start(options);
  } catch (error) {
    await stop(undefined);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${options.port} is taken by another process: --port takes another. (${message})`);
  }
  for (const [index, bridge] of cluster.bridges.entries()) follow(bridge, `gw-${index + 1}`, () => stopping);
  if (!stopping) greet(cluster);
  await asked;
  const clean = await stop(cluster);
  process.stdout.write(clean ? 'Everything is stopped.\n' : 'Everything is stopped, not every bridge in good order.\n');
  process.exit(0);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
