import { signal } from '@preact/signals';
import type { Seat } from '../people/seat.js';
import type { Entry } from '../wire/entry.js';
import type { FrameLog } from '../wire/frame-log.js';
import { type Figures, figuresOf } from './figures.js';

export const MAX_PINGS = 1_000;

/** One ping after the other, each when the one before is answered, and what the round trips came to. */
export class PingBurst {
  readonly wanted = signal(0);
  readonly done = signal(0);
  readonly isRunning = signal(false);
  /** Whose it was. */
  readonly name = signal('');
  readonly figures = signal<Figures | undefined>(undefined);
  readonly problem = signal('');
  #abort = new AbortController();

  constructor(private readonly log: Pick<FrameLog, 'on'>) {}

  async run(seat: Seat, count: number): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.wanted.value = Math.min(MAX_PINGS, count);
    this.done.value = 0;
    this.name.value = seat.name;
    this.figures.value = undefined;
    this.problem.value = '';
    this.isRunning.value = true;
    const trips: { ms: number }[] = [];
    // As it was on the wire, which is what the chart shows too.
    const leave = this.log.on(({ side, answers }: Entry) => {
      if (side === seat.side && answers?.command === 'ping') trips.push({ ms: answers.ms });
    });
    try {
      while (this.done.value < this.wanted.value && !abort.signal.aborted) {
        if (!seat.client) throw new Error(`${seat.name} is not connected.`);
        await seat.client.request('ping', {}, { signal: abort.signal });
        this.done.value++;
      }
    } catch (error) {
      if (!abort.signal.aborted) this.problem.value = (error as Error).message;
    } finally {
      leave();
      if (this.#abort === abort) {
        this.isRunning.value = false;
        this.figures.value = figuresOf(trips);
      }
    }
  }

  stop(): void {
    this.#abort.abort();
    this.isRunning.value = false;
  }
}
