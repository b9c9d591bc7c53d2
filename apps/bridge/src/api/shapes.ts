import { codePoints, constraint, Optional, Text } from '@drawbridge/protocol';

/** Shapes that the calls of both APIs take, beside those of the protocol's own commands. */

export const MAX_PAGE = 500;
export const DEFAULT_PAGE = 200;

/** People read it on pages: in one line, and as it is written. */
export function Name(): PropertyDecorator {
  return constraint('name', 'must be a name of 1 to 100 characters in one line', (value) => {
    if (typeof value !== 'string' || value.trim() === '' || !value.isWellFormed()) return false;
    return codePoints(value) <= 100 && !/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(value);
  });
}

export function OneOf(...words: string[]): PropertyDecorator {
  return constraint('oneOf', `must be ${words.join(' or ')}`, (value) => words.includes(value as string));
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
export const A_TIME = 'must be a time as RFC 3339 has it, such as 2027-03-01T00:00:00.000Z';

/** Such as the last day of 9999 somewhere west of Greenwich: what it is in UTC has no place in RFC 3339. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

export function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !RFC3339.test(value)) return false;
  const ms = Date.parse(value);
  if (!(ms > 0 && ms <= LAST_MS)) return false;
  // 31 February would be taken for a day in March.
  const [year, month, day] = value.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, day)).getUTCDate() === day;
}

export function Time(): PropertyDecorator {
  return constraint('time', A_TIME, isTime);
}

function PageSize(): PropertyDecorator {
  return constraint('pageSize', `must be a whole number from 1 to ${MAX_PAGE}`, (value) => {
    return typeof value === 'string' && /^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_PAGE;
  });
}

export class Page {
  @Optional() @Text(512) cursor?: string;
  @Optional() @PageSize() limit?: string;
}

export function pageSize({ limit }: Page): number {
  return limit === undefined ? DEFAULT_PAGE : Number(limit);
}
