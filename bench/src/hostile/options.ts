import { given, seedOf, whole } from '../command-line.js';

export interface HostileOptions {
  readonly seed: number;
  readonly frames: number;
}

const FRAMES = 200_000;

export const HOSTILE_HELP = `npm run hostile [-- options]: malformed and hostile frames against one process of the bridge

  --frames N   how many    (${FRAMES})
  --seed N     which ones  (a new one, which is told)
  --help

Exit code 0 when each was answered or closed as the protocol says, and the bridge was none the worse for it. Of a frame that
was not, it prints the seed and the frame.`;

/** Undefined where help is asked for. OptionsError, with what is wrong, where it cannot be done. */
export function readHostileOptions(args: readonly string[]): HostileOptions | undefined {
  const options = given(args, ['seed', 'frames']);
  if (options.help) return undefined;
  return {
    seed: seedOf(options.seed),
    frames: whole('frames', options.frames, { from: 1, to: 100_000_000, otherwise: FRAMES }),
  };
}
