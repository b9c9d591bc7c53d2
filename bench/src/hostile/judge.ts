import { COMMANDS, errorsOf, LIMITS } from '@drawbridge/protocol';
import type { ProtocolFrames } from '@drawbridge/testing';

/** What the protocol says must come of one frame. */
export type Verdict =
  /** One reply with this id and one of these codes (`ok` among them); then, where it says so, the close. */
  | {
      readonly kind: 'reply';
      readonly id: string;
      readonly event: string;
      readonly codes: ReadonlySet<string>;
      readonly close?: number;
    }
  /** One `bad_frame` without an id. */
  | { readonly kind: 'bad' }
  /** No reply, and this close. */
  | { readonly kind: 'close'; readonly code: number }
  | { readonly kind: 'pong'; readonly payload: Buffer }
  | { readonly kind: 'nothing' };

/** A connection with an open session that has every scope, or one without a session. */
export type State = 'open' | 'waiting';

/** What may come of a command whose data is as it should be, without a fault of anybody. */
const NOT_HERE: ReadonlySet<string> = new Set([
  ...['not_open', 'internal', 'consent_ended', 'consent_unverifiable', 'scope_missing', 'unauthenticated'],
]);

/** Where it has other causes than an `id` that is in flight. */
const CONFLICTING: ReadonlySet<string> = new Set([
  ...['message.send', 'message.edit', 'reaction.add', 'reaction.remove', 'conversation.create', 'recommendation.send'],
]);

/** Says what must come of a text message, from its text alone and from the document of the protocol. */
export class Judge {
  constructor(private readonly frames: ProtocolFrames) {}

  text(state: State, given: string): Verdict {
    // As it arrives: UTF-8 has no lone surrogates.
    const text = given.toWellFormed();
    if (Buffer.byteLength(text) > LIMITS.maxFrameBytes) return { kind: 'close', code: 1009 };
    const frame = asCommand(text);
    if (!frame) return { kind: 'bad' };
    const { event, id } = frame;
    const isValid = this.frames.problemOfCommand(frame) === undefined;
    if (state === 'waiting') {
      if (event !== 'session.open') return reply(id, event, ['not_open']);
      return { ...reply(id, event, tokenCodes(isValid, frame.data)), close: 4401 };
    }
    if (!Object.hasOwn(COMMANDS, event)) return reply(id, event, ['unknown_event']);
    if (event === 'session.open') return reply(id, event, ['already_open']);
    if (event === 'session.refresh') return reply(id, event, tokenCodes(isValid, frame.data));
    if (!isValid) return reply(id, event, ['invalid_data']);
    const codes = errorsOf(COMMANDS[event]!).filter((code) => !NOT_HERE.has(code));
    return reply(id, event, ['ok', ...codes.filter((code) => code !== 'conflict' || CONFLICTING.has(event))]);
  }
}

function reply(id: string, event: string, codes: readonly string[]) {
  return { kind: 'reply', id, event, codes: new Set(codes) } as const;
}

/** No token of the attack's is any good; one that was left out is told of as the one or the other. */
function tokenCodes(isValid: boolean, data: unknown): string[] {
  if (isValid) return ['unauthenticated'];
  const hasToken = typeof data === 'object' && data !== null && Object.hasOwn(data, 'token');
  return hasToken ? ['invalid_data'] : ['invalid_data', 'unauthenticated'];
}

interface Command {
  readonly event: string;
  readonly id: string;
  readonly data?: unknown;
}

/** Written anew from the protocol's words, not from the bridge's parser. */
function asCommand(text: string): Command | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { event, id } = value as Record<string, unknown>;
  if (typeof event !== 'string' || typeof id !== 'string') return undefined;
  const characters = [...id].length;
  if (characters < 1 || characters > LIMITS.maxFrameIdLength || depth(value) > LIMITS.maxFrameDepth) return undefined;
  // Other keys of the frame are ignored.
  return Object.hasOwn(value, 'data') ? { event, id, data: (value as { data: unknown }).data } : { event, id };
}

function depth(top: unknown): number {
  let deepest = 0;
  for (let level: unknown[] = [top]; level.length > 0; ) {
    level = level.filter((value) => typeof value === 'object' && value !== null);
    if (level.length > 0) deepest += 1;
    level = level.flatMap((value) => Object.values(value as object));
  }
  return deepest;
}
