import { parseArgs } from 'node:util';
import { OptionsError } from '../options.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly messages: number;
  readonly people: number;
  readonly gateways: number;
  /** In turn: a gateway, Redis, PostgreSQL. */
  readonly kills: number;
  /** Messages a second that are offered, over all people. */
  readonly rate: number;
}

const DEFAULTS = { messages: 100_000, people: 100, gateways: 3, kills: 30, rate: 400 } as const;
/** The largest group, in which all of them are. */
const MAX_PEOPLE = 250;
const MAX_GATEWAYS = 9;

export const CHAOS_HELP = `npm run chaos [-- options]: people write to each other while gateways, Redis and PostgreSQL are killed in turn

  --messages N   how many are sent            (${DEFAULTS.messages})
  --people N     who send them, 4 to ${MAX_PEOPLE}       (${DEFAULTS.people})
  --gateways N   processes of the bridge, 2 to ${MAX_GATEWAYS} (${DEFAULTS.gateways})
  --kills N      over the run: gateway, Redis, PostgreSQL, and so on  (${DEFAULTS.kills})
  --rate R       messages a second            (${DEFAULTS.rate})
  --seed N       who writes to whom, and how long what was killed is away  (a new one, which is told)
  --help

Exit code 0 when nothing that was acknowledged is missing, doubled or in another order anywhere. It needs Linux and
redis-server; PostgreSQL comes with it. What came of it: docs/benchmark.md`;

/** Undefined where help is asked for. OptionsError, with what is wrong, where it cannot be done. */
export function readChaosOptions(args: readonly string[]): ChaosOptions | undefined {
  const given = parse(args);
  if (given.help) return undefined;
  const whole = (name: keyof ChaosOptions, from: number, to: number, otherwise: number) => {
    const text = given[name];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new OptionsError(`--${name}: '${text}' is no whole number from ${from} to ${to}`);
  };
  return {
    seed: whole('seed', 0, 4_294_967_295, Date.now() % 1_000_000),
    messages: whole('messages', 1, 100_000_000, DEFAULTS.messages),
    people: whole('people', 4, MAX_PEOPLE, DEFAULTS.people),
    gateways: whole('gateways', 2, MAX_GATEWAYS, DEFAULTS.gateways),
    kills: whole('kills', 0, 10_000, DEFAULTS.kills),
    rate: whole('rate', 1, 1_000_000, DEFAULTS.rate),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: text,
        messages: text,
        people: text,
        gateways: text,
        kills: text,
        rate: text,
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new OptionsError((error as Error).message);
  }
}
