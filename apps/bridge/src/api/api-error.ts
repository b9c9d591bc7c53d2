import type { Issue } from '@drawbridge/protocol';

export type ApiErrorCode =
  | 'unauthenticated'
  | 'invalid_data'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

export const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  unauthenticated: 401,
  invalid_data: 400,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
};

/** What a call came to, where it came to nothing. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly issues?: readonly Issue[],
  ) {
    super(message);
  }
}

/** Nothing was done of it; the same again may be after so long. */
export class RateLimited extends ApiError {
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super('rate_limited', message);
  }
}

export function notFound(what: string): ApiError {
  return new ApiError('not_found', what);
}

export function invalid(...issues: Issue[]): ApiError {
  return new ApiError('invalid_data', 'Something in this request is wrong.', issues);
}
