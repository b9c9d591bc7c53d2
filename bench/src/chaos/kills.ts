import { setTimeout as wait } from 'node:timers/promises';
import type { Device } from './device.js';
import type { Random } from './random.js';
import type { Talk } from './talk.js';
import type { Victim, World } from './world.js';

/** How long what was killed is away: from what a supervisor needs to longer than a lease. */
const AWAY_MS = { from: 200, to: 4_000 } as const;
const LOOK_EVERY_MS = 5;
/** Each probe is a message to everybody: they are not to be the load. */
const PROBE_EVERY_MS = 200;
/** Nothing recovers as late as that, on however slow a machine. */
const RECOVER_WITHIN_MS = 120_000;

export interface Kill {
  readonly victim: Victim;
  readonly name: string;
  /** Until it was ready again, ms. */
  readonly awayMs: number;
  /** Until every client was live, and a message that was sent then had reached every one of them, ms. */
  readonly recoveredMs: number;
  /** What the slowest of such messages took until it had reached everybody; one after the other is sent until it is back. */
  readonly slowestMs: number;
}

export interface KillOptions {
  readonly world: World;
  readonly talk: Talk;
  readonly devices: readonly Device[];
  /** A conversation of everybody. */
  readonly everybody: string;
  readonly random: Random;
  readonly probes: Probes;
  readonly signal: AbortSignal;
}

/** Who has got which probe. */
export class Probes {
  private readonly seen = new Map<string, Set<Device>>();

  /** A text that `got` then looks for. */
  make(): string {
    const text = `probe ${this.seen.size + 1}`;
    this.seen.set(text, new Set());
    return text;
  }

  got(device: Device, text: string | undefined): void {
    if (text !== undefined) this.seen.get(text)?.add(device);
  }

  missing(text: string, devices: readonly Device[]): readonly Device[] {
    const seen = this.seen.get(text);
    return devices.filter((device) => !seen?.has(device));
  }
}

/** Kills it, brings it back, and resolves when both it and everybody who was hit are as before. */
export async function killAndRecover(victim: Victim, options: KillOptions): Promise<Kill> {
  const { world, random } = options;
  const awayForMs = random.between(AWAY_MS.from, AWAY_MS.to);
  const killedAt = performance.now();
  const sinceMs = () => performance.now() - killedAt;
  const { name, restart } = await world.kill(victim);
  let isBack = false;
  const back = async () => {
    await wait(awayForMs);
    await restart();
    isBack = true;
    return sinceMs();
  };
  const heard = async () => {
    let slowestMs = await everybodyHears(options);
    const recoveredMs = sinceMs();
    // The first may have been lucky: what others take while it is away, and one more when it is back.
    for (let last = false; !last; ) {
      await wait(PROBE_EVERY_MS);
      last = isBack;
      slowestMs = Math.max(slowestMs, await everybodyHears(options));
    }
    return { recoveredMs, slowestMs };
  };
  const [awayMs, { recoveredMs, slowestMs }] = await Promise.all([back(), heard()]);
  return { victim, name, awayMs, recoveredMs, slowestMs };
}

/** Until every client is live and has got a message that was sent when they were. Resolves to what that one took, ms. */
export async function everybodyHears(options: Omit<KillOptions, 'world'>): Promise<number> {
  const { talk, devices, everybody, random, probes, signal } = options;
  const until = performance.now() + RECOVER_WITHIN_MS;
  const wanting = async (missing: () => readonly Device[], what: string) => {
    while (missing().length > 0) {
      signal.throwIfAborted();
      if (performance.now() > until) {
        const names = missing().map(({ name }) => name);
        throw new Error(`${what} after ${RECOVER_WITHIN_MS / 1_000} s: ${names.slice(0, 10).join(', ')}`);
      }
      await wait(LOOK_EVERY_MS);
    }
  };
  await wanting(() => devices.filter(({ live }) => !live), 'Not everybody is live again');
  const sentAt = performance.now();
  const probe = probes.make();
  const sending = talk.say(random.of(devices), everybody, probe);
  await Promise.all([sending, wanting(() => probes.missing(probe, devices), 'Not everybody got the probe')]);
  return performance.now() - sentAt;
}
