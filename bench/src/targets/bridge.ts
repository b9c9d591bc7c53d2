import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, postgresUrl, startBridge, startRedis, UNLIMITED_RATES } from '@drawbridge/testing';
import type { Client } from '../client.js';
import { Probe, probeEnv } from '../probe-client.js';
import { bridgeWire } from '../wire.js';
import { makeKeys, signInAll, TOKEN_S } from './bridge-people.js';
import type { Gateway, Target, TargetOptions } from './target.js';

/** The bridge on PostgreSQL and Redis. Its people have the grants and tokens that a sign-in would have made. */
export async function startBridgeTarget(
  options: TargetOptions,
  postgres: { readonly pid: number } | undefined,
): Promise<Target> {
  const started = new AsyncDisposableStack();
  try {
    const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
    started.defer(() => rmSync(folder, { recursive: true, force: true }));
    const sign = await makeKeys(folder);
    const probePath = (gateway: number) => join(folder, `probe-${gateway}`);
    const redis = await startRedis();
    started.defer(() => redis.stop());
    const databaseUrl = await postgresUrl();
    const port = String(await freePort());
    // No balancer: its looks at the gateways would be counted. Tokens are for the first one's address.
    const publicUrl = `http://127.0.0.1:${port}`;
    const addresses: string[] = [];
    for (let n = 1; n <= options.gateways; n++) {
      const env = {
        PUBLIC_URL: publicUrl,
        ...(n === 1 ? { PORT: port } : {}),
        GATEWAY_ID: `gw-${n}`,
        REDIS_URL: redis.url,
        KEYS_DIR: folder,
        ACCESS_TOKEN_S: String(TOKEN_S),
        ...UNLIMITED_RATES,
        ...probeEnv(probePath(n)),
      };
      const bridge = started.use(await startBridge({ database: 'postgres', databaseUrl, env }));
      addresses.push(bridge.ownUrl.replace('http', 'ws'));
    }
    const tokens = await signInAll({
      databaseUrl,
      publicUrl,
      people: options.people,
      contacts: contactsIn(options),
      sign,
    });
    const gateways: Gateway[] = [];
    for (const [index, url] of addresses.entries()) {
      const probe = started.adopt(await Probe.connect(probePath(index + 1)), (open) => open.close());
      gateways.push({ url, probe });
    }
    const stop = started.move();
    return {
      name: 'bridge',
      gateways,
      wire: bridgeWire,
      tokens,
      redisPid: redis.pid,
      postgresPid: postgres?.pid,
      converse,
      [Symbol.asyncDispose]: () => stop.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function converse([creator, ...others]: readonly Client[]): Promise<string> {
  const { conversation } = await creator!.request<{ conversation: { id: string } }>('conversation.create', {
    members: others.map(({ id }) => id),
    clientId: randomUUID(),
  });
  return conversation.id;
}

function contactsIn({ people, shape, directs = 0 }: TargetOptions): (person: number) => readonly string[] {
  const paired = { pairs: people.length, beside: directs, group: 0, none: 0 }[shape];
  const first = shape === 'none' ? people.length : paired;
  return (n) => {
    if (n < paired) return n % 2 === 0 ? people.slice(n + 1, n + 2) : [];
    return n === first ? people.slice(n + 1) : [];
  };
}
