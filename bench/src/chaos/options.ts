import { given, seedOf, whole } from '../command-line.js';

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
  const options = given(args, ['seed', 'messages', 'people', 'gateways', 'kills', 'rate']);
  if (options.help) return undefined;
  const number = (name: keyof typeof DEFAULTS, from: number, to: number) =>
    whole(name, options[name], { from, to, otherwise: DEFAULTS[name] });
  return {
    seed: seedOf(options.seed),
    messages: number('messages', 1, 100_000_000),
    people: number('people', 4, MAX_PEOPLE),
    gateways: number('gateways', 2, MAX_GATEWAYS),
    kills: number('kills', 0, 10_000),
    rate: number('rate', 1, 1_000_000),
  };
}
