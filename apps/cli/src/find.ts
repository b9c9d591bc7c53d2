import { Failure } from './failure.ts';
import { listed } from './text/times.ts';

export interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * The one that `reference` names: by its id, its name, or the beginning of either, whatever the case. Where nobody is
 * asked (`--yes`), the beginning is not enough: what is unique today may name another tomorrow.
 */
export function find<T extends Named>(all: readonly T[], reference: string, kind: string, whole = false): T {
  const wanted = reference.toLowerCase();
  const exact = all.filter(({ id }) => id === reference);
  const named = exact.length > 0 ? exact : all.filter(({ name }) => name.toLowerCase() === wanted);
  const begins = (text: string) => wanted !== '' && text.toLowerCase().startsWith(wanted);
  const found = named.length > 0 ? named : all.filter(({ id, name }) => begins(id) || begins(name));
  const [first] = found;
  if (!first) throw new Failure(`There is no ${kind} "${reference}"; ${known(all, kind)}`);
  if (found.length > 1) {
    throw new Failure(`"${reference}" is more than one ${kind}: ${names(found)}. Write more of it, or the id.`);
  }
  if (whole && named.length === 0) {
    throw new Failure(
      `With --yes write the whole id or name of the ${kind}: "${reference}" is the beginning of ${names(found)}.`,
    );
  }
  return first;
}

/** The beginnings of ids that are enough to tell each from the others, and at least 8 letters. */
export function shortIds(all: readonly Pick<Named, 'id'>[]): Map<string, string> {
  const ids = all.map(({ id }) => id);
  for (let length = SHORT_ID; ; length += 4) {
    const short = ids.map((id) => id.slice(0, length));
    if (new Set(short).size === new Set(ids).size) return new Map(ids.map((id, index) => [id, short[index]!]));
  }
}

const SHORT_ID = 8;
const MOST_NAMED = 10;

function known(all: readonly Named[], kind: string): string {
  if (all.length === 0) return `there is no ${kind} at all.`;
  return `there ${all.length === 1 ? 'is' : 'are'} ${some(all.map(({ name }) => name))}.`;
}

function names(all: readonly Named[]): string {
  return some(all.map(({ id, name }) => (name === id ? id : `${name} (${id})`)));
}

function some(words: readonly string[]): string {
  const more = words.length - MOST_NAMED;
  return more > 0 ? `${words.slice(0, MOST_NAMED).join(', ')} and ${more} more` : listed(words);
}
