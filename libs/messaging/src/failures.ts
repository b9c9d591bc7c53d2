import { isConnectionLoss, isDeadlock, isStatementTimeout, isUniqueViolation } from '@drawbridge/database';

/**
 * What an error of a commit means for its batch:
 * `repeat` (another transaction was in the way), `data` (something in it cannot be stored), `unknown` (the connection
 * broke, it may be stored or not), `unavailable` (not stored).
 */
export type Failure = 'repeat' | 'data' | 'unknown' | 'unavailable';

export function failureOf(error: unknown): Failure {
  if (isUniqueViolation(error) || isDeadlock(error)) return 'repeat';
  // The server ended the statement and rolled it back; the driver's own timer knows nothing of that.
  if (sqlState(error) === '57014') return 'unavailable';
  if (isStatementTimeout(error) || isConnectionLoss(error)) return 'unknown';
  // Class 22 data exception, 23 integrity constraint violation, 54 program limit exceeded.
  return /^(22|23|54)/.test(sqlState(error)) ? 'data' : 'unavailable';
}

function sqlState(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
