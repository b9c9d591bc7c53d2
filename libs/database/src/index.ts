export { cursorOf, positionIn } from './cursor.js';
export { COMMIT_TIMEOUT_MS, CONTROL_TIMEOUT_MS, Database, type OpenOptions } from './database.js';
export { DatabaseError, type DatabaseErrorCode, DatabaseUnavailable, DataDirInUse, MigrationFailed } from './errors.js';
export { makeDirectory, shownPath, systemReason } from './make-directory.js';
export type { Migration } from './migrate.js';
export { isConnectionLoss, isDeadlock, isStatementTimeout, isUniqueViolation } from './sql-errors.js';
export { NoTurn, type TurnLimits, Turns } from './turns.js';
