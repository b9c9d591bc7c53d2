import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, startRedis } from './redis-server.js';

export interface RedisUnderSentinel {
  /** As REDIS_URL. */
  readonly url: string;
  /** The first master, and the replica that takes its place. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  stop(): Promise<void>;
}

const MASTER_NAME = 'drawbridge';
const POLL_MS = 50;
const READY_WITHIN_MS = 10_000;

/** A master with a replica, watched by one sentinel that takes a second to give the master up. */
export async function startRedisUnderSentinel(): Promise<RedisUnderSentinel> {
  const started: RedisServer[] = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const master = await startRedis();
    started.push(master);
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    started.push(replica);
    // A sentinel asks the master for its replicas at the start, and then only every ten seconds.
    await hasReplica(master.port);
    const sentinel = await startRedis({
      // A sentinel writes what it learns into its configuration.
      config: (folder) => {
        const file = join(folder, 'sentinel.conf');
        const settings = [
          `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} 1`,
          `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
          `sentinel failover-timeout ${MASTER_NAME} 5000`,
        ];
        writeFileSync(file, `${settings.join('\n')}\n`);
        return file;
      },
      args: ['--sentinel'],
    });
    started.push(sentinel);
    await knowsReplica(sentinel.port);
    return { url: `redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER_NAME}`, master, replica, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function hasReplica(port: number): Promise<void> {
  return untilAnswer(port, ['info', 'replication'], /state=online/);
}

/** Before that a sentinel finds nobody to take the master's place, and tries again only after twice the failover-timeout. */
function knowsReplica(port: number): Promise<void> {
  return untilAnswer(port, ['sentinel', 'replicas', MASTER_NAME], /master-link-status\nok\n/);
}

async function untilAnswer(port: number, command: readonly string[], expected: RegExp): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  const answer = () => execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' });
  while (!expected.test(answer())) {
    if (performance.now() > until) throw new Error(`${command.join(' ')} did not say ${expected} in time.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
