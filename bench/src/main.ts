/** `npm run bench`: the bridge beside the servers that one would take instead, under the same load. See options.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '@drawbridge/testing';
import { OptionsError } from './command-line.js';
import { type BesideResult, runBeside } from './crowd/beside.js';
import { checkOpenFiles, type MemoryResult, runMemory } from './memory.js';
import { HELP, type Options, readOptions } from './options.js';
import { type CpuProfile } from './probe-client.js';
import { selfTimeList, selfTimes } from './profile.js';
import { besideTable, memoryTable, trafficTable } from './report.js';
import type { TargetName } from './targets/target.js';
import { runTraffic, type TrafficResult } from './traffic.js';

function options(): Options {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read) return read;
    console.log(HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\`npm run bench -- --help\` says what there is.`);
    process.exit(1);
  }
}

const began = performance.now();
const progress = (line: string) =>
  console.log(`[${((performance.now() - began) / 1_000).toFixed(0).padStart(3)} s] ${line}`);

interface Run {
  readonly scenario: string;
  readonly gateways: number;
  readonly results: readonly TrafficResult[] | readonly MemoryResult[] | readonly BesideResult[];
}

async function run(chosen: Options): Promise<void> {
  const runs: Run[] = [];
  const tables: string[] = [];
  for (const scenario of chosen.scenarios) {
    if (scenario === 'memory') {
      const results = await runMemory({ ...chosen, people: chosen.people.memory, progress });
      runs.push({ scenario, gateways: 1, results });
      tables.push(memoryTable(`memory, 1 gateway, ${chosen.people.memory} signed-in connections`, results));
      continue;
    }
    for (const gateways of chosen.gateways) {
      const targets = chosen.targets.filter((name) => name !== 'plain' || gateways === 1);
      const [people, perSecond] = [chosen.people[scenario], chosen.rate[scenario]];
      const profiled =
        chosen.profile === undefined ? undefined : keepProfile(chosen.profile, scenario, gateways, tables);
      const { rounds, warmUpMs, measureMs } = chosen;
      if (scenario === 'beside') {
        const shape = { gateways, people, perSecond, rounds, warmUpMs, measureMs, profiled, postgres, progress };
        const result = await runBeside(shape);
        runs.push({ scenario, gateways, results: [result] });
        const title = `beside, ${gateways} gateway${gateways > 1 ? 's' : ''}, ${perSecond} direct messages/s, a group of ${people}`;
        tables.push(besideTable(title, result));
        continue;
      }
      const shape = { scenario, gateways, targets, people, perSecond, rounds, warmUpMs, measureMs };
      const results = await runTraffic({ ...shape, profiled, postgres, progress });
      runs.push({ scenario, gateways, results });
      const title = `${scenario}, ${gateways} gateway${gateways > 1 ? 's' : ''}, ${people} people, ${perSecond} messages/s`;
      tables.push(trafficTable(title, results));
    }
  }
  console.log(`\n${tables.join('\n\n')}\n`);
  console.log(
    'CPU is of all gateways, for each message delivered to a person other than its sender; medians of the rounds.',
  );
  if (chosen.json) writeFileSync(chosen.json, `${JSON.stringify({ options: chosen, runs }, null, 2)}\n`);
}

function keepProfile(folder: string, scenario: string, gateways: number, lists: string[]) {
  mkdirSync(folder, { recursive: true });
  return (target: TargetName, gateway: number, profile: CpuProfile) => {
    const name = `${scenario}-${gateways}-${target}-${gateway}`;
    writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
    lists.push(selfTimeList(name, selfTimes(profile)));
  };
}

const chosen = options();
try {
  if (chosen.scenarios.includes('memory')) checkOpenFiles(chosen.people.memory);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
// The servers of the tests' library find their database by it.
const postgres = await startPostgres();
process.env.DRAWBRIDGE_TEST_POSTGRES = postgres.url;
try {
  await run(chosen);
} finally {
  await postgres.stop();
}
