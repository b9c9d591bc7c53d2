import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatabaseKind, fillDataDir, postgresUrl } from './databases.js';
import { freePort } from './postgres-server.js';

const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;
/**
 * As `npm run serve` and the image have them. The young generation is bounded because many openings at once would make it
 * grow, and V8 gives none of it back: it was two thirds of what a connection seemed to take.
 */
export const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--enable-source-maps', '--max-semi-space-size=8'];
/** Settings for whoever sends as fast as it can, and is not to be told to slow down. */
export const UNLIMITED_RATES: Readonly<Record<string, string>> = {
  COMMANDS_PER_S: '1000000',
  SENDS_PER_S: '1000000',
  APP_SENDS_PER_S: '1000000',
  CONVERSATIONS_PER_MIN: '1000000',
  CONTACTS_PER_MIN: '1000000',
  PAGES_PER_MIN: '1000000',
  OPENS_PER_MIN: '1000000',
  PLATFORM_WRITES_PER_S: '1000000',
};
const MAX_OUTPUT_LENGTH = 1_048_576;

export interface StartOptions {
  readonly database: DatabaseKind;
  /** Where a PostgreSQL is given, instead of a fresh one. */
  readonly databaseUrl?: string;
  /** Where a data directory is given, instead of a fresh one that is removed at the end. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the built program with demo data on free ports, and resolves when `/readyz` says so. */
export async function startBridge(options: StartOptions): Promise<BridgeProcess> {
  const port = Number(options.env?.PORT ?? (await freePort()));
  const internalPort = Number(options.env?.INTERNAL_PORT ?? (await freePort()));
  const ownDataDir = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'drawbridge-data-')) : undefined;
  if (ownDataDir && options.database === 'pglite') await fillDataDir(ownDataDir);
  const env: Record<string, string> = {
    DEMO: 'true',
    PORT: String(port),
    INTERNAL_PORT: String(internalPort),
    DATA_DIR: options.dataDir ?? ownDataDir!,
    ...options.env,
  };
  if (options.database === 'postgres') env.DATABASE_URL ??= options.databaseUrl ?? (await postgresUrl());
  const bridge = new BridgeProcess(port, internalPort, env, ownDataDir);
  await bridge.start();
  return bridge;
}

/** One process of the built program. */
export class BridgeProcess {
  readonly publicUrl: string;
  /** The address it listens on itself, whatever its PUBLIC_URL. */
  readonly ownUrl: string;
  readonly internalUrl: string;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(
    port: number,
    internalPort: number,
    private readonly env: Record<string, string>,
    private readonly ownDataDir: string | undefined,
  ) {
    this.ownUrl = `http://127.0.0.1:${port}`;
    this.publicUrl = env.PUBLIC_URL ?? this.ownUrl;
    this.internalUrl = `http://127.0.0.1:${internalPort}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Everything it has printed. */
  output(): string {
    return this.#output;
  }

  /** Calls back for each line on its stdout, from the start of this process on. */
  onLine(told: (line: string) => void): void {
    let rest = '';
    const take = (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) told(line);
    };
    take(this.#output);
    this.#process!.stdout!.on('data', take);
  }

  /** Its stdout is read no further, as by a collector of logs that stands still. */
  pauseOutput(): void {
    this.#process!.stdout!.pause();
  }

  /** Resolves when this process is gone, to its exit code or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    const program = this.#process!;
    if (this.#isRunning()) await once(program, 'exit');
    return program.exitCode ?? program.signalCode;
  }

  async start(): Promise<void> {
    const { PATH, HOME, LANG } = process.env;
    const env = { PATH, HOME, LANG, ...this.env };
    const program = spawn(process.execPath, [...NODE_FLAGS, 'dist/apps/bridge/src/main.js'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = program;
    const keep = (text: string) => {
      if (this.#output.length < MAX_OUTPUT_LENGTH) this.#output += text;
    };
    program.stdout!.setEncoding('utf8').on('data', keep);
    program.stderr!.setEncoding('utf8').on('data', keep);
    const until = performance.now() + READY_WITHIN_MS;
    while (!(await this.#isReady())) {
      if (!this.#isRunning())
        throw new Error(`The bridge exited with ${program.exitCode ?? program.signalCode}:\n${this.#output}`);
      if (performance.now() > until) throw new Error(`The bridge was not ready in time:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** SIGKILL: nothing is finished, nothing is said. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  signal(name: NodeJS.Signals): void {
    this.#process!.kill(name);
  }

  /** Starts again on the same ports and data. */
  async restart(): Promise<void> {
    if (this.#isRunning()) await this.stop();
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isRunning()) await this.#end('SIGKILL');
    if (this.ownDataDir) rmSync(this.ownDataDir, { recursive: true, force: true });
  }

  #isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const program = this.#process!;
    if (!this.#isRunning()) return program.exitCode;
    const exit = once(program, 'exit');
    program.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.internalUrl}/readyz`)).status === 200;
    } catch {
      return false;
    }
  }
}
