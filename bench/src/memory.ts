/** What a connection costs in memory that is signed in and silent, on one gateway. */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from './client.js';
import { connectAll } from './load.js';
import { startTarget } from './targets/start.js';
import { type TargetName, TITLES } from './targets/target.js';

/** Connected first and gone again, so that what the first connections load and compile is not counted. */
const FIRST = 200;
const SETTLE_MS = 2_000;
/** Files that a process has open beside the connections. */
const OTHER_FILES = 100;

export interface MemoryOptions {
  readonly targets: readonly TargetName[];
  readonly people: number;
  readonly progress: (line: string) => void;
}

/** Bytes of resident memory. */
export interface MemoryResult {
  readonly target: TargetName;
  readonly connections: number;
  readonly before: number;
  /** With everybody connected, as it was found, and after a full garbage collection. */
  readonly found: number;
  readonly collected: number;
  /** Growth of V8's heap and what hangs on it, collected: the part of it that is JavaScript's. */
  readonly heapGrowth: number;
}

/** An Error, with what to do, when this shell's limit of open files is too low for so many connections. */
export function checkOpenFiles(people: number): void {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const needed = people + OTHER_FILES;
  if (limit !== undefined && Number(limit) < needed) {
    throw new Error(
      `${people} connections need ${needed} open files in one process, and this shell allows ${limit}: run \`ulimit -n ${needed}\` first, or give --people ${Number(limit) - OTHER_FILES}.`,
    );
  }
}

export async function runMemory({ targets, people: count, progress }: MemoryOptions): Promise<MemoryResult[]> {
  const people = Array.from({ length: count }, (_, n) => `person-${n}`);
  const results: MemoryResult[] = [];
  for (const name of targets) {
    progress(`memory: ${TITLES[name]} starts, ${count} people are made`);
    await using target = await startTarget(name, { gateways: 1, people, shape: 'none' });
    const { probe } = target.gateways[0]!;
    const connect = async (some: readonly string[]) => {
      const clients: Client[] = [];
      let lost: Error | undefined;
      await connectAll(target, some, {
        onClient: (client) => clients.push(client),
        onError: (error) => (lost = error),
      });
      return {
        close: () => {
          for (const client of clients) client.close();
          if (lost) throw new Error(`${TITLES[name]} did not keep all of its connections.`, { cause: lost });
        },
      };
    };
    const first = await connect(people.slice(0, FIRST));
    first.close();
    await wait(SETTLE_MS);
    const before = await probe.collected();
    progress(`memory: ${TITLES[name]}, ${count} people connect`);
    const all = await connect(people);
    await wait(SETTLE_MS);
    const found = await probe.memory();
    const collected = await probe.collected();
    all.close();
    results.push({
      target: name,
      connections: count,
      before: before.rss,
      found: found.rss,
      collected: collected.rss,
      heapGrowth: collected.heapUsed + collected.external - before.heapUsed - before.external,
    });
  }
  return results;
}
