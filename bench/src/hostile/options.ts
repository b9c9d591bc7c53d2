import { parseArgs } from 'node:util';
import { OptionsError } from '../options.js';

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
  const given = parse(args);
  if (given.help) return undefined;
  const whole = (name: keyof HostileOptions, from: number, to: number, otherwise: number) => {
    const text = given[name];
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
    throw new OptionsError(`--${name}: '${text}' is no whole number from ${from} to ${to}`);
  };
  return {
    seed: whole('seed', 0, 4_294_967_295, Date.now() % 1_000_000),
    frames: whole('frames', 1, 100_000_000, FRAMES),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({ args: [...args], options: { seed: text, frames: text, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new OptionsError((error as Error).message);
  }
}
