import { ERROR_CODES, type ErrorCode } from '../codes.js';
import type { JsonSchema } from '../json-schema.js';
import { LIMITS } from '../limits.js';
import { durationMs, list, object, said, seq, view } from './views.js';

/** The frames around commands' and events' data, as JSON Schema. */

const frameId: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: LIMITS.maxFrameIdLength,
  description: 'The client’s own; the one reply has the same.',
};

const named = (event: string): JsonSchema => ({ type: 'string', const: event });

/** Unknown keys of a command's frame are ignored, those of its data are not. Without data it counts as `{}`. */
export function commandFrame(event: string, data: JsonSchema): JsonSchema {
  const mayLackData = data.required === undefined && data.anyOf === undefined && data.oneOf === undefined;
  return mayLackData
    ? object({ event: named(event), id: frameId }, { data })
    : object({ event: named(event), id: frameId, data });
}

export function okFrameSchema(data: JsonSchema): JsonSchema {
  return object({ event: named('ok'), id: frameId, data });
}

export function errorFrameSchema(code: ErrorCode): JsonSchema {
  const data = object({
    code: named(code),
    message: { type: 'string' },
    retryable: { type: 'boolean', const: ERROR_CODES[code].retryable },
    docs: said('The page of this code.', { type: 'string', format: 'uri' }),
    ...DETAILS[code as keyof typeof DETAILS],
  });
  // There is no id to answer to.
  return code === 'bad_frame'
    ? { ...object({ event: named('error'), data }), not: { required: ['id'] } }
    : object({ event: named('error'), id: frameId, data });
}

/** What some codes say beside. */
const DETAILS = {
  invalid_data: { issues: said('What is wrong, and where.', list(view('issue'), LIMITS.maxIssues)) },
  scope_missing: { scope: view('scope') },
  rate_limited: { retryAfterMs: durationMs },
} as const satisfies Partial<Record<ErrorCode, Record<string, JsonSchema>>>;

export function passingFrameSchema(event: string, data: JsonSchema): JsonSchema {
  return { ...object({ event: named(event), data }), not: { required: ['seq'] } };
}

export function durableFrameSchema(event: string, data: JsonSchema): JsonSchema {
  return object({
    event: named(event),
    seq,
    prev: said('`seq` of the durable event before this one on this connection.', seq),
    data,
  });
}
