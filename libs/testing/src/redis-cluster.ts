import { execFileSync } from 'node:child_process';
import { type RedisServer, startRedis } from './redis-server.js';

export interface RedisCluster {
  /** As REDIS_URL. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

const POLL_MS = 50;
const READY_WITHIN_MS = 15_000;

/** Three masters without replicas, each with a third of the slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const starting = await Promise.allSettled(
    [1, 2, 3].map(() => startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] })),
  );
  const nodes = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const each of starting) if (each.status === 'rejected') throw each.reason;
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'ignore' });
    const until = performance.now() + READY_WITHIN_MS;
    while (!nodes.every(({ port }) => isWhole(port))) {
      if (performance.now() > until) throw new Error('The Redis Cluster was not whole in time.');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { url: `redis+cluster://${addresses.join(',')}`, nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function isWhole(port: number): boolean {
  return execFileSync('redis-cli', ['-p', String(port), 'cluster', 'info'], { encoding: 'utf8' }).includes(
    'cluster_state:ok',
  );
}
