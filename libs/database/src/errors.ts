/** Why the database could not be opened; the message is one line for the operator. */
export class DatabaseError extends Error {
  constructor(
    readonly code: 'database_unavailable' | 'data_dir_in_use' | 'migration_failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DatabaseError';
  }
}

/** The SQLSTATE of an error of either driver, or the system's own code of a lost connection. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null | undefined)?.code ?? '');
}

const messageOf = (error: unknown) => String((error as { message?: unknown } | null | undefined)?.message ?? '');

export const isUniqueViolation = (error: unknown) => codeOf(error) === '23505';
export const isDeadlock = (error: unknown) => codeOf(error) === '40P01';
/** The server gave up on a statement (`statement_timeout`), or the client did (`query_timeout`). */
export const isStatementTimeout = (error: unknown) =>
  codeOf(error) === '57014' || /query read timeout|timeout exceeded/i.test(messageOf(error));

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
]);

/** The statement's outcome is unknown: it may have been committed. */
export const isConnectionLoss = (error: unknown) =>
  CONNECTION_CODES.has(codeOf(error)) ||
  codeOf(error).startsWith('08') ||
  /connection (terminated|ended|error)|not queryable/i.test(messageOf(error));
