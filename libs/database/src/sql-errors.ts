/** The SQLSTATE of a failed statement, or the system's code of a failed connection. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : undefined;
}

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** Deadlock or serialisation failure: the whole transaction may be repeated. */
export function isDeadlock(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40P01' || code === '40001';
}

/** The server cancelled the statement, or did not answer in time; in the second case it may still have taken effect. */
export function isStatementTimeout(error: unknown): boolean {
  return codeOf(error) === '57014' || messageOf(error) === 'Query read timeout';
}

const LOST = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND']);
const LOST_STATES = new Set(['57P01', '57P02', '57P03', '53300']);
const LOST_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client (has encountered a connection error|was closed)|PGlite is closed|Query read timeout)/;

/** The connection is gone, or none could be had: a commit under way then may or may not have taken effect. */
export function isConnectionLoss(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && (LOST.has(code) || LOST_STATES.has(code) || code.startsWith('08'))) return true;
  return LOST_MESSAGES.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}
