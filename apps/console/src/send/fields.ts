import type { Command, Example, Schema } from './document.js';
import { patternWords } from './validation.js';

/** Which of the ids that the console knows can be offered for a field. */
export type Offer = 'conversations' | 'people' | 'messages';

/** One field of a form, made from a schema. */
export interface Field {
  readonly name: string;
  readonly kind: 'text' | 'long' | 'number' | 'boolean' | 'list' | 'object';
  readonly required: boolean;
  /** What it is, in the protocol's words. */
  readonly hint: string;
  /** What it may be, such as `1 to 4000 characters`. */
  readonly limits: string;
  readonly offer?: Offer;
  /** Of an object. */
  readonly fields: readonly Field[];
}

/** Shapes of which the data has one (`oneOf`): what each asks for, and what it does not go with. */
export interface Choice {
  readonly name: string;
  readonly required: readonly string[];
  readonly without: readonly string[];
}

/** A text that may have more than so many characters gets several lines. */
const LONG = 250;

const OFFERS: Readonly<Record<string, Offer>> = {
  conversation: 'conversations',
  message: 'messages',
  replyTo: 'messages',
  to: 'people',
  members: 'people',
  add: 'people',
  remove: 'people',
};

export function fieldsOf({ properties = {}, required = [] }: Schema): readonly Field[] {
  const fields = Object.entries(properties).flatMap(([name, schema]) =>
    typeof schema === 'boolean' ? [] : [fieldOf(name, schema, required.includes(name))],
  );
  // What has to be filled in first; apart from that the order of the document.
  return fields.sort((a, b) => Number(b.required) - Number(a.required));
}

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const offer = OFFERS[name];
  const hint = schema.description ?? '';
  return {
    name,
    kind: kindOf(name, schema),
    required,
    hint,
    limits: limitsOf(schema, hint),
    ...(offer === undefined ? {} : { offer }),
    fields: schema.type === 'object' ? fieldsOf(schema) : [],
  };
}

function kindOf(name: string, { type, maxLength = 0 }: Schema): Field['kind'] {
  if (type === 'object') return 'object';
  if (type === 'array') return 'list';
  if (type === 'boolean') return 'boolean';
  if (type === 'integer' || type === 'number') return 'number';
  return maxLength > LONG && maxLength <= 4_000 && (name === 'text' || name === 'note') ? 'long' : 'text';
}

/** What the hint says already needs no saying. */
function limitsOf(schema: Schema, hint: string): string {
  const { type, minLength, maxLength, minimum, maximum, minItems, maxItems, pattern, format } = schema;
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const words = [
    type === 'string' && range(minLength, maxLength, 'characters'),
    (type === 'integer' || type === 'number') && range(minimum, isBounded ? maximum : undefined, ''),
    type === 'array' && range(minItems, maxItems, 'entries'),
    format === 'emoji' && 'one emoji',
    // That it is text at all needs no saying.
    pattern !== undefined && !pattern.includes('\\ud800') && patternWords(pattern).replace(/^must be |\.$/g, ''),
  ];
  return words.filter((each) => each && !hint.toLowerCase().includes(each.toLowerCase())).join(', ');
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined && most === undefined) return '';
  const numbers =
    most === undefined ? `${least} or more` : least === undefined ? `at most ${most}` : `${least} to ${most}`;
  return unit ? `${numbers} ${unit}` : numbers;
}

export function choicesOf({ oneOf = [] }: Schema): readonly Choice[] {
  return oneOf.map(({ required = [], properties = {} }) => ({
    name: required.join(' and '),
    required,
    without: Object.keys(properties).filter((name) => properties[name] === false),
  }));
}

/** Of which one at least is needed (`anyOf`). */
export function someOf({ anyOf = [] }: Schema): readonly string[] {
  return anyOf.flatMap(({ required = [] }) => required);
}

export function choiceOf(choices: readonly Choice[], data: Readonly<Record<string, unknown>>): Choice | undefined {
  return choices.find(({ required }) => required.every((name) => name in data)) ?? choices[0];
}

/** As the form calls what is at this JSON Pointer: `/data/title/url` is `title, url`, and `/data/to/0` is `to 1`. */
export function fieldAt(path: string): string {
  const [, ...steps] = path.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const names = steps[0] === 'data' ? steps.slice(1) : steps;
  const joined = (said: string, name: string) =>
    said === '' ? name : /^\d+$/.test(name) ? `${said} ${Number(name) + 1}` : `${said}, ${name}`;
  return names.reduce(joined, '');
}

/** What is filled in before anybody has: what the console knows, under the names that the protocol has for it. */
const FILLED: Readonly<Record<string, unknown>> = {
  conversation: '{{conversation}}',
  message: '{{message}}',
  replyTo: '{{message}}',
  to: '{{other}}',
  upTo: '{{position}}',
  seq: '{{seq}}',
  token: '{{token}}',
  proof: '{{proof}}',
};

/** An example's data, with ids of this bridge in the place of the document's. */
export function filledFrom({ data }: Example, newUuid: () => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      if (name === 'clientId') return [name, newUuid()];
      if (Array.isArray(value) && OFFERS[name] === 'people') return [name, ['{{other}}']];
      return [name, typeof value === 'string' || typeof value === 'number' ? (FILLED[name] ?? value) : value];
    }),
  );
}

/** A command's data to begin with: its first example, without what is not needed. */
export function startOf({ schema, examples }: Command, newUuid: () => string): Record<string, unknown> {
  const { required = [] } = schema;
  const choice = choicesOf(schema)[0];
  const some = someOf(schema)[0];
  const wanted = new Set([...required, ...(choice?.required ?? []), ...(some === undefined ? [] : [some]), 'proof']);
  const filled = examples[0] ? filledFrom(examples[0], newUuid) : {};
  return Object.fromEntries(Object.entries(filled).filter(([name]) => wanted.has(name)));
}
