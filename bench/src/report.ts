import type { BesideResult } from './crowd/beside.js';
import type { LoadResult } from './load.js';
import type { MemoryResult } from './memory.js';
import { TITLES } from './targets/target.js';
import type { Round, TrafficResult } from './traffic.js';

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** CPU of all gateways for each delivered message, µs. */
export function gatewayUsPerDelivered({ gatewayUs, delivered }: Round): number {
  return gatewayUs / delivered;
}

/**
 * A target's CPU over another's, round by round: the two of one round met the same machine. Undefined where there is
 * nothing to compare with.
 */
export function ratio(of: TrafficResult, to: TrafficResult | undefined): number | undefined {
  if (!to) return undefined;
  return median(of.rounds.map((round, n) => gatewayUsPerDelivered(round) / gatewayUsPerDelivered(to.rounds[n]!)));
}

/** Medians of the rounds; sums of what was delivered. A target that lost or repeated messages says so. */
export function trafficTable(title: string, results: readonly TrafficResult[]): string {
  const relay = results.find(({ target }) => target === 'relay');
  const rows = results.map((result) => {
    const of = (pick: (round: Round) => number) => median(result.rounds.map(pick));
    const sum = (pick: (round: Round) => number) => result.rounds.reduce((total, round) => total + pick(round), 0);
    const [delivered, expected, errors] = [sum((r) => r.delivered), sum((r) => r.expected), sum((r) => r.errors)];
    const unanswered = sum((r) => r.sent - r.acknowledged);
    const beside = (us: (round: Round) => number | undefined) =>
      us(result.rounds[0]!) === undefined ? '–' : of((r) => us(r)! / r.delivered).toFixed(1);
    const problems = [
      ...(delivered < expected ? [`${expected - delivered} LOST`] : []),
      ...(delivered > expected ? [`${delivered - expected} TWICE`] : []),
      ...(unanswered > 0 ? [`${unanswered} UNANSWERED`] : []),
      ...(errors > 0 ? [`${errors} ERRORS`] : []),
    ];
    return [
      TITLES[result.target],
      of(gatewayUsPerDelivered).toFixed(1),
      ratio(result, relay)?.toFixed(2) ?? '–',
      `${of((r) => r.latencyMs.p50).toFixed(1)}`,
      `${of((r) => r.latencyMs.p99).toFixed(1)}`,
      `${delivered} of ${expected}`,
      (result.idleUs / 1_000).toFixed(1),
      beside((r) => r.redisUs),
      beside((r) => r.postgresUs),
      problems.join(', '),
    ];
  });
  const head = ['', 'CPU µs', '× relay', 'p50 ms', 'p99 ms', 'delivered', 'idle ms/s', 'Redis µs', 'PostgreSQL µs', ''];
  return `${title}\n${table([head, ...rows])}`;
}

/** Latency of direct messages alone and beside the group, medians of the rounds, and the median of the rounds' ratios. */
export function besideTable(title: string, { rounds, crowd }: BesideResult): string {
  const row = (name: 'alone' | 'beside') => {
    const of = (pick: (result: LoadResult) => number) => median(rounds.map((round) => pick(round[name])));
    const lost = rounds.reduce((sum, { [name]: result }) => sum + result.expected - result.delivered, 0);
    const latency = [of((r) => r.latencyMs.p50), of((r) => r.latencyMs.p99), of((r) => r.latencyMs.max)];
    return [name, ...latency.map((ms) => ms.toFixed(1)), lost > 0 ? `${lost} LOST` : ''];
  };
  const ratio = median(rounds.map(({ alone, beside }) => beside.latencyMs.p99 / alone.latencyMs.p99));
  const { heard } = crowd;
  return [
    title,
    table([['', 'p50 ms', 'p99 ms', 'max ms', ''], row('alone'), row('beside')]),
    `p99 beside the group: ${ratio.toFixed(2)} times alone`,
    `the group: ${crowd.sent} messages, ${crowd.reads} read marks, ${crowd.typing} said that they type, ${crowd.errors} errors; ` +
      `heard: ${heard['message.created']} messages, ${heard.typing} typing, ${heard['receipt.updated']} receipts`,
  ].join('\n');
}

/** What one connection added, and the whole process. In use: V8's objects and what hangs on them, collected. */
export function memoryTable(title: string, results: readonly MemoryResult[]): string {
  const rows = results.map(({ target, connections, before, after }) => {
    const each = (bytes: number) => (bytes / connections / 1_024).toFixed(1);
    const mb = (bytes: number) => (bytes / 1_048_576).toFixed(0);
    const inUse = ({ heapUsed, external }: NodeJS.MemoryUsage) => heapUsed + external;
    return [
      TITLES[target],
      each(after.collected.rss - before.collected.rss),
      each(after.found.rss - before.found.rss),
      each(after.collected.heapTotal - before.collected.heapTotal),
      each(inUse(after.collected) - inUse(before.collected)),
      mb(before.collected.rss),
      mb(after.collected.rss),
    ];
  });
  const head = ['', 'KB each', 'uncollected', 'heap', 'in use', 'before MB', 'after MB'];
  return `${title}\n${table([head, ...rows])}`;
}

/** The first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
