import { table } from '../report.js';
import type { ChaosResult } from './run.js';
import { VICTIMS } from './world.js';

const PROBLEMS_TOLD = 20;

/** The whole of what came of a run, as text; its last line is the summary. */
export function chaosReport(result: ChaosResult): string {
  const { options, kills, problems } = result;
  const rows = [...VICTIMS, 'all'].flatMap((victim) => {
    const of = kills.filter((kill) => victim === 'all' || kill.victim === victim);
    if (of.length === 0) return [];
    const away = sorted(of.map(({ awayMs }) => awayMs));
    const recovered = sorted(of.map(({ recoveredMs }) => recoveredMs));
    const slowest = sorted(of.map(({ slowestMs }) => slowestMs));
    const cells = [
      at(away, 0.5),
      at(recovered, 0.5),
      at(recovered, 0.99),
      at(recovered, 1),
      at(slowest, 0.5),
      at(slowest, 1),
    ];
    return [[victim, `${of.length}`, ...cells]];
  });
  const head = [
    'killed',
    'times',
    'away, median s',
    'recovered, median s',
    'p99 s',
    'max s',
    'slowest probe, median s',
    'max s',
  ];
  const { gateways, people, seed } = options;
  const lines = [
    `${result.acknowledged} messages of ${people} people with ${result.devices} clients in ${result.conversations} conversations, on ${gateways} gateways, seed ${seed}, in ${result.seconds.toFixed(0)} s`,
    `${result.connections} connections, ${result.repeated} commands repeated, ${result.resets} mailboxes loaded anew, ${result.delivered} messages delivered`,
    '',
    table([head, ...rows]),
    '',
    ...problems.slice(0, PROBLEMS_TOLD).map((problem) => `✗ ${problem}`),
    ...(problems.length > PROBLEMS_TOLD ? [`✗ and ${problems.length - PROBLEMS_TOLD} more`] : []),
    problems.length === 0
      ? `PASSED: ${result.acknowledged} acknowledged, ${kills.length} kills, nothing lost, nothing doubled, one order everywhere`
      : `FAILED: ${problems.length} problems with ${result.acknowledged} acknowledged and ${kills.length} kills; --seed ${seed} has the same talk and the same pauses`,
  ];
  return lines.join('\n');
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

function at(ms: readonly number[], share: number): string {
  const value =
    share === 0.5
      ? (ms[(ms.length - 1) >> 1]! + ms[ms.length >> 1]!) / 2
      : ms[Math.min(ms.length - 1, Math.floor(ms.length * share))]!;
  return (value / 1_000).toFixed(1);
}
