/** Pairs and the group: the same load against every target in turn, and what it cost the gateways. */
import { setTimeout as wait } from 'node:timers/promises';
import { Load, type LoadResult } from './load.js';
import type { CpuProfile } from './probe-client.js';
import { treeCpuUs } from './process-cpu.js';
import { startTarget } from './targets/start.js';
import { type Target, type TargetName, TITLES } from './targets/target.js';

/** So much of the load comes before each measurement, which is of what it costs, and not of how it begins. */
const LEAD_IN_MS = 300;
/** Between two targets: what the one before still has to do is not measured with the next. */
const REST_MS = 100;
/** So long everything is left alone before the warm-up, to see what the gateways do by themselves. */
const IDLE_MS = 3_000;

export interface TrafficOptions {
  readonly scenario: 'pairs' | 'group';
  readonly gateways: number;
  readonly targets: readonly TargetName[];
  readonly people: number;
  readonly perSecond: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly profiled?: ((target: TargetName, gateway: number, profile: CpuProfile) => void) | undefined;
  readonly postgres?: { readonly pid: number } | undefined;
  readonly progress: (line: string) => void;
}

export interface Round extends LoadResult {
  /** CPU while all of it was offered and arrived, µs: of all gateways, and of what they stand on. */
  readonly gatewayUs: number;
  readonly redisUs: number | undefined;
  readonly postgresUs: number | undefined;
}

export interface TrafficResult {
  readonly target: TargetName;
  /** CPU of all gateways in a second in which nobody writes, µs. */
  readonly idleUs: number;
  readonly rounds: readonly Round[];
}

/** Everything is up and connected for the whole time, and the targets take turns, so that all meet the same machine. */
export async function runTraffic(options: TrafficOptions): Promise<TrafficResult[]> {
  const { scenario, progress } = options;
  const title = `${scenario}, ${options.gateways} gateway${options.gateways > 1 ? 's' : ''}`;
  const people = Array.from({ length: options.people }, (_, n) => `person-${n}`);
  const size = scenario === 'pairs' ? 2 : people.length;
  await using started = new AsyncDisposableStack();
  const running: { target: Target; load: Load; rounds: Round[] }[] = [];
  for (const name of options.targets) {
    progress(`${title}: ${TITLES[name]} starts, ${people.length} people connect`);
    const shape = { gateways: options.gateways, people, shape: scenario };
    const target = started.use(await startTarget(name, shape, options.postgres));
    const load = started.adopt(await Load.connect(target, people, size), (each) => each.close());
    running.push({ target, load, rounds: [] });
  }
  progress(`${title}: everybody is silent`);
  const idle = await Promise.all(running.map(({ target }) => idleCpuUs(target)));
  for (const { target, load } of running) {
    progress(`${title}: ${TITLES[target.name]} warms up`);
    await load.warmUp(options.warmUpMs);
  }
  for (let round = 1; round <= options.rounds; round++) {
    progress(`${title}: round ${round} of ${options.rounds}, ${options.perSecond} messages/s`);
    const profiled = round === options.rounds ? options.profiled : undefined;
    for (const { target, load, rounds } of running) {
      await wait(REST_MS);
      await load.offer({ perSecond: options.perSecond, ms: LEAD_IN_MS });
      rounds.push(await measure(target, load, { ...options, profiled }));
    }
  }
  return running.map(({ target, rounds }, n) => ({ target: target.name, idleUs: idle[n]!, rounds }));
}

async function gatewayCpuUs({ gateways }: Target): Promise<number> {
  return (await Promise.all(gateways.map(({ probe }) => probe.cpuUs()))).reduce((sum, us) => sum + us, 0);
}

async function idleCpuUs(target: Target): Promise<number> {
  const before = await gatewayCpuUs(target);
  await wait(IDLE_MS);
  return ((await gatewayCpuUs(target)) - before) / (IDLE_MS / 1_000);
}

async function measure(target: Target, load: Load, options: TrafficOptions): Promise<Round> {
  const { gateways, redisPid, postgresPid } = target;
  const { profiled } = options;
  if (profiled) for (const { probe } of gateways) await probe.startProfile();
  const cpu = async () => ({
    gateway: await gatewayCpuUs(target),
    redis: redisPid === undefined ? undefined : treeCpuUs(redisPid),
    postgres: postgresPid === undefined ? undefined : treeCpuUs(postgresPid),
  });
  const before = await cpu();
  const result = await load.offer({ perSecond: options.perSecond, ms: options.measureMs });
  const after = await cpu();
  if (profiled) {
    for (const [n, { probe }] of gateways.entries()) profiled(target.name, n + 1, await probe.stopProfile());
  }
  const spent = (which: 'redis' | 'postgres') => {
    const [from, to] = [before[which], after[which]];
    return from === undefined || to === undefined ? undefined : to - from;
  };
  return {
    ...result,
    gatewayUs: after.gateway - before.gateway,
    redisUs: spent('redis'),
    postgresUs: spent('postgres'),
  };
}
