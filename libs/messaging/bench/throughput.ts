/**
 * Sends a second through the messaging library alone, with a permit to check: pairs of people, two mailbox entries a
 * message. `npm run bench -w libs/messaging -- <pglite|postgres> [shared lanes] [sends under way]`.
 */
import { randomUUID } from 'node:crypto';
import { testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { Messaging, type Sender } from '../src/index.js';
import { makePeople, throughTunebox } from '../test/fixture.js';

const PAIRS = 100;
const SECONDS = 6;

const kind = process.argv[2] === 'postgres' ? 'postgres' : 'pglite';
const shared = Number(process.argv[3] ?? 0);
const inFlight = Number(process.argv[4] ?? 1_024);
const database = await testDatabase(kind);
let batches = 0;
const messaging = new Messaging({
  database,
  mayCommit: () => true,
  onCommitted: () => void batches++,
  log: { warn: console.warn, error: console.error },
  ...(shared > 0 ? { lanes: { shared, large: 1 } } : {}),
});

const senders: { sender: Sender; conversation: string }[] = [];
for (let pair = 0; pair < PAIRS; pair++) {
  const two = await makePeople(database, [`a${pair}`, `b${pair}`]);
  for (const person of two) {
    const sender = await throughTunebox(database, person);
    const members = [two.find(({ id }) => id !== person.id)!.id];
    const { conversation } = await messaging.createConversation(sender, { members, clientId: randomUUID() });
    senders.push({ sender, conversation: conversation.id });
  }
}

async function run(seconds: number) {
  const until = performance.now() + seconds * 1_000;
  const cpu = process.cpuUsage();
  const started = performance.now();
  let sent = 0;
  batches = 0;
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: inFlight }, async (_, n) => {
      while (performance.now() < until) {
        const { sender, conversation } = senders[(n + sent) % senders.length]!;
        const at = performance.now();
        await messaging.send(sender, { conversation, text: `message ${sent} of the bench`, clientId: randomUUID() });
        latencies.push(performance.now() - at);
        sent++;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return {
    perSecond: Math.round(sent / ((performance.now() - started) / 1_000)),
    perBatch: Math.round(sent / batches),
    ownCpuMicros: Math.round((user + system) / sent),
    p50: Math.round(latencies[latencies.length >> 1]! * 10) / 10,
    p99: Math.round(latencies[Math.floor(latencies.length * 0.99)]! * 10) / 10,
  };
}

await run(2);
console.log(kind, { shared: shared || 'default', inFlight }, await run(SECONDS));
const { rows } = await sql<{ n: number }>`select count(*) as n from message`.execute(database.tables());
console.log(`${rows[0]!.n} messages stored`);
await database.close();
process.exit(0);
