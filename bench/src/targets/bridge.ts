import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Grants } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { People } from '@drawbridge/people';
import { freePort, postgresUrl, startBridge, startRedis } from '@drawbridge/testing';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Client } from '../client.js';
import { Probe, probeEnv } from '../probe-client.js';
import { bridgeWire } from '../wire.js';
import type { Gateway, Target, TargetOptions } from './target.js';

/** Whose tokens are bound to no key: what is measured is not the making of proofs. */
const APP = 'drawbridge-console';
const TOKEN_S = 3_600;
/** People who are made at the same time. */
const AT_ONCE = 8;

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
        ...probeEnv(probePath(n)),
      };
      const bridge = started.use(await startBridge({ database: 'postgres', databaseUrl, env }));
      addresses.push(bridge.ownUrl.replace('http', 'ws'));
    }
    const tokens = await signInAll({ databaseUrl, publicUrl }, options, sign);
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

type Sign = (issuer: string, claims: { sub: string; grant_id: string; scope: string }) => Promise<string>;

/** The signing key of the bridge to come, in its KEYS_DIR, so that the tokens can be signed here. */
async function makeKeys(folder: string): Promise<Sign> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  writeFileSync(
    join(folder, 'signing-keys.json'),
    JSON.stringify({ keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] }),
  );
  return (issuer, claims) =>
    new SignJWT({ ...claims, client_id: APP, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(`${issuer}/oidc`)
      .setAudience(`${issuer}/bridge`)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_S} s`)
      .sign(privateKey);
}

/** What signing in on the pages leaves behind, without the pages: a person, a grant of their own, an access token. */
async function signInAll(
  { databaseUrl, publicUrl }: { databaseUrl: string; publicUrl: string },
  { people, shape }: TargetOptions,
  sign: Sign,
): Promise<string[]> {
  await using database = await Database.open({ url: databaseUrl, poolSize: AT_ONCE });
  const directory = new People(database);
  const grants = new Grants(database);
  const app = await new Partners(database).app(APP);
  if (!app) throw new Error(`The demo has no app ${APP}.`);
  const { scopes, partner } = app;
  const tokens: string[] = [];
  const next = people.entries();
  const one = async () => {
    for (const [index, id] of next) {
      const { key } = await directory.put({ id, handle: id, name: id });
      const asked = { person: key, clientId: APP, partner: partner.id, scopes, authTime: new Date(), days: 1 };
      const grant = await grants.create(asked);
      tokens[index] = await sign(publicUrl, { sub: id, grant_id: grant.id, scope: scopes.join(' ') });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  if (shape === 'group') await directory.setContacts(people[0]!, people.slice(1));
  if (shape === 'pairs') {
    for (let n = 0; n < people.length; n += 2) await directory.setContacts(people[n]!, [people[n + 1]!]);
  }
  return tokens;
}
