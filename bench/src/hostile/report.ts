import type { HostileResult } from './run.js';

/** What was done, what came of it, and what should not have. */
export function hostileReport({ seed, attacks, outcomes, heapBytes, problems }: HostileResult): string {
  const frames = [...attacks.values()].reduce((sum, count) => sum + count, 0);
  return [
    'frames:',
    ...table(attacks),
    'what came of them:',
    ...table(outcomes),
    `heap after each quarter: ${heapBytes.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`).join(', ')}`,
    ...problems,
    problems.length === 0
      ? `PASSED: ${frames} frames, each answered or closed as the protocol says`
      : `FAILED: ${problems.length} problems; the same again: npm run hostile -- --seed ${seed} --frames ${frames}`,
  ].join('\n');
}

function table(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([what, count]) => `${String(count).padStart(9)}  ${what}`);
}
