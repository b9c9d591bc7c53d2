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

/** As `process.memoryUsage()` of the gateway says, in bytes: as it was, and after a full garbage collection. */
export interface MemoryReading {
  readonly found: NodeJS.MemoryUsage;
  readonly collected: NodeJS.MemoryUsage;
}

export interface MemoryResult {
  readonly target: TargetName;
  readonly connections: number;
  /** With nobody connected, after the first ones. */
  readonly before: MemoryReading;
  /** With everybody connected. */
  readonly after: MemoryReading;
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
    const connect = async (from: number, to: number) => {
      const clients: Client[] = [];
      let lost: Error | undefined;
      await connectAll(
        { gateways: target.gateways, wire: target.wire, tokens: target.tokens.slice(from, to) },
        people.slice(from, to),
        {
          onClient: (client) => clients.push(client),
          onError: (error) => (lost = error),
        },
      );
      return {
        close: () => {
          for (const client of clients) client.close();
          if (lost) throw new Error(`${TITLES[name]} did not keep all of its connections.`, { cause: lost });
        },
      };
    };
    const read = async (): Promise<MemoryReading> => {
      await wait(SETTLE_MS);
      return { found: await probe.memory(), collected: await probe.collected() };
    };
    (await connect(0, Math.min(FIRST, count))).close();
    const before = await read();
    progress(`memory: ${TITLES[name]}, ${count} people connect`);
    const all = await connect(0, count);
    const after = await read();
    all.close();
    results.push({ target: name, connections: count, before, after });
  }
  return results;
}
