import { given, seedOf, whole } from '../command-line.js';

export interface ImportOptions {
  readonly messages: number;
  readonly people: number;
  readonly kills: number;
  readonly seed: number;
  /** Messages a second that the bridge takes (PLATFORM_WRITES_PER_S); undefined: as it comes. */
  readonly rate: number | undefined;
  /** Where the file of a former run is taken from, or left for the next. */
  readonly file: string | undefined;
}

const MESSAGES = 1_000_000;
const PEOPLE = 2_000;
const KILLS = 2;

export const IMPORT_HELP = `npm run bench:import [-- options]: \`drawbridge import\` of a platform's history, killed and started again on the way

  --messages N   in the file         (${MESSAGES})
  --people N     who write them      (${PEOPLE})
  --kills N      of the importer     (${KILLS})
  --rate N       a second at most    (as the bridge comes)
  --seed N       which messages      (a new one, which is told)
  --file PATH    keep the file there (in a folder that is removed)
  --help

It starts a PostgreSQL and a bridge of its own. Exit code 0 when each message is there once, in its order, by SQL and by the API.`;

/** Undefined where help is asked for. OptionsError, with what is wrong, where it cannot be done. */
export function readImportOptions(args: readonly string[]): ImportOptions | undefined {
  const options = given(args, ['messages', 'people', 'kills', 'rate', 'seed', 'file']);
  if (options.help) return undefined;
  return {
    messages: whole('messages', options.messages, { from: 1, to: 100_000_000, otherwise: MESSAGES }),
    people: whole('people', options.people, { from: 10, to: 1_000_000, otherwise: PEOPLE }),
    kills: whole('kills', options.kills, { from: 0, to: 100, otherwise: KILLS }),
    rate:
      options.rate === undefined ? undefined : whole('rate', options.rate, { from: 1, to: 1_000_000, otherwise: 1 }),
    seed: seedOf(options.seed),
    file: options.file,
  };
}
