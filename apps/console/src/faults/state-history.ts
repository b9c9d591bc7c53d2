import type { State, StateName } from '@drawbridge/client';
import { signal } from '@preact/signals';
import { now } from '../wire/frame-log.js';

export const HISTORY_LIMITS = {
  /** The oldest go first. */
  stays: 100,
} as const;

/** One time in one state, however often the SDK told of it (each wait of `reconnecting` is told). */
export interface Stay {
  /** From 1, the first of this side. */
  readonly number: number;
  readonly state: StateName;
  /** The last that was said. */
  readonly reason: string | undefined;
  /** How often it was told. */
  readonly told: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Undefined: it is there now. */
  readonly until: number | undefined;
}

/** The states that one person's SDK has been in, oldest first, bounded (I9). Never empty. */
export class StateHistory {
  readonly stays = signal<readonly Stay[]>([
    { number: 1, state: 'signed-out', reason: undefined, told: 0, since: now(), until: undefined },
  ]);

  get now(): Stay {
    return this.stays.value.at(-1)!;
  }

  /** The one before, where there was one and it is still known. */
  get before(): Stay | undefined {
    return this.stays.value.at(-2);
  }

  heard({ name: state, reason }: State, at = now()): void {
    const stays = this.stays.peek();
    const last = stays.at(-1)!;
    const next: readonly Stay[] =
      last.state === state
        ? [{ ...last, reason, told: last.told + 1 }]
        : [
            { ...last, until: at },
            { number: last.number + 1, state, reason, told: 1, since: at, until: undefined },
          ];
    this.stays.value = [...stays.slice(0, -1), ...next].slice(-HISTORY_LIMITS.stays);
  }
}

/** Short, and to be compared at a glance: `38 ms`, `1.2 s`, `4 min 10 s`. */
export function durationWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
