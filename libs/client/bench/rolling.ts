import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, signIn, startCluster, startHaproxy, UNLIMITED_RATES } from '@drawbridge/testing';
import { type Bridge, createClient } from '../src/index.js';

const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
/** As many as a consent may have. */
const CLIENTS_PER_SIGN_IN = 4;
const SEND_EVERY_MS = 25;
const LAST = 'end';

export interface RollingOptions {
  readonly gateways: number;
  readonly clients: number;
  /** How long all is well before each restart, and after the last one. */
  readonly betweenMs: number;
}

export interface RollingResult {
  readonly clients: number;
  readonly sent: number;
  readonly failures: readonly unknown[];
  /** People whose clients have not all seen the same messages in the same order. */
  readonly incomplete: readonly string[];
  /** Why clients had no connection for a while; one that made its next connection in time had one all along. */
  readonly reconnects: readonly string[];
  readonly slowestSendMs: number;
  readonly longestPauseMs: number;
}

interface Client {
  readonly bridge: Bridge;
  readonly person: string;
  /** Of what has come, in order. */
  readonly seen: string[];
  readonly reconnects: string[];
  /** Has seen the message that was sent after all others. */
  readonly hasAll: Promise<void>;
  lastAt: number;
  longestPauseMs: number;
}

/** Restarts gateways behind HAProxy, with the file of docker-compose.yml, one after the other while clients of the SDK write to each other. */
export async function rollingRestart({ gateways, clients: count, betweenMs }: RollingOptions): Promise<RollingResult> {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  // As long as HAProxy takes to see that a gateway is not ready any more.
  const env = { ...UNLIMITED_RATES, PUBLIC_URL: publicUrl, UNREADY_MS: '3000' };
  await using cluster = await startCluster({ gateways, env });
  await using _haproxy = await startHaproxy(port, cluster.bridges, { maxconn: 2_000 });
  const clients: Client[] = [];
  for (let each = 0; clients.length < count; each++)
    clients.push(...(await clientsOf(publicUrl, PEOPLE[each % PEOPLE.length]!)));
  await Promise.all(clients.map(({ bridge }) => bridge.rtt()));

  const load = new Load(clients);
  for (const bridge of cluster.bridges) {
    await sleep(betweenMs);
    await bridge.restart();
  }
  await sleep(betweenMs);
  await load.stop();
  const [alice] = clients;
  for (const person of PEOPLE.slice(1)) await alice!.bridge.sendTo(person, { text: LAST });
  await Promise.all(clients.map(({ hasAll }) => hasAll));

  const incomplete = PEOPLE.filter((person) => {
    const streams = clients.filter((client) => client.person === person).map(({ seen }) => seen.join());
    return new Set(streams).size > 1;
  });
  const reconnects = clients.flatMap((client) => client.reconnects);
  await Promise.all(clients.map(({ bridge }) => bridge.close()));
  return {
    clients: clients.length,
    sent: load.sent,
    failures: load.failures,
    incomplete,
    reconnects,
    slowestSendMs: load.slowestMs,
    longestPauseMs: Math.max(...clients.map(({ longestPauseMs }) => longestPauseMs)),
  };
}

/** Somebody writes to somebody, again and again. */
class Load {
  sent = 0;
  slowestMs = 0;
  readonly failures: unknown[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly clients: readonly Client[]) {
    this.#timer = setInterval(() => this.#send(), SEND_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.clients.map(({ bridge }) => bridge.drain()));
  }

  #send(): void {
    const { bridge, person } = this.clients[Math.floor(Math.random() * this.clients.length)]!;
    const to = PEOPLE.filter((other) => other !== person)[this.sent % (PEOPLE.length - 1)]!;
    const since = performance.now();
    this.sent++;
    bridge.sendTo(to, { text: `message ${this.sent}` }).then(
      () => {
        this.slowestMs = Math.max(this.slowestMs, performance.now() - since);
      },
      (error) => this.failures.push(error),
    );
  }
}

async function clientsOf(publicUrl: string, person: string): Promise<Client[]> {
  const account = { login: person, password: 'drawbridge', clientId: 'tunebox-desktop' };
  const { accessToken, key } = await signIn({ publicUrl }, account);
  const prove = async ({ nonce }: { nonce: string }) => key!.sessionProof(accessToken, nonce);
  return Array.from({ length: CLIENTS_PER_SIGN_IN }, () =>
    watched(createClient({ url: publicUrl, token: () => ({ accessToken, prove }) }), person),
  );
}

function watched(bridge: Bridge, person: string): Client {
  const all = Promise.withResolvers<void>();
  const client: Client = {
    bridge,
    person,
    seen: [],
    reconnects: [],
    hasAll: all.promise,
    lastAt: 0,
    longestPauseMs: 0,
  };
  let lasts = 0;
  bridge.on('state', ({ name, reason = '' }) => {
    if (name === 'reconnecting' || name === 'ended') client.reconnects.push(reason);
  });
  bridge.on('message.created', ({ message }) => {
    const now = performance.now();
    if (client.lastAt > 0) client.longestPauseMs = Math.max(client.longestPauseMs, now - client.lastAt);
    client.lastAt = now;
    client.seen.push(message.id);
    if (message.text === LAST) lasts++;
    // Alice wrote three of them.
    if (lasts === (person === 'alice' ? PEOPLE.length - 1 : 1)) all.resolve();
  });
  return client;
}
