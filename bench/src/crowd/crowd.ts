/** A group in which everybody reads and types, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface CrowdSettings {
  readonly gateways: readonly string[];
  readonly people: readonly string[];
  readonly tokens: readonly string[];
  readonly conversation: string;
  readonly messagesPerSecond: number;
  /** A client says so again while its person goes on. */
  readonly typingEveryMs: number;
}

/** Since the beginning. */
export interface CrowdCounts {
  sent: number;
  reads: number;
  typing: number;
  errors: number;
  heard: { typing: number; 'receipt.updated': number; 'message.created': number };
}

export type ToCrowd = { say: 'begin'; settings: CrowdSettings } | { say: 'busy' } | { say: 'quiet' };
export type FromCrowd = { say: 'ready' } | { say: 'quiet'; counts: CrowdCounts } | { say: 'failed'; why: string };

export class Crowd implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  /** Everybody connects, and the first of them makes the group. */
  static async gather(settings: Omit<CrowdSettings, 'conversation'>): Promise<Crowd> {
    const program = fileURLToPath(new URL('../../../dist/bench/src/crowd/process.js', import.meta.url));
    const crowd = new Crowd(fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    await crowd.ask({ say: 'begin', settings: { ...settings, conversation: randomUUID() } });
    return crowd;
  }

  async busy(): Promise<void> {
    await this.ask({ say: 'busy' });
  }

  /** What they have done and heard so far. */
  async quiet(): Promise<CrowdCounts> {
    const answer = await this.ask({ say: 'quiet' });
    if (answer.say !== 'quiet') throw new Error(`The crowd answered ${answer.say}`);
    return answer.counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  private async ask(question: ToCrowd): Promise<FromCrowd> {
    const answered = new AbortController();
    const { signal } = answered;
    const ended = once(this.child, 'exit', { signal }).then(([code]) => {
      throw new Error(`The crowd exited with ${code}`);
    });
    try {
      const answer = once(this.child, 'message', { signal }) as Promise<[FromCrowd]>;
      this.child.send(question);
      const [told] = await Promise.race([answer, ended]);
      if (told.say === 'failed') throw new Error(`The crowd could not gather: ${told.why}`);
      return told;
    } finally {
      ended.catch(() => {});
      answered.abort();
    }
  }
}
