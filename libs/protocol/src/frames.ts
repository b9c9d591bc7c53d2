import { ERROR_CODES, type ErrorCode } from './codes.js';
import { LIMITS } from './limits.js';
import type { Scope } from './scopes.js';
import type { Issue } from './validation.js';

/** A command on its way in: client → bridge. `data` is unchecked; where it was left out it is `{}`. */
export interface CommandFrame {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** What an error says beside its code. */
export interface ErrorDetails {
  readonly issues?: readonly Issue[];
  readonly scope?: Scope;
  readonly retryAfterMs?: number;
}

/**
 * The one parser of what clients send. Undefined for a bad frame: not JSON, not an object, no event, nested deeper
 * than 16 levels (the frame itself is the first), or without a usable id.
 */
export function parseCommandFrame(text: string): CommandFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return undefined;
  const { event, id, data } = frame as Record<string, unknown>;
  if (typeof event !== 'string' || !isFrameId(id) || !fitsInto(LIMITS.maxFrameDepth, frame)) return undefined;
  return { event, id, data: data === undefined ? NO_DATA : data };
}

const NO_DATA = Object.freeze({});

function isFrameId(id: unknown): id is string {
  if (typeof id !== 'string' || id.length === 0) return false;
  return id.length <= LIMITS.maxFrameIdLength || Array.from(id.slice(0, 130)).length <= LIMITS.maxFrameIdLength;
}

function fitsInto(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((item) => fitsInto(levels - 1, item));
  for (const name in value) if (!fitsInto(levels - 1, (value as Record<string, unknown>)[name])) return false;
  return true;
}

/** A reply, bridge → client, as the text of its frame. */
export function okFrame(id: string, data: unknown): string {
  return `{"event":"ok","id":${JSON.stringify(id)},"data":${JSON.stringify(data)}}`;
}

/** Without `id` for a frame that had none to answer to. */
export function errorFrame(publicUrl: string, id: string | undefined, code: ErrorCode, details?: ErrorDetails): string {
  const { means: message, retryable } = ERROR_CODES[code];
  return JSON.stringify({
    event: 'error',
    id,
    data: { code, message, retryable, docs: `${publicUrl}/errors/${code}`, ...details },
  });
}

/** A passing event: no `seq`. */
export function passingFrame(event: string, data: object): string {
  return JSON.stringify({ event, data });
}

/** What stands before the data of a durable event, which is serialised once for everybody. */
export function durableHead(event: string, seq: number, prev: number): string {
  return `{"event":"${event}","seq":${seq},"prev":${prev},"data":`;
}
