import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Database } from '@drawbridge/database';
import { startBridge, startPostgres } from '@drawbridge/testing';
import { Probe, probeEnv } from '../probe-client.js';
import { treeCpuUs } from '../process-cpu.js';
import { writeHistory } from './history.js';
import type { ImportOptions } from './options.js';
import { problemsByApi, problemsBySql } from './verify.js';

const PLATFORM_TOKEN = 'platform-token-of-the-bench';
const LOOK_MS = 20;
const SAMPLE_MS = 5_000;
const COMMAND = join('apps', 'cli', 'src', 'main.ts');

export interface ImportResult {
  readonly options: ImportOptions;
  /** Of each process of the importer: how long it ran, and how many lines it got through. */
  readonly runs: readonly { readonly ms: number; readonly lines: number; readonly killed: boolean }[];
  readonly stored: number;
  /** Sent twice, because the importer was killed before it knew. */
  readonly again: number;
  /** CPU of each for a thousand lines. */
  readonly cpuMs: { readonly importer: number; readonly bridge: number; readonly postgres: number };
  /** Resident, of the importer; and the bridge's heap after full collections: before, and at the end of each run. */
  readonly importerBytes: { readonly first: number; readonly most: number };
  readonly bridgeHeapBytes: readonly number[];
  readonly bridgeBytes: number;
  /** Empty when each message is there once, in its order. */
  readonly problems: readonly string[];
}

/** Writes a history, imports it, kills the importer on the way and looks at what is there in the end. */
export async function runImport(options: ImportOptions, progress: (line: string) => void): Promise<ImportResult> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-import-'));
  const socket = join(folder, 'probe');
  const postgres = await startPostgres();
  try {
    const file = options.file ?? join(folder, 'history.jsonl');
    const history = await writeHistory(file, options);
    progress(`seed ${options.seed}: ${file} has ${history.lines} lines, ${(history.bytes / 1e6).toFixed(0)} MB`);
    const rate: Record<string, string> =
      options.rate === undefined ? {} : { PLATFORM_WRITES_PER_S: String(options.rate) };
    const env = { PLATFORM_TOKEN, DEMO: 'false', ...rate, ...probeEnv(socket) };
    await using bridge = await startBridge({ database: 'postgres', databaseUrl: postgres.url, env });
    const probe = await Probe.connect(socket);
    const heap = [(await probe.collected()).heapUsed];
    const cpuBefore = { bridge: await probe.cpuUs(), postgres: treeCpuUs(postgres.pid) };
    const runs: ImportResult['runs'][number][] = [];
    const samples: number[] = [];
    let importerCpuUs = 0;
    for (let run = 0; run <= options.kills; run++) {
      const killAt = run < options.kills ? Math.floor((history.lines * (run + 1)) / (options.kills + 1)) : undefined;
      const before = lineOf(file);
      const startedAt = performance.now();
      const done = await importOnce(file, bridge.internalUrl, killAt, (sample) => {
        samples.push(sample.rssBytes);
        progress(`${lineOf(file)} lines; importer ${mb(sample.rssBytes)}, bridge ${mb(rssOf(bridge.pid))} MB resident`);
      });
      importerCpuUs += done.cpuUs;
      const ms = performance.now() - startedAt;
      runs.push({ ms, lines: lineOf(file) - before, killed: done.killed });
      heap.push((await probe.collected()).heapUsed);
      progress(`${done.killed ? 'killed' : 'ended'} at line ${lineOf(file)}: ${done.output}`);
    }
    const { stored, before: again } = JSON.parse(readFileSync(`${file}.progress`, 'utf8')) as Record<string, number>;
    const thousands = history.lines / 1_000;
    const cpuMs = {
      importer: importerCpuUs / 1_000 / thousands,
      bridge: ((await probe.cpuUs()) - cpuBefore.bridge) / 1_000 / thousands,
      postgres: (treeCpuUs(postgres.pid) - cpuBefore.postgres) / 1_000 / thousands,
    };
    const bridgeBytes = rssOf(bridge.pid);
    probe.close();
    progress('looking at what is there');
    await using database = await Database.open({ url: postgres.url, poolSize: 2 });
    const problems = [
      ...(await problemsBySql(database, { ...options, conversations: history.conversations })),
      ...(await problemsByApi(bridge.internalUrl, PLATFORM_TOKEN, options.messages)),
    ];
    const importerBytes = {
      first: Math.max(...samples.slice(0, Math.ceil(samples.length / 4))),
      most: Math.max(...samples),
    };
    return {
      options,
      runs,
      stored: stored!,
      again: again!,
      cpuMs,
      importerBytes,
      bridgeHeapBytes: heap,
      bridgeBytes,
      problems,
    };
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Sample {
  readonly rssBytes: number;
}

async function importOnce(
  file: string,
  url: string,
  killAt: number | undefined,
  sampled: (sample: Sample) => void,
): Promise<{ killed: boolean; cpuUs: number; output: string }> {
  const importer = spawn(COMMAND, ['import', file], {
    env: { PATH: process.env.PATH, PLATFORM_TOKEN, DRAWBRIDGE_ADMIN_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  importer.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  let ended = false;
  const exit = new Promise<NodeJS.Signals | null>((resolve) =>
    importer.once('close', (_code, signal) => {
      ended = true;
      resolve(signal);
    }),
  );
  let cpuUs = 0;
  for (let sampleAtMs = 0; !ended; ) {
    await Promise.race([exit, pause(LOOK_MS)]);
    if (ended) break;
    if (performance.now() > sampleAtMs) {
      sampleAtMs = performance.now() + SAMPLE_MS;
      cpuUs = treeCpuUs(importer.pid!);
      const rssBytes = rssOf(importer.pid!);
      if (rssBytes > 0) sampled({ rssBytes });
    }
    if (killAt !== undefined && lineOf(file) >= killAt) importer.kill('SIGKILL');
  }
  return { killed: (await exit) === 'SIGKILL', cpuUs, output: output.trim() };
}

/** How far the importer knows that it is. */
function lineOf(file: string): number {
  if (!existsSync(`${file}.progress`)) return 0;
  return (JSON.parse(readFileSync(`${file}.progress`, 'utf8')) as { line: number }).line;
}

/** 0 where it is gone. */
function rssOf(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return 1_024 * Number(kilobytes ?? 0);
  } catch {
    return 0;
  }
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
