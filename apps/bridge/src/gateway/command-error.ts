import { isConnectionLoss, isStatementTimeout } from '@drawbridge/database';
import { MessagingError } from '@drawbridge/messaging';
import { type ErrorCode, type ErrorDetails, LIMITS } from '@drawbridge/protocol';

/** Why a command is refused: the code of its reply, and what that says beside the code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    readonly code: ErrorCode,
    readonly details?: ErrorDetails,
  ) {
    super(code);
  }
}

/** Over a limit of what may be done in a time: nothing was begun. */
export class OverLimit extends CommandError {
  constructor(retryAfterMs: number) {
    super('rate_limited', { retryAfterMs });
  }
}

/** The one place where errors of the domain become codes of the protocol. Undefined: a fault of the bridge. */
export function commandErrorOf(error: unknown): CommandError | undefined {
  if (error instanceof CommandError) return error;
  if (error instanceof MessagingError) {
    if (error.code === 'rate_limited') return new CommandError(error.code, { retryAfterMs: LIMITS.retryAfterMs });
    return new CommandError(error.code, error.issues && { issues: error.issues });
  }
  return isConnectionLoss(error) || isStatementTimeout(error) ? new CommandError('unavailable') : undefined;
}
