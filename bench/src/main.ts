/**
 * `npm run bench`: 200 people in pairs against the bridge on PostgreSQL and against a plain relay, in turn, with the
 * same client at the same offered rate. `-- --people 200 --rate 400 --rounds 3 --seconds 10`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, stopOwnPostgres } from '@drawbridge/testing';
import { startBenchBridge } from './bridge.js';
import { type LoadResult, runLoad } from './load.js';
import { processCpuUs } from './process-cpu.js';

const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '200' },
    rate: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
  },
});
const peopleCount = Number(values.people);
const perSecond = Number(values.rate);
const load = { perSecond, warmUpMs: 3_000, measureMs: Number(values.seconds) * 1000 };

interface Peer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly people: readonly string[];
  readonly tokens: readonly string[];
  stop(): Promise<void>;
}

async function startRelay(people: readonly string[]): Promise<Peer> {
  const port = await freePort();
  const script = fileURLToPath(new URL('./relay.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['scripts/run-ts.mjs', script], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { name: 'plain relay', url: `ws://127.0.0.1:${port}/bridge`, pid: child.pid!, people, tokens: people, stop };
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

function row(name: string, results: readonly LoadResult[], baseline: number): string {
  const of = (pick: (result: LoadResult) => number) => median(results.map(pick));
  const cpu = of((r) => r.cpuUs);
  const cells = [
    name.padEnd(24),
    `${cpu.toFixed(1)} µs`.padStart(10),
    `${(cpu / baseline).toFixed(2)} ×`.padStart(8),
    `${(of((r) => r.delivered) / (load.measureMs / 1000)).toFixed(0)}/s`.padStart(8),
    `${of((r) => r.latencyMs.p50).toFixed(1)} ms`.padStart(9),
    `${of((r) => r.latencyMs.p99).toFixed(1)} ms`.padStart(9),
    String(of((r) => r.errors)).padStart(6),
  ];
  return cells.join(' ');
}

const people = Array.from({ length: peopleCount }, (_, index) => `person-${index}`);
console.log(`Preparing ${peopleCount} people (each signs in and consents) …`);
const bridge = await startBenchBridge(people);
const peers: Peer[] = [await startRelay(people), { ...bridge, people }];
const results = new Map<Peer, LoadResult[]>(peers.map((peer) => [peer, []]));
try {
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const peer of peers) {
      console.log(`Round ${round} of ${values.rounds}: ${peer.name}, ${perSecond} messages/s …`);
      const mark = () => processCpuUs(peer.pid);
      results
        .get(peer)!
        .push(await runLoad({ ...load, url: peer.url, tokens: peer.tokens, people: peer.people, mark }));
    }
  }
} finally {
  for (const peer of peers) await peer.stop();
  await stopOwnPostgres();
}
const baseline = median(results.get(peers[0]!)!.map((r) => r.cpuUs));
console.log(
  `\n${''.padEnd(24)} CPU/message  ratio delivered       p50       p99 errors   (medians of ${values.rounds} rounds)`,
);
for (const peer of peers) console.log(row(peer.name, results.get(peer)!, baseline));
