import { ValidateBy, ValidateIf, ValidateNested } from 'class-validator';

/**
 * The few shapes that properties of commands have. One constraint a property, since each costs time on every command.
 * No string may hold NUL (PostgreSQL refuses it) or a lone surrogate (it would not survive UTF-8).
 */
export function constraint(name: string, problem: string, accepts: (value: unknown) => boolean): PropertyDecorator {
  return ValidateBy({ name, validator: { validate: accepts, defaultMessage: () => problem } });
}

/** Without `null`: what is left out is left out. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** A string of 1 to `max` Unicode code points. */
export function Text(max: number): PropertyDecorator {
  const problem = `must be a text of 1 to ${max} code points, without NUL and lone surrogates`;
  return constraint('text', problem, (value) => isText(value, max));
}

/** An id of the bridge or of a person, a cursor, an epoch: opaque, so one that means nothing is `not_found`, not invalid. */
export function Opaque(max = 64): PropertyDecorator {
  return constraint('opaque', `must be a string of 1 to ${max} characters`, (value) => isText(value, max));
}

/** One UUID for each thing to send, made by the client. */
export function ClientId(): PropertyDecorator {
  return constraint('clientId', 'must be a UUID', (value) => typeof value === 'string' && UUID.test(value));
}

/** One emoji, as Unicode lists them for general interchange (UTS 51). */
export function Emoji(): PropertyDecorator {
  return constraint('emoji', 'must be one emoji', (value) => typeof value === 'string' && isEmoji(value));
}

export function WholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return constraint('wholeNumber', `must be a whole number ${range}`, (value) => {
    return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  });
}

/** 1 to `max` ids of persons. */
export function PersonIds(max: number): PropertyDecorator {
  return constraint('personIds', `must be a list of 1 to ${max} ids of persons`, (value) => {
    return Array.isArray(value) && value.length >= 1 && value.length <= max && value.every((id) => isText(id, 64));
  });
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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function isText(value: unknown, max: number): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > 2 * max) return false;
  if (value.includes('\0') || !value.isWellFormed()) return false;
  // A text has at most as many code points as UTF-16 units, so they are counted only where that decides.
  return value.length <= max || codePoints(value) <= max;
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
