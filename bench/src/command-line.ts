import { parseArgs } from 'node:util';

/** What is wrong with a command line, in one line for whoever wrote it. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** `--name value` for each of the names, and `--help`. OptionsError for anything else. */
export function given<const N extends string>(args: readonly string[], names: readonly N[]) {
  const texts = Object.fromEntries(names.map((name) => [name, { type: 'string' }])) as Record<N, { type: 'string' }>;
  try {
    const { values } = parseArgs({ args: [...args], options: { ...texts, help: { type: 'boolean' as const } } });
    return values as Partial<Record<N, string>> & { help?: boolean };
  } catch (error) {
    throw new OptionsError((error as Error).message);
  }
}

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly otherwise: number;
}

/** OptionsError for what is no whole number of the range. */
export function whole(name: string, text: string | undefined, { from, to, otherwise }: Range): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new OptionsError(`--${name}: '${text}' is no whole number from ${from} to ${to}`);
}

/** Which of what may happen does: a new one where none is given, which is told. */
export function seedOf(text: string | undefined): number {
  return whole('seed', text, { from: 0, to: 4_294_967_295, otherwise: Date.now() % 1_000_000 });
}
