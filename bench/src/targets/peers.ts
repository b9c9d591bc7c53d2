import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedis } from '@drawbridge/testing';
import { SignJWT } from 'jose';
import type { Client } from '../client.js';
import { builtPeer, Probe, probeEnv } from '../probe-client.js';
import { bridgeWire, nestWire, socketIoWire, type Wire } from '../wire.js';
import type { Gateway, Target, TargetName, TargetOptions } from './target.js';

type PeerName = Exclude<TargetName, 'bridge'>;

const PEERS: Readonly<Record<PeerName, { program: string; wire: Wire; redis: boolean; signed: boolean }>> = {
  plain: { program: 'relay', wire: bridgeWire, redis: false, signed: false },
  relay: { program: 'relay', wire: bridgeWire, redis: true, signed: false },
  nest: { program: 'nest', wire: nestWire, redis: true, signed: true },
  socketio: { program: 'socketio', wire: socketIoWire, redis: true, signed: true },
};

/** One of the servers that the bridge is compared with. */
export async function startPeer(name: PeerName, options: TargetOptions): Promise<Target> {
  const { program, wire, redis: withRedis, signed } = PEERS[name];
  const started = new AsyncDisposableStack();
  try {
    const redis = withRedis ? await startRedis() : undefined;
    started.defer(async () => redis?.stop());
    const secret = randomBytes(32).toString('base64url');
    const env = { TOKEN_SECRET: secret, ...(redis ? { REDIS_URL: redis.url } : {}) };
    const gateways: Gateway[] = [];
    for (let n = 0; n < options.gateways; n++) gateways.push(await startGateway(program, env, started));
    const tokens = signed
      ? await Promise.all(options.people.map((person) => signedToken(person, secret)))
      : options.people;
    const stop = started.move();
    return {
      name,
      gateways,
      wire,
      tokens,
      redisPid: redis?.pid,
      postgresPid: undefined,
      converse: joinAll,
      [Symbol.asyncDispose]: () => stop.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

/** A peer stores nothing, so everybody says that they are in it. */
async function joinAll(members: readonly Client[]): Promise<string> {
  const conversation = randomUUID();
  for (const member of members) await member.request('conversation.join', { conversation });
  return conversation;
}

function signedToken(person: string, secret: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(person)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
}

async function startGateway(
  program: string,
  settings: Readonly<Record<string, string>>,
  started: AsyncDisposableStack,
): Promise<Gateway> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'probe');
  const { PATH, HOME, LANG } = process.env;
  const child = spawn(process.execPath, [builtPeer(program)], {
    env: { PATH, HOME, LANG, ...settings, ...probeEnv(path), PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.defer(() => stopped(child));
  await Promise.race([once(child.stdout!, 'data'), exited(program, child)]);
  const probe = started.adopt(await Probe.connect(path), (open) => open.close());
  return { url: `ws://127.0.0.1:${port}`, probe };
}

async function exited(program: string, child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`The benchmark's ${program} exited with ${code}. \`npm run build\` makes it.`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
