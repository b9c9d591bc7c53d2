/** Real servers, each of which can be killed and brought back: PostgreSQL, Redis and the bridge's gateways. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Cluster,
  type PostgresServer,
  type RedisServer,
  startCluster,
  startPostgres,
  startRedis,
  UNLIMITED_RATES,
} from '@drawbridge/testing';
import { makeKeys, type Sign, signInAll, TOKEN_S } from '../targets/bridge-people.js';

export const VICTIMS = ['gateway', 'Redis', 'PostgreSQL'] as const;
export type Victim = (typeof VICTIMS)[number];

export class World implements AsyncDisposable {
  private nextGateway = 0;

  private constructor(
    private readonly started: AsyncDisposableStack,
    private readonly cluster: Cluster,
    private readonly postgres: PostgresServer,
    private readonly redis: { now: RedisServer },
    private readonly sign: Sign,
  ) {}

  static async start(gateways: number): Promise<World> {
    const started = new AsyncDisposableStack();
    try {
      const folder = mkdtempSync(join(tmpdir(), 'drawbridge-chaos-'));
      started.defer(() => rmSync(folder, { recursive: true, force: true }));
      const sign = await makeKeys(folder);
      const postgres = await startPostgres();
      started.defer(() => postgres.stop());
      const redis = { now: await startRedis() };
      started.defer(() => redis.now.stop());
      const cluster = started.use(
        await startCluster({
          gateways,
          databaseUrl: postgres.url,
          redisUrl: redis.now.url,
          env: { KEYS_DIR: folder, ACCESS_TOKEN_S: String(TOKEN_S), ...UNLIMITED_RATES },
        }),
      );
      return new World(started.move(), cluster, postgres, redis, sign);
    } catch (error) {
      await started.disposeAsync();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.started.disposeAsync();
  }

  get databaseUrl(): string {
    return this.postgres.url;
  }

  /** ws://host:port of each. */
  get gateways(): string[] {
    return this.cluster.bridges.map(({ ownUrl }) => ownUrl.replace('http', 'ws'));
  }

  /** Their access tokens. Everybody is in everybody's contacts. */
  signIn(people: readonly string[]): Promise<string[]> {
    const { databaseUrl, publicUrl } = this.cluster;
    const contacts = (person: number) => people.toSpliced(person, 1);
    return signInAll({ databaseUrl, publicUrl, people, contacts, sign: this.sign });
  }

  /** SIGKILL. Resolves when it is gone, to its name and to what brings it back: of the gateways one after the other. */
  async kill(victim: Victim): Promise<{ name: string; restart: () => Promise<void> }> {
    if (victim === 'PostgreSQL') {
      await this.postgres.kill();
      return { name: victim, restart: () => this.postgres.start() };
    }
    if (victim === 'Redis') {
      const { port } = this.redis.now;
      await this.redis.now.kill();
      const restart = async () => {
        this.redis.now = await startRedis({ port });
      };
      return { name: victim, restart };
    }
    const { bridges } = this.cluster;
    const number = this.nextGateway++ % bridges.length;
    const bridge = bridges[number]!;
    await bridge.kill();
    return { name: `gateway ${number + 1}`, restart: () => bridge.start() };
  }
}
