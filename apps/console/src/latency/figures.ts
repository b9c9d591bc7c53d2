import type { Sample } from './latencies.js';

export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** Undefined where there is nothing to count. A percentile is a time that was measured: the nearest rank, from above. */
export function figuresOf(samples: readonly Pick<Sample, 'ms'>[]): Figures | undefined {
  if (samples.length === 0) return undefined;
  const times = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const rank = (part: number) => times[Math.max(0, Math.ceil(times.length * part) - 1)]!;
  return { count: times.length, p50: rank(0.5), p95: rank(0.95), max: times.at(-1)! };
}

/** Those since then; they are in the order of their `at`. */
export function since(samples: readonly Sample[], from: number): readonly Sample[] {
  const first = samples.findIndex(({ at }) => at >= from);
  return first < 0 ? [] : samples.slice(first);
}

/** `0 ms`, `0.8 ms`, `12 ms`, `1.40 s` */
export function msWords(ms: number): string {
  if (ms === 0) return '0 ms';
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** As uPlot takes it: one time axis in seconds for both, each with null where only the other has something. */
export function aligned(left: readonly Sample[], right: readonly Sample[]) {
  const all = [
    ...left.map(({ at, ms }) => ({ at, left: ms, right: null })),
    ...right.map(({ at, ms }) => ({ at, left: null, right: ms })),
  ].sort((a, b) => a.at - b.at);
  return [
    all.map(({ at }) => at / 1_000),
    all.map((each): number | null => each.left),
    all.map((each): number | null => each.right),
  ] as [number[], (number | null)[], (number | null)[]];
}
