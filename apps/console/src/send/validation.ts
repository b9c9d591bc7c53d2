import { type OutputUnit, Validator } from '@cfworker/json-schema';
import type { Problem, WireFrame } from '../wire/entry.js';
import type { FrameCheck } from '../wire/frame-log.js';
import type { ProtocolDocument, Schema } from './document.js';

/** Something that the schema does not allow, and where: a JSON Pointer (RFC 6901) into the frame, empty for the whole. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** More than these say nothing new. */
const MAX_ISSUES = 16;
/** AsyncAPI 3.0 has JSON Schema draft 7. */
const DRAFT = '7';

/** Judges frames by `/asyncapi.json`. A schema is made ready when a frame of its kind is first seen, and once. */
export class Schemas {
  readonly #validators = new Map<string, Validator | undefined>();

  constructor(private readonly document: ProtocolDocument) {}

  /** Of what a client sends. */
  ofCommand(frame: WireFrame): readonly Issue[] {
    if (!this.document.command(frame.event)) return [{ path: '/event', message: `${frame.event} is no command.` }];
    return this.#issues(frame.event, frame);
  }

  /** Of what a command was answered with. Where the command is not known, only that it is an answer. */
  ofReply(frame: WireFrame, command: string | undefined): readonly Issue[] {
    if (frame.event === 'error') return this.#issues(`error.${codeOf(frame)}`, frame);
    return command === undefined || !this.document.command(command) ? [] : this.#issues(`${command}.ok`, frame);
  }

  /** Of what the bridge sent without being asked. */
  ofEvent(frame: WireFrame): readonly Issue[] {
    if (this.document.isEvent(frame.event)) return this.#issues(frame.event, frame);
    return [{ path: '/event', message: `${frame.event} is no event that the bridge is known to send.` }];
  }

  /** For the timeline: what is sent by its command, what is received by what it answers or by its event. */
  readonly check: FrameCheck = (frame, sent, command) => {
    const isReply = frame.event === 'ok' || frame.event === 'error';
    const issues = sent ? this.ofCommand(frame) : isReply ? this.ofReply(frame, command) : this.ofEvent(frame);
    return issues.map(
      ({ path, message }): Problem => ({ code: 'schema', message: `${path || 'The frame'}: ${message}` }),
    );
  };

  #issues(name: string, frame: WireFrame): readonly Issue[] {
    const validator = this.#validator(name);
    if (!validator) return [{ path: '', message: `${name} is not in /asyncapi.json.` }];
    const { valid, errors } = validator.validate(frame);
    return valid ? [] : issuesOf(errors, this.document.payload(name)!, frame).slice(0, MAX_ISSUES);
  }

  #validator(name: string): Validator | undefined {
    if (!this.#validators.has(name)) {
      const payload = this.document.payload(name);
      // The unnamed are not kept: their number has no bound.
      if (!payload) return undefined;
      this.#validators.set(name, new Validator(structuredClone(payload) as object, DRAFT, false));
    }
    return this.#validators.get(name);
  }
}

const codeOf = ({ data }: WireFrame) => String((data as { code?: unknown } | undefined)?.code);

/** Say only that something below them is wrong. */
const WRAPPERS = new Set(['properties', 'items', 'false', 'allOf', 'if', 'then', 'else']);
const BRANCH = /\/(oneOf|anyOf)\/(\d+)(?=\/|$)/;

function issuesOf(errors: readonly OutputUnit[], schema: Schema, frame: unknown): Issue[] {
  const direct = errors.filter(({ keywordLocation }) => !BRANCH.test(keywordLocation));
  const found = direct
    .filter(({ keyword }) => !WRAPPERS.has(keyword))
    .flatMap((error) =>
      error.keyword === 'oneOf' || error.keyword === 'anyOf'
        ? choiceIssues(error, errors, schema, frame)
        : [{ path: pathOf(error), message: wordsOf(error, at(schema, error.keywordLocation)) }],
    );
  return [...new Map(found.map((issue) => [`${issue.path} ${issue.message}`, issue])).values()];
}

