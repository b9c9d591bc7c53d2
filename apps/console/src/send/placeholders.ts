import type { WireFrame } from '../wire/entry.js';
import { showsToken } from './secrets.js';

/** What a frame's placeholders are filled with when it is sent. What there is none of is undefined. */
export interface Surroundings {
  newId(): string;
  readonly conversation: string | undefined;
  readonly me: string | undefined;
  readonly other: string | undefined;
  readonly message: string | undefined;
  readonly position: number | undefined;
  readonly seq: number | undefined;
  readonly nonce: string | undefined;
  token(): Promise<{ accessToken: string; prove(connection: { nonce: string }): Promise<string> } | null>;
}

type Value = string | number | undefined;

interface Placeholder {
  readonly help: string;
  /** What to do where there is no value. */
  readonly missing: string;
  /** A value that a schema takes for one, for checking before it is sent. */
  readonly sample: string | number;
  value(around: Surroundings): Value | Promise<Value>;
}

const OPEN_ONE = 'open a conversation of this person first';

/** By their names, between double braces: `{{uuid}}`. */
export const PLACEHOLDERS: Readonly<Record<string, Placeholder>> = {
  id: { help: 'the next frame id: t-1, t-2 …', missing: '', sample: 't-0', value: (around) => around.newId() },
  uuid: {
    help: 'a new UUID each time',
    missing: '',
    sample: '00000000-0000-4000-8000-000000000000',
    value: () => crypto.randomUUID(),
  },
  conversation: {
    help: 'the conversation that is open',
    missing: OPEN_ONE,
    sample: 'c',
    value: (around) => around.conversation,
  },
  message: { help: 'the last message in it', missing: OPEN_ONE, sample: 'm', value: (around) => around.message },
  position: { help: 'the position of that message', missing: OPEN_ONE, sample: 1, value: (around) => around.position },
  me: {
    help: 'the person who sends',
    missing: 'sign somebody in on this side',
    sample: 'p',
    value: (around) => around.me,
  },
  other: {
    help: 'the person on the other side',
    missing: 'sign somebody in on the other side, or open a conversation',
    sample: 'p',
    value: (around) => around.other,
  },
  seq: {
    help: 'the last seq that this connection got',
    missing: 'wait for an event with a seq',
    sample: 1,
    value: (around) => around.seq,
  },
  token: {
    help: 'an access token of this person',
    missing: 'sign somebody in on this side',
    sample: 'token',
    value: async (around) => (await around.token())?.accessToken,
  },
  proof: {
    help: 'a new proof (DPoP) of that token, over the last nonce',
    missing: 'there is no nonce: connect first, and wait for hello',
    sample: 'proof',
    async value(around) {
      const token = await around.token();
      return token && around.nonce !== undefined ? token.prove({ nonce: around.nonce }) : undefined;
    },
  },
  nonce: {
    help: 'the last nonce of this connection',
    missing: 'connect first, and wait for hello',
    sample: 'nonce',
    value: (around) => around.nonce,
  },
};

/** `{{constructor}}` is none. */
const placeholder = (name: string) => (Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name] : undefined);

/** Quotes that hold nothing else are part of it: a number takes their place. */
const PATTERN = /"\{\{([a-z]+)\}\}"|\{\{([a-z]+)\}\}/g;

const inJson = (value: string | number, isWhole: boolean): string =>
  typeof value === 'number' ? String(value) : isWhole ? JSON.stringify(value) : JSON.stringify(value).slice(1, -1);

/** As it would be sent, with samples: to be checked, not sent. */
export function withSamples(text: string): string {
  return text.replaceAll(PATTERN, (written, whole?: string, part?: string) => {
    const known = placeholder(whole ?? part ?? '');
    return known ? inJson(known.sample, whole !== undefined) : written;
  });
}

/** Nobody but the bridge is shown them, whoever wrote the request that is sent. */
const SECRET: ReadonlySet<string> = new Set(['token', 'proof']);
const NOT_HERE =
  'it is filled in session.open and session.refresh alone; other people could read it in any other frame';

/** As it is sent. What has no value stays as it is written, and `missing` says why. */
export async function expand(
  text: string,
  around: Surroundings,
): Promise<{ readonly text: string; readonly missing: readonly string[] }> {
  const missing: string[] = [];
  const isForBridge = showsToken(frameOf(text));
  let expanded = '';
  let end = 0;
  for (const { 0: written, 1: whole, 2: part, index } of text.matchAll(PATTERN)) {
    const name = whole ?? part ?? '';
    const known = placeholder(name);
    const isKept = SECRET.has(name) && !isForBridge;
    const value = isKept ? undefined : await known?.value(around);
    if (known && value === undefined) missing.push(`{{${name}}}: ${isKept ? NOT_HERE : known.missing}.`);
    expanded += text.slice(end, index) + (value === undefined ? written : inJson(value, whole !== undefined));
    end = index + written.length;
  }
  return { text: expanded + text.slice(end), missing };
}

/** Names between double braces that mean nothing: they are sent as they are written. */
export function unknownPlaceholders(text: string): readonly string[] {
  const names = [...text.matchAll(PATTERN)].map(([, whole, part]) => whole ?? part ?? '');
  return [...new Set(names)].filter((name) => !placeholder(name));
}

function frameOf(text: string): Partial<WireFrame> | null {
  try {
    return JSON.parse(withSamples(text));
  } catch {
    return null;
  }
}
