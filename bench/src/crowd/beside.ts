/** What direct conversations feel of a group of 250 in which everybody reads and types: their latency alone and beside it, in turn. */
import { setTimeout as wait } from 'node:timers/promises';
import { Load, type LoadResult } from '../load.js';
import type { CpuProfile } from '../probe-client.js';
import { startTarget } from '../targets/start.js';
import type { TargetName } from '../targets/target.js';
import { Crowd, type CrowdCounts } from './crowd.js';

/** People who write to each other directly, in pairs. */
const DIRECT_PEOPLE = 40;
/** What the crowd does: a message a second, which all of them read; and all of them type. */
const CROWD = { messagesPerSecond: 1, typingEveryMs: 5_000 } as const;
/** The crowd is at it for so long before it is measured beside, and so long ago when it is measured without. */
const SETTLE_MS = 1_000;

export interface BesideOptions {
  readonly gateways: number;
  /** Of the group. */
  readonly people: number;
  /** Direct messages a second. */
  readonly perSecond: number;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly profiled?: ((target: TargetName, gateway: number, profile: CpuProfile) => void) | undefined;
  readonly postgres?: { readonly pid: number } | undefined;
  readonly progress: (line: string) => void;
}

export interface BesideResult {
  readonly rounds: readonly { readonly alone: LoadResult; readonly beside: LoadResult }[];
  readonly crowd: CrowdCounts;
}

export async function runBeside(options: BesideOptions): Promise<BesideResult> {
  const { progress, perSecond, measureMs: ms } = options;
  const directs = Array.from({ length: DIRECT_PEOPLE }, (_, n) => `direct-${n}`);
  const crowded = Array.from({ length: options.people }, (_, n) => `crowd-${n}`);
  const title = `beside, ${options.gateways} gateway${options.gateways > 1 ? 's' : ''}`;
  progress(`${title}: the bridge starts, ${directs.length} and ${crowded.length} people connect`);
  await using started = new AsyncDisposableStack();
  const shape = { gateways: options.gateways, people: [...directs, ...crowded], shape: 'beside' } as const;
  const target = started.use(await startTarget('bridge', { ...shape, directs: directs.length }, options.postgres));
  const load = started.adopt(await Load.connect(target, directs, 2), (each) => each.close());
  const crowd = started.use(
    await Crowd.gather({
      gateways: target.gateways.map(({ url }) => url),
      people: crowded,
      tokens: target.tokens.slice(directs.length),
      ...CROWD,
    }),
  );
  progress(`${title}: warms up`);
  await load.warmUp(options.warmUpMs);
  await crowd.busy();
  await load.offer({ perSecond, ms: options.warmUpMs });
  let counts = await crowd.quiet();
  const rounds: { alone: LoadResult; beside: LoadResult }[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    progress(
      `${title}: round ${round} of ${options.rounds}, ${perSecond} direct messages/s, alone and beside the group`,
    );
    await wait(SETTLE_MS);
    const alone = await load.offer({ perSecond, ms });
    await crowd.busy();
    await wait(SETTLE_MS);
    const profiled = round === options.rounds ? options.profiled : undefined;
    if (profiled) for (const { probe } of target.gateways) await probe.startProfile();
    const beside = await load.offer({ perSecond, ms });
    if (profiled)
      for (const [n, { probe }] of target.gateways.entries()) profiled('bridge', n + 1, await probe.stopProfile());
    counts = await crowd.quiet();
    rounds.push({ alone, beside });
  }
  return { rounds, crowd: counts };
}
