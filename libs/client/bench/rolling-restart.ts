// What people feel of a release: three gateways behind HAProxy, with the file of docker-compose.yml, are restarted one after the other while clients of the SDK
// write to each other. `npm run sdk:rolling [-- --clients 300]`; it fails where a send fails, or a client lacks something.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, signIn, startCluster, startHaproxy, stopOwnPostgres, UNLIMITED_RATES } from '@drawbridge/testing';
import { type Bridge, createClient } from '../src/index.js';

const PEOPLE = ['alice', 'bob', 'carol', 'dave'] as const;
const CLIENTS_PER_SIGN_IN = 4;
const SEND_EVERY_MS = 25;
const BETWEEN_RESTARTS_MS = 3_000;

interface Client {
  readonly bridge: Bridge;
  readonly person: string;
  /** Of what has come, in order. */
  readonly seen: string[];
  readonly reconnects: string[];
  lastAt: number;
  longestPauseMs: number;
}

const { values } = parseArgs({ options: { clients: { type: 'string', default: '300' } } });
const signIns = Math.ceil(Number(values.clients) / CLIENTS_PER_SIGN_IN);

const port = await freePort();
const publicUrl = `http://127.0.0.1:${port}`;
// As long as HAProxy takes to see that a gateway is not ready any more.
const env = { ...UNLIMITED_RATES, PUBLIC_URL: publicUrl, UNREADY_MS: '3000' };
const cluster = await startCluster({ gateways: 3, env });
const haproxy = await startHaproxy(port, cluster.bridges, { maxconn: 2_000 });
const clients: Client[] = [];
for (let each = 0; each < signIns; each++) clients.push(...(await clientsOf(PEOPLE[each % PEOPLE.length]!)));
await Promise.all(clients.map(({ bridge }) => bridge.rtt()));
console.log(`${clients.length} clients on 3 gateways`);

let sent = 0;
let slowestMs = 0;
const failures: unknown[] = [];
const load = setInterval(send, SEND_EVERY_MS);
for (const [index, bridge] of cluster.bridges.entries()) {
  await sleep(BETWEEN_RESTARTS_MS);
  await bridge.restart();
  console.log(`gw-${index + 1} was restarted`);
}
await sleep(BETWEEN_RESTARTS_MS);
clearInterval(load);
await Promise.all(clients.map(({ bridge }) => bridge.drain()));
// Everybody has what the last one has, once a message that was sent after all others has come.
await Promise.all(PEOPLE.map((person) => clients[0]!.bridge.sendTo(person, { text: 'end' }).catch(() => {})));
await sleep(BETWEEN_RESTARTS_MS);

const incomplete = PEOPLE.filter((person) => {
  const streams = clients.filter((client) => client.person === person).map(({ seen }) => seen.join());
  return new Set(streams).size > 1;
});
const reasons = Object.entries(
  Object.groupBy(
    clients.flatMap(({ reconnects }) => reconnects),
    (reason) => reason,
  ),
);
console.log(`sent ${sent}, failed ${failures.length}; people whose clients differ: ${incomplete.join() || 'none'}`);
console.log(`reconnects: ${reasons.map(([reason, all]) => `${reason} ${all?.length}`).join(', ')}`);
const pauses = clients.map(({ longestPauseMs }) => longestPauseMs);
console.log(
  `slowest send ${Math.round(slowestMs)} ms, longest pause without a message ${Math.round(Math.max(...pauses))} ms`,
);
for (const failure of failures) console.error(failure);
if (failures.length > 0 || incomplete.length > 0) process.exitCode = 1;
await Promise.all(clients.map(({ bridge }) => bridge.close()));
await haproxy[Symbol.asyncDispose]();
await cluster[Symbol.asyncDispose]();
await stopOwnPostgres();

async function clientsOf(person: string): Promise<Client[]> {
  const { accessToken, key } = await signIn(
    { publicUrl },
    {
      login: person,
      password: 'drawbridge',
      clientId: 'tunebox-desktop',
    },
  );
  const prove = async ({ nonce }: { nonce: string }) => key!.sessionProof(accessToken, nonce);
  return Array.from({ length: CLIENTS_PER_SIGN_IN }, () => {
    const bridge = createClient({ url: publicUrl, token: () => ({ accessToken, prove }) });
    const client: Client = { bridge, person, seen: [], reconnects: [], lastAt: 0, longestPauseMs: 0 };
    bridge.on('state', ({ name, reason = '' }) => {
      if (name === 'reconnecting' || name === 'ended') client.reconnects.push(reason);
    });
    bridge.on('message.created', ({ message }) => {
      const now = performance.now();
      if (client.lastAt > 0) client.longestPauseMs = Math.max(client.longestPauseMs, now - client.lastAt);
      client.lastAt = now;
      client.seen.push(message.id);
    });
    return client;
  });
}

/** Somebody writes to somebody. */
function send(): void {
  const { bridge, person } = clients[Math.floor(Math.random() * clients.length)]!;
  const to = PEOPLE.filter((other) => other !== person)[sent % (PEOPLE.length - 1)]!;
  const since = performance.now();
  sent++;
  bridge.sendTo(to, { text: `message ${sent}` }).then(
    () => {
      slowestMs = Math.max(slowestMs, performance.now() - since);
    },
    (error) => failures.push(error),
  );
}
