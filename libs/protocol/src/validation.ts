import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import { type DataClass, nestedClass } from './constraints.js';
import { LIMITS } from './limits.js';

/** One thing wrong with the data of a command: where (`a.b`; empty: the data itself), and what. */
export interface Issue {
  path: string;
  problem: string;
}

/** Of a path, for the same reason as LIMITS.maxIssues. */
const MAX_NAME_LENGTH = 64;

/** Every property of a class of data, with the class of those that are objects themselves. */
type Shape = ReadonlyMap<string, DataClass | undefined>;

const shapes = new Map<DataClass, Shape>();
const OPTIONS = { forbidUnknownValues: true, stopAtFirstError: true } as const;

/** Says what is wrong with `data`, or gives it as an instance of `type`. Unknown properties are wrong. */
export function checkData<T extends object>(type: DataClass<T>, data: unknown): T | Issue[] {
  const issues: Issue[] = [];
  const value = build(type, data, '', issues);
  if (value === undefined) return issues;
  if (shapeOf(type).size > 0) for (const error of validateSync(value, OPTIONS)) collect(error, '', issues);
  if (issues.length > 0) return issues;
  const problem = (value as { problem?(): Issue | undefined }).problem?.();
  return problem ? [problem] : value;
}

/** The whitelist: only known names are copied, so that `__proto__` and the like reach nothing. */
function build<T extends object>(type: DataClass<T>, data: unknown, path: string, issues: Issue[]): T | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    issues.push({ path, problem: 'must be an object' });
    return undefined;
  }
  const properties = shapeOf(type);
  const value = new type() as Record<string, unknown>;
  for (const name of Object.keys(data)) {
    if (issues.length >= LIMITS.maxIssues) break;
    const given = (data as Record<string, unknown>)[name];
    const nested = properties.get(name);
    if (nested && typeof given === 'object' && given !== null) value[name] = build(nested, given, name, issues);
    else if (properties.has(name)) value[name] = given;
    else issues.push({ path: path ? `${path}.${shortened(name)}` : shortened(name), problem: 'is not known here' });
  }
  return value as T;
}

function shortened(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}…`;
}

function shapeOf(type: DataClass): Shape {
  let shape = shapes.get(type);
  if (!shape) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    shape = new Map(rules.map(({ propertyName }) => [propertyName, nestedClass(type, propertyName)]));
    shapes.set(type, shape);
  }
  return shape;
}

function collect(error: ValidationError, parent: string, issues: Issue[]): void {
  const path = parent ? `${parent}.${error.property}` : error.property;
  for (const problem of Object.values(error.constraints ?? {})) {
    // An object that could not be built was reported when that was tried.
    if (!issues.some((issue) => issue.path === path)) issues.push({ path, problem });
  }
  for (const child of error.children ?? []) collect(child, path, issues);
}