/** Of several shapes none fits, or more than one: the choice in words, or else what the nearest shape misses. */
function choiceIssues(error: OutputUnit, errors: readonly OutputUnit[], schema: Schema, frame: unknown): Issue[] {
  const shapes = at(schema, error.keywordLocation) as readonly Schema[];
  const names = shapes.map(({ required = [], type }) => (type === undefined ? required.join(' and ') : ''));
  const path = pathOf(error);
  if (names.every((name) => name !== '')) {
    if (error.keyword === 'anyOf') return [{ path, message: `at least one of ${names.join(', ')} is needed.` }];
    const given = Object.keys((at(frame, path) ?? {}) as object);
    const chosen = shapes.findIndex(({ required = [] }) => required.every((name) => given.includes(name)));
    const shape = shapes[chosen];
    const excess = given.filter((name) => shape?.properties?.[name] === false);
    if (excess.length > 0)
      return excess.map((name) => ({ path: `${path}/${name}`, message: `not together with ${names[chosen]}.` }));
    return [{ path, message: `one of ${names.join(' or ')} is needed.` }];
  }
  const below = shapes.map((_, index) => {
    const start = `${error.keywordLocation}/${index}`;
    const inside = errors.filter(({ keywordLocation: place }) => place === start || place.startsWith(`${start}/`));
    const rest = inside.map((each) => ({ ...each, keywordLocation: `#${each.keywordLocation.slice(start.length)}` }));
    return issuesOf(rest, shapes[index]!, frame);
  });
  const nearest = below.sort((a, b) => a.length - b.length)[0];
  return nearest?.length ? nearest : [{ path, message: 'it has none of the shapes that it may have.' }];
}

/** Where in the frame: for what is missing or too much, the property itself. */
function pathOf({ keyword, instanceLocation, error }: OutputUnit): string {
  const path = instanceLocation.replace(/^#/, '');
  const property =
    keyword === 'required' || keyword === 'additionalProperties' ? /"(.*?)"/.exec(error)?.[1] : undefined;
  return property === undefined ? path : `${path}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

const TYPES: Record<string, string> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function wordsOf({ keyword, error }: OutputUnit, limit: unknown): string {
  switch (keyword) {
    case 'required':
      return 'is missing.';
    case 'additionalProperties':
      return 'is not known here.';
    case 'type':
      return `must be ${TYPES[String(limit)] ?? String(limit)}.`;
    case 'const':
      return `must be ${JSON.stringify(limit)}.`;
    case 'enum':
      return `must be one of ${JSON.stringify(limit)}.`;
    case 'minLength':
      return limit === 1 ? 'must not be empty.' : `must have ${limit} characters at least.`;
    case 'maxLength':
      return `must have ${limit} characters at most.`;
    case 'minimum':
      return `must be ${limit} at least.`;
    case 'maximum':
      return `must be ${limit} at most.`;
    case 'minItems':
      return limit === 1 ? 'must not be empty.' : `must have ${limit} entries at least.`;
    case 'maxItems':
      return `must have ${limit} entries at most.`;
    case 'format':
      return `must be a ${limit}.`;
    case 'pattern':
      return patternWords(String(limit));
    case 'not':
      return 'has a property that it must not have.';
    default:
      return error;
  }
}

/** The protocol's own patterns in words; any other as it is. */
export function patternWords(pattern: string): string {
  if (pattern.includes('\\ud800')) return 'must have no NUL and no lone surrogates.';
  if (pattern.startsWith('^[0-9a-fA-F]{8}-')) return 'must be a UUID.';
  if (pattern.startsWith('^https://')) return 'must be an https address.';
  return `must match ${pattern}`;
}

function at(root: unknown, pointer: string): unknown {
  let found = root;
  for (const step of pointer.replace(/^#?\/?/, '').split('/')) {
    if (step === '') continue;
    found = (found as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return found;
}
