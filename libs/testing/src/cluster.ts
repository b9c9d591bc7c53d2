import { Balancer } from './balancer.js';
import { type BridgeProcess, startBridge } from './bridge-process.js';
import { postgresUrl } from './databases.js';
import { type RedisServer, startRedis } from './redis-server.js';

export interface ClusterOptions {
  /** How many; their ids are gw-1, gw-2, … */
  readonly gateways?: number;
  /** Settings of every bridge; a function is asked with the number of the gateway, 1 and up. */
  readonly env?: Readonly<Record<string, string>> | ((gateway: number) => Readonly<Record<string, string>>);
  /** A PostgreSQL that is there already, instead of a fresh database. */
  readonly databaseUrl?: string;
  /** A Redis that is there already, instead of a fresh one; false: none. */
  readonly redisUrl?: string | false;
  /** Where the balancer listens, instead of a free port. */
  readonly port?: number;
}

/** Several bridges on one PostgreSQL and one Redis, and a balancer in front of them. */
export interface Cluster extends AsyncDisposable {
  /** Each has the cluster's `publicUrl`, and its own address as `ownUrl`. */
  readonly bridges: readonly BridgeProcess[];
  /** The balancer's: what tokens are issued for. Sign in here, and connect here or to a bridge's `ownUrl`. */
  readonly publicUrl: string;
  readonly databaseUrl: string;
  /** The Redis of this cluster's own; undefined where one was given, or none is wanted. */
  readonly redis: RedisServer | undefined;
  readonly redisUrl: string | undefined;
}

/** Starts the built program several times, with demo data; the first makes it, the others follow. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const started = new AsyncDisposableStack();
  try {
    const balancer = started.use(await Balancer.listen(options.port));
    const databaseUrl = options.databaseUrl ?? (await postgresUrl());
    const redis = options.redisUrl === undefined ? await startRedis() : undefined;
    started.defer(async () => redis?.stop());
    const redisUrl = redis?.url ?? (options.redisUrl || undefined);
    const start = async (number: number) => {
      const own = typeof options.env === 'function' ? options.env(number) : options.env;
      const env = {
        PUBLIC_URL: balancer.url,
        GATEWAY_ID: `gw-${number}`,
        ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
        ...own,
      };
      return started.use(await startBridge({ database: 'postgres', databaseUrl, env }));
    };
    const first = await start(1);
    const others = Array.from({ length: (options.gateways ?? 3) - 1 }, (_, index) => start(index + 2));
    // All have settled before any failure is thrown on, so that none is left running.
    await Promise.allSettled(others);
    const bridges = [first, ...(await Promise.all(others))];
    balancer.use(
      bridges.map(({ ownUrl, internalUrl }) => ({
        host: '127.0.0.1',
        port: Number(new URL(ownUrl).port),
        readyUrl: `${internalUrl}/readyz`,
      })),
    );
    const stop = started.move();
    return {
      bridges,
      publicUrl: balancer.url,
      databaseUrl,
      redis,
      redisUrl,
      [Symbol.asyncDispose]: () => stop.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}
