import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';

/** Bounds of what is removed in the background (I9). */
export const UPKEEP_LIMITS = {
  /** How often a process looks whether there is something to do. */
  lookMs: 10_000,
  /** Of one run; the next one goes on where it stopped. */
  runMs: 20_000,
  /** Nobody else begins while a run may go on: its time, and that of its last statement. */
  claimMs: 60_000,
  /** After a round is through. */
  restMs: 600_000,
} as const;

/** One step of a round. */
export interface Step {
  /** Where the next one begins; undefined when the round is through. */
  readonly next?: string;
  /** How many rows it removed. */
  readonly removed: number;
}

/** Something that is done in small steps, round after round. Doing a step twice does no harm. */
export interface Chore {
  readonly name: string;
  /** `place`: where it begins, '' at the beginning of a round. */
  step(place: string): Promise<Step>;
}

/** How a run went: it goes on, or the round is through. */
export interface Run {
  readonly chore: string;
  readonly removed: number;
  readonly ms: number;
}

export interface UpkeepOptions {
  readonly database: Database;
  readonly chores: readonly Chore[];
  /** Told of each run that removed something. */
  onRun(run: Run): void;
  onProblem(problem: string, error: unknown): void;
}

/**
 * What is removed in the background, by one process at a time: a row says when it is due, and whoever finds it so puts that
 * off. After each step it rests as long as the step took, so it never takes more than half of one connection.
 */
export class Upkeep {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private readonly stopping = new AbortController();

  constructor(private readonly o: UpkeepOptions) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.look().finally(() => {
        if (!this.stopping.signal.aborted) this.start();
      });
    }, UPKEEP_LIMITS.lookMs).unref();
  }

  /** A run that is under way ends after its step. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  /** Runs whatever is due and nobody else has begun; gives what was run. */
  async look(): Promise<Run[]> {
    const runs: Run[] = [];
    for (const chore of this.o.chores) {
      try {
        const run = await this.run(chore);
        if (!run) continue;
        runs.push(run);
        if (run.removed > 0) this.o.onRun(run);
      } catch (error) {
        if (!this.stopping.signal.aborted) this.o.onProblem(`the removal of ${chore.name} failed`, error);
      }
    }
    return runs;
  }

  private async run(chore: Chore): Promise<Run | undefined> {
    let place = await this.claim(chore);
    if (place === undefined) return undefined;
    const began = performance.now();
    let removed = 0;
    let through = false;
    while (!through && performance.now() - began < UPKEEP_LIMITS.runMs && !this.stopping.signal.aborted) {
      const stepBegan = performance.now();
      const step = await chore.step(place);
      removed += step.removed;
      through = step.next === undefined;
      place = step.next ?? '';
      if (!through) await this.rest(performance.now() - stepBegan);
    }
    await this.leave(chore, place, through ? UPKEEP_LIMITS.restMs : 0);
    return { chore: chore.name, removed, ms: Math.round(performance.now() - began) };
  }

  private async claim({ name }: Chore): Promise<string | undefined> {
    const db = this.o.database.tables<object>();
    await sql`insert into messaging_upkeep (chore) values (${name}::text) on conflict do nothing`.execute(db);
    const { rows } = await sql<{ place: string }>`
      update messaging_upkeep set due_at = ${later(UPKEEP_LIMITS.claimMs)}
       where chore = ${name}::text and due_at <= clock_timestamp() returning place`.execute(db);
    return rows[0]?.place;
  }

  private async leave({ name }: Chore, place: string, restMs: number): Promise<void> {
    await sql`update messaging_upkeep set place = ${place}::text, due_at = ${later(restMs)}
      where chore = ${name}::text`.execute(this.o.database.tables());
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => {});
  }
}

function later(ms: number) {
  return sql`clock_timestamp() + ${ms}::double precision * interval '1 millisecond'`;
}
