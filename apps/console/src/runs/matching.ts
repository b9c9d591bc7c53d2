import { isObject, symbolIn, type Template } from './recording.js';

/** What the names of a recording stand for in one run of it. */
export type Bindings = Map<string, unknown>;

/**
 * Where a value is not as expected, in words; empty where it is. What is not named in an object is not looked at. Names that
 * stand for nothing yet stand for what is found in their place, but only where everything is as expected.
 */
export function differences(expected: Template, found: unknown, bindings: Bindings): readonly string[] {
  const learned = new Map(bindings);
  const problems = compare(expected, found, learned, '');
  if (problems.length === 0) for (const [symbol, value] of learned) bindings.set(symbol, value);
  return problems;
}

function compare(expected: Template, found: unknown, bindings: Bindings, path: string): readonly string[] {
  const at = path === '' ? 'the data' : path;
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) return [`${at} is ${shown(found)}, not a list`];
    if (found.length !== expected.length) return [`${at} has ${found.length}, not ${expected.length}`];
    return expected.flatMap((each: Template, index) => compare(each, found[index], bindings, `${path}[${index}]`));
  }
  if (!isObject(expected)) return expected === found ? [] : [`${at} is ${shown(found)}, not ${shown(expected)}`];
  const symbol = symbolIn(expected);
  if (symbol !== undefined) {
    if (found === undefined) return [`${at} is missing`];
    if (!bindings.has(symbol)) bindings.set(symbol, found);
    const bound = bindings.get(symbol);
    return bound === found ? [] : [`${at} is ${shown(found)}, not ${symbol}, which is ${shown(bound)}`];
  }
  if (expected.$any !== undefined) return typeof found === expected.$any ? [] : [`${at} is ${shown(found)}`];
  if (Array.isArray(expected.$has)) return expected.$has.flatMap((each) => once(each, found, bindings, at));
  if (!isObject(found)) return [`${at} is ${shown(found)}`];
  return Object.entries(expected).flatMap(([key, each]) =>
    compare(each, found[key], bindings, path === '' ? key : `${path}.${key}`),
  );
}

function once(expected: Template, found: unknown, bindings: Bindings, at: string): readonly string[] {
  if (!Array.isArray(found)) return [`${at} is ${shown(found)}, not a list`];
  const count = found.filter((each) => compare(expected, each, new Map(bindings), at).length === 0).length;
  return count === 1 ? [] : [`${at} has ${shown(expected)} ${count} times, not once`];
}

/** A template as it is sent. `fresh` makes what a name stands for that stands for nothing yet. */
export function filled(template: Template, bindings: Bindings, fresh: (symbol: string) => unknown): unknown {
  const symbol = symbolIn(template);
  if (symbol !== undefined) {
    if (!bindings.has(symbol)) bindings.set(symbol, fresh(symbol));
    return bindings.get(symbol);
  }
  if (Array.isArray(template)) return template.map((each: Template) => filled(each, bindings, fresh));
  if (!isObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([key, each]) => [key, filled(each, bindings, fresh)]));
}

const MAX_SHOWN = 120;

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
