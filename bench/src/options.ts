import { given as givenIn, OptionsError } from './command-line.js';
import { TARGETS, type TargetName } from './targets/target.js';

export const SCENARIOS = ['pairs', 'group', 'beside', 'memory'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  readonly scenarios: readonly Scenario[];
  readonly gateways: readonly (1 | 2)[];
  readonly targets: readonly TargetName[];
  readonly people: Readonly<Record<Scenario, number>>;
  /** Messages a second. */
  readonly rate: Readonly<Record<Exclude<Scenario, 'memory'>, number>>;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** A file for the results. */
  readonly json: string | undefined;
  /** A folder for the CPU profiles of the gateways. */
  readonly profile: string | undefined;
}

const NAMES = [
  'scenario',
  'gateways',
  'targets',
  'people',
  'rate',
  'rounds',
  'seconds',
  'warm-up',
  'json',
  'profile',
] as const;

const PEOPLE = { pairs: 200, group: 250, beside: 250, memory: 5_000 } as const;
const RATE = { pairs: 400, group: 10, beside: 100 } as const;
const MAX_GROUP = 250;

export const HELP = `npm run bench -- [options]: the bridge on PostgreSQL and Redis beside other servers, under the same load

  --scenario LIST   of pairs, group, beside, memory  (all)
                    beside: what direct conversations feel of a busy group; the bridge alone
  --gateways LIST   of 1, 2: processes of each server; of a pair each is on another, memory takes one  (1,2)
  --targets LIST    of relay, nest, socketio, bridge, and plain: a relay without Redis, for one gateway
                                                   (relay,nest,socketio,bridge)
  --people N        who is connected               (pairs ${PEOPLE.pairs}, group and beside ${PEOPLE.group}, memory ${PEOPLE.memory})
  --rate R          messages a second, over all    (pairs ${RATE.pairs}, group ${RATE.group}, beside ${RATE.beside} direct ones)
  --rounds K        measurements of each, in turn  (4; memory is measured once)
  --seconds S       length of a measurement        (2)
  --warm-up S       before the first of them, as much as each server takes  (3)
  --json FILE       writes every result there
  --profile FOLDER  writes a CPU profile of each gateway's last round there, and lists what took the time;
                    its figures are higher for it
  --help

What is measured, and what came of it: docs/benchmark.md`;

/** Undefined where help is asked for. OptionsError, with what is wrong, otherwise where it cannot be done. */
export function readOptions(args: readonly string[]): Options | undefined {
  const given = givenIn(args, NAMES);
  if (given.help) return undefined;
  const scenarios = list('scenario', given.scenario, SCENARIOS) ?? SCENARIOS;
  const gateways = (list('gateways', given.gateways, ['1', '2']) ?? ['1', '2']).map((n) => Number(n) as 1 | 2);
  const targets = list('targets', given.targets, TARGETS) ?? TARGETS.filter((name) => name !== 'plain');
  const people = number('people', given.people);
  const rate = number('rate', given.rate);
  if (people !== undefined && (!Number.isInteger(people) || people < 2)) {
    throw new OptionsError('--people: 2 or more');
  }
  if (people && scenarios.includes('pairs') && people % 2)
    throw new OptionsError('--people: an even number, for pairs');
  if (people && people > MAX_GROUP && scenarios.some((each) => each === 'group' || each === 'beside')) {
    throw new OptionsError(`--people: a group has ${MAX_GROUP} people at most; choose another --scenario`);
  }
  const rounds = number('rounds', given.rounds) ?? 4;
  if (!Number.isInteger(rounds)) throw new OptionsError('--rounds: a whole number');
  return {
    scenarios,
    gateways,
    targets,
    people: mapValues(PEOPLE, people),
    rate: mapValues(RATE, rate),
    rounds,
    warmUpMs: (number('warm-up', given['warm-up']) ?? 3) * 1_000,
    measureMs: (number('seconds', given.seconds) ?? 2) * 1_000,
    json: given.json,
    profile: given.profile,
  };
}

/** One value for all of them, where it is given. */
function mapValues<K extends string>(defaults: Readonly<Record<K, number>>, given: number | undefined) {
  return given === undefined
    ? defaults
    : (Object.fromEntries(Object.keys(defaults).map((name) => [name, given])) as Record<K, number>);
}

function list<T extends string>(
  name: string,
  given: string | undefined,
  known: readonly T[],
): readonly T[] | undefined {
  if (given === undefined) return undefined;
  const names = given.split(',').map((each) => each.trim());
  const unknown = names.find((each) => !known.some((one) => one === each));
  if (unknown !== undefined) throw new OptionsError(`--${name}: '${unknown}' is none of ${known.join(', ')}`);
  return known.filter((each) => names.includes(each));
}

function number(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new OptionsError(`--${name}: '${given}' is no number above 0`);
  }
  return value;
}
