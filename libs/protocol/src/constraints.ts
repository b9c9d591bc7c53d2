import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import type { JsonSchema } from './json-schema.js';
import { LIMITS } from './limits.js';

/**
 * The few shapes that properties of commands have. One constraint a property, since each costs time on every command.
 * No string may hold NUL (PostgreSQL refuses it) or a lone surrogate (it would not survive UTF-8).
 */
export function constraint(
  name: string,
  problem: string,
  accepts: (value: unknown) => boolean,
  /** The same for readers of `/asyncapi.json`; commands need it. */
  schema?: JsonSchema,
): PropertyDecorator {
  return ValidateBy({ name, constraints: [schema], validator: { validate: accepts, defaultMessage: () => problem } });
}

/** Without `null`: what is left out is left out. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Asked for, but whoever leaves it out is told so with another error than `invalid_data`. */
export function Needed(): PropertyDecorator {
  return ValidateIf(isGiven);
}

export function isGiven(_: object, value: unknown): boolean {
  return value !== undefined;
}

/** A string of 1 to `max` Unicode code points. */
export function Text(max: number): PropertyDecorator {
  const problem = `must be a text of 1 to ${max} code points, without NUL and lone surrogates`;
  return constraint('text', problem, (value) => isText(value, max), textSchema(max));
}

/** An id of the bridge or of a person, a cursor, an epoch: opaque, so one that means nothing is `not_found`, not invalid. */
export function Opaque(max = 64): PropertyDecorator {
  const problem = `must be a string of 1 to ${max} characters`;
  return constraint('opaque', problem, (value) => isText(value, max), textSchema(max));
}

/** One UUID for each thing to send, made by the client. */
export function ClientId(): PropertyDecorator {
  const schema = { type: 'string', pattern: UUID_PATTERN };
  return constraint('clientId', 'must be a UUID', (value) => typeof value === 'string' && UUID.test(value), schema);
}

/** One emoji, as Unicode lists them for general interchange (UTS 51). */
export function Emoji(): PropertyDecorator {
  // No pattern of JSON Schema can name this set of sequences.
  const schema = { type: 'string', format: 'emoji', minLength: 1, maxLength: 10 };
  return constraint('emoji', 'must be one emoji', (value) => typeof value === 'string' && isEmoji(value), schema);
}

export function WholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const accepts = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  const schema = { type: 'integer', minimum: min, maximum: max };
  return constraint('wholeNumber', `must be a whole number ${range}`, accepts, schema);
}

/** An address that starts with https, without a user's name in it (RFC 3986, so ASCII alone). */
export function HttpsUrl(): PropertyDecorator {
  const problem = `must be an https address of at most ${LIMITS.maxUrlLength} characters`;
  const schema = { type: 'string', format: 'uri', maxLength: LIMITS.maxUrlLength, pattern: HTTPS_URL_PATTERN };
  return constraint('httpsUrl', problem, (value) => typeof value === 'string' && isHttpsUrl(value), schema);
}

/** 1 to `max` ids of persons. */
export function PersonIds(max: number): PropertyDecorator {
  const accepts = (value: unknown) =>
    Array.isArray(value) && value.length >= 1 && value.length <= max && value.every((id) => isText(id, 64));
  const schema = { type: 'array', minItems: 1, maxItems: max, items: textSchema(64) };
  return constraint('personIds', `must be a list of 1 to ${max} ids of persons`, accepts, schema);
}

export type DataClass<T extends object = object> = new () => T;

const nestedClasses = new Map<object, Map<string, DataClass>>();

/** An object of another class of commands' data. */
export function Nested(type: DataClass): PropertyDecorator {
  const isObject = constraint('nested', 'must be an object', (value) => value instanceof type);
  return (prototype, name) => {
    const ofClass = nestedClasses.get(prototype) ?? new Map<string, DataClass>();
    nestedClasses.set(prototype, ofClass.set(String(name), type));
    isObject(prototype, name);
    ValidateNested()(prototype, name);
  };
}

export function nestedClass(type: DataClass, property: string): DataClass | undefined {
  return nestedClasses.get(type.prototype)?.get(property);
}

const HEX = '[0-9a-fA-F]';
const UUID_PATTERN = `^${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}$`;
const UUID = new RegExp(UUID_PATTERN);

/** Lengths in JSON Schema are in code points, and its patterns are of Unicode: a surrogate in one is a lone one. */
function textSchema(max: number): JsonSchema {
  return { type: 'string', minLength: 1, maxLength: max, pattern: '^[^\\u0000\\ud800-\\udfff]*$' };
}

function isText(value: unknown, max: number): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > 2 * max) return false;
  if (value.includes('\0') || !value.isWellFormed()) return false;
  // A text has at most as many code points as UTF-16 units, so they are counted only where that decides.
  return value.length <= max || codePoints(value) <= max;
}

/** What RFC 3986 lets stand in an address; without `@` before the path, so that no user name passes for a host. */
const HTTPS_URL_PATTERN = '^https://[!$-.0-;=A-\\[\\]_a-z~]+([/?#][!#-;=?-\\[\\]_a-z~]*)?$';
const HTTPS_URL = new RegExp(HTTPS_URL_PATTERN);

export function isHttpsUrl(url: string): boolean {
  return url.length <= LIMITS.maxUrlLength && HTTPS_URL.test(url) && URL.canParse(url);
}

const EMOJI = /^\p{RGI_Emoji}$/v;

export function isEmoji(text: string): boolean {
  return EMOJI.test(text);
}

/** How many Unicode code points a text has. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
