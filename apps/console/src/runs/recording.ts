import { DEPTH_MAX, isDeeper } from '../parts/text.js';
import type { Side } from '../wire/entry.js';

/**
 * What two people did, and what came of it, so that it can be done again: by other people, on another server. It is plain
 * JSON, without tokens, proofs, times and ids: what a server makes is called by a name (`{"$": "message1"}`), which stands
 * for what was found in its place, and is the same wherever the name is.
 */
export interface Recording {
  readonly format: typeof RECORDING_FORMAT;
  readonly version: 1;
  readonly name: string;
  readonly people: Readonly<Record<Side, RecordedPerson>>;
  /** Conversations that were there before, by the names that the steps have for them. */
  readonly conversations: readonly KnownConversation[];
  readonly steps: readonly Step[];
}

export const RECORDING_FORMAT = 'drawbridge-recording';

export const RECORDING_LIMITS = {
  /** What came after is not recorded (I9). */
  steps: 2_000,
  /** Of the file, which somebody loads. */
  bytes: 4_194_304,
  /** Of those that were there before: each is looked for, and made where it is not there. */
  conversations: 200,
} as const;

export interface RecordedPerson {
  readonly id: string;
  readonly name: string;
}

export interface KnownConversation {
  readonly symbol: string;
  readonly kind: 'direct' | 'group';
  readonly title?: string;
  /** Where it is not there yet, it is made with them. */
  readonly members: readonly Template[];
}

/** JSON in which `{ $: name }` stands for a value. In what is expected, `{ $any: 'string' }` is any text, and `{ $has: […] }` a list that has each of these once. */
export type Template = null | boolean | number | string | readonly Template[] | { readonly [key: string]: Template };

interface Stepped {
  readonly side: Side;
  /** Left out: by the tester, or because it could not be brought about again. */
  readonly isOff?: boolean;
}

export interface OpenStep extends Stepped {
  readonly kind: 'open';
  /** Goes on where this person's connection before it was. */
  readonly resume: boolean;
  /** With a token that the bridge refuses. */
  readonly isTokenBroken?: boolean;
  /** Connects and opens no session. */
  readonly isUnopened?: boolean;
}
export interface SendStep extends Stepped {
  readonly kind: 'send';
  /** For the reply to it. */
  readonly number: number;
  readonly command: string;
  readonly data: Template;
}
/** What is no frame. */
export interface RawStep extends Stepped {
  readonly kind: 'raw';
  readonly text: string;
}
export interface CloseStep extends Stepped {
  readonly kind: 'close';
  readonly code: number;
  readonly reason: string;
}
export interface DropStep extends Stepped {
  readonly kind: 'drop';
  readonly why: 'dropped' | 'offline' | 'away';
}
export interface ReplyStep extends Stepped {
  readonly kind: 'reply';
  /** The number of what it answers. */
  readonly to: number;
  readonly command: string;
  readonly event: 'ok' | 'error';
  readonly data: Template;
}
export interface EventStep extends Stepped {
  readonly kind: 'event';
  readonly event: string;
  /** With a `seq`: in order, once, and nothing in between. */
  readonly isDurable: boolean;
  readonly data: Template;
}
export interface ClosedStep extends Stepped {
  readonly kind: 'closed';
  readonly code: number;
  readonly reason: string;
}
export type Step = OpenStep | SendStep | RawStep | CloseStep | DropStep | ReplyStep | EventStep | ClosedStep;

const EXPECTATIONS: ReadonlySet<Step['kind']> = new Set(['reply', 'event', 'closed']);

export const isExpectation = ({ kind }: Step): boolean => EXPECTATIONS.has(kind);

/** The name that this stands for, if it stands for one. */
export function symbolIn(value: Template | undefined): string | undefined {
  const symbol = isObject(value) ? value.$ : undefined;
  return typeof symbol === 'string' ? symbol : undefined;
}

export function isObject(value: unknown): value is { readonly [key: string]: Template } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every name in a template. */
export function symbolsIn(value: Template | undefined): readonly string[] {
  const symbol = symbolIn(value);
  if (symbol !== undefined) return [symbol];
  if (Array.isArray(value)) return value.flatMap(symbolsIn);
  return isObject(value) ? Object.values(value).flatMap(symbolsIn) : [];
}

/** As a recording names things: written into the test that is made of it, none is a word of the language. */
const NAME = /^(?:left|right|[A-Za-z]+\d+)$/;

/** Of a file that somebody loads. Throws what is wrong with it. */
export function parseRecording(text: string): Recording {
  if (text.length > RECORDING_LIMITS.bytes) throw new Error('It is larger than a recording can be.');
  let value: Partial<Recording> | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('It is not JSON.');
  }
  if (value?.format !== RECORDING_FORMAT) throw new Error('It is not a recording of this console.');
  if (value.version !== 1) throw new Error(`It is of version ${value.version}, and this console knows version 1.`);
  const isWhole =
    typeof value.name === 'string' &&
    [value.people?.left, value.people?.right].every(
      (person) => typeof person?.id === 'string' && typeof person.name === 'string',
    ) &&
    Array.isArray(value.conversations) &&
    value.conversations.every(isKnown) &&
    Array.isArray(value.steps) &&
    value.steps.every(isStep);
  if (!isWhole) throw new Error('Parts of it are missing, or are not what they should be.');
  const { steps, conversations } = value as Recording;
  if (steps.length > RECORDING_LIMITS.steps || conversations.length > RECORDING_LIMITS.conversations)
    throw new Error(
      `It has more than ${RECORDING_LIMITS.steps} steps, or than ${RECORDING_LIMITS.conversations} conversations.`,
    );
  if (isDeeper(value, DEPTH_MAX)) throw new Error('It is nested more deeply than a recording can be.');
  const names = [...conversations.map(({ symbol }) => symbol), ...symbolsIn([conversations, steps] as never)];
  const noName = names.find((name) => !NAME.test(name));
  if (noName !== undefined) throw new Error(`“${noName.slice(0, 60)}” cannot be the name of something in it.`);
  return value as Recording;
}

function isKnown(known: Partial<KnownConversation> | null): boolean {
  const { symbol, title, members } = known ?? {};
  return typeof symbol === 'string' && (title === undefined || typeof title === 'string') && Array.isArray(members);
}

const FIELDS: Readonly<Record<Step['kind'], Readonly<Record<string, string>>>> = {
  open: { resume: 'boolean' },
  send: { number: 'number', command: 'string' },
  raw: { text: 'string' },
  close: { code: 'number', reason: 'string' },
  drop: { why: 'string' },
  reply: { to: 'number', command: 'string', event: 'string' },
  event: { event: 'string', isDurable: 'boolean' },
  closed: { code: 'number', reason: 'string' },
};

function isStep(step: unknown): boolean {
  if (!isObject(step) || (step.side !== 'left' && step.side !== 'right') || typeof step.kind !== 'string') return false;
  const fields = Object.hasOwn(FIELDS, step.kind) ? FIELDS[step.kind as Step['kind']] : undefined;
  return fields !== undefined && Object.entries(fields).every(([name, type]) => typeof step[name] === type);
}
