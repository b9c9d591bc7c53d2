import type { ImportResult } from './run.js';

/** How fast it went, what it took, and what is wrong. */
export function importReport(result: ImportResult): string {
  const { options, runs, stored, again, cpuMs, importerBytes, bridgeHeapBytes, bridgeBytes, problems } = result;
  const ms = runs.reduce((sum, run) => sum + run.ms, 0);
  const lines = runs.reduce((sum, run) => sum + run.lines, 0);
  const kills = runs.filter(({ killed }) => killed).length;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    ...runs.map(
      (run, n) =>
        `run ${n + 1}: ${run.lines} lines in ${(run.ms / 1_000).toFixed(1)} s, ${Math.round((1_000 * run.lines) / run.ms)} a second${run.killed ? ', killed' : ''}`,
    ),
    `together: ${lines} lines in ${(ms / 1_000).toFixed(1)} s, ${Math.round((1_000 * lines) / ms)} a second; ${stored} stored, ${again} sent twice`,
    `CPU for 1,000 lines: importer ${cpuMs.importer.toFixed(0)} ms, bridge ${cpuMs.bridge.toFixed(0)} ms, PostgreSQL ${cpuMs.postgres.toFixed(0)} ms`,
    `memory: importer ${mb(importerBytes.first)} resident at most in the first quarter, ${mb(importerBytes.most)} in all`,
    `        bridge's heap before and after each run ${bridgeHeapBytes.map(mb).join(', ')}; ${mb(bridgeBytes)} resident`,
    ...problems,
    problems.length === 0
      ? `PASSED: ${options.messages} messages, ${kills} kills; each is there once, in its order, by SQL and by the API`
      : `FAILED: the same again: npm run bench:import -- --seed ${options.seed} --messages ${options.messages} --people ${options.people} --kills ${options.kills}`,
  ].join('\n');
}
