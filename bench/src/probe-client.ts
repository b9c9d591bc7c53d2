import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What `npm run build` makes of a program of the peers. */
export function builtPeer(name: string): string {
  return fileURLToPath(new URL(`../../dist/bench/src/peers/${name}.js`, import.meta.url));
}

/** The environment of a process that answers a Probe at `path`. */
export function probeEnv(path: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=${new URL(`file://${builtPeer('probe')}`).href}`, BENCH_PROBE: path };
}

/** Asks a gateway's process about itself; see peers/probe.ts. One question at a time. */
export class Probe {
  private constructor(private readonly socket: Socket) {}

  static async connect(path: string): Promise<Probe> {
    const socket = connect(path).setEncoding('utf8');
    await once(socket, 'connect');
    return new Probe(socket);
  }

  /** CPU that the process has used so far, user and system, µs. */
  cpuUs(): Promise<number> {
    return this.ask('cpu');
  }

  memory(): Promise<NodeJS.MemoryUsage> {
    return this.ask('memory');
  }

  /** The memory after a full garbage collection. */
  collected(): Promise<NodeJS.MemoryUsage> {
    return this.ask('collect');
  }

  async startProfile(): Promise<void> {
    await this.ask('profile.start');
  }

  stopProfile(): Promise<CpuProfile> {
    return this.ask('profile.stop');
  }

  close(): void {
    this.socket.destroy();
  }

  private async ask<T>(question: string): Promise<T> {
    this.socket.write(`${question}\n`);
    for (let line = ''; ; ) {
      const [text] = (await once(this.socket, 'data')) as [string];
      line += text;
      if (line.endsWith('\n')) return JSON.parse(line) as T;
    }
  }
}

/** As the inspector gives it. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
