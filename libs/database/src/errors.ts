export type DatabaseErrorCode = 'database_unavailable' | 'data_dir_in_use' | 'migration_failed';

/** What keeps a process from starting; `message` is one clear line for the operator, without a password in it. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  constructor(
    readonly code: DatabaseErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class DatabaseUnavailable extends DatabaseError {
  override readonly name = 'DatabaseUnavailable';
  constructor(message: string, options?: ErrorOptions) {
    super('database_unavailable', message, options);
  }
}

export class DataDirInUse extends DatabaseError {
  override readonly name = 'DataDirInUse';
  constructor(message: string) {
    super('data_dir_in_use', message);
  }
}

export class MigrationFailed extends DatabaseError {
  override readonly name = 'MigrationFailed';
  constructor(message: string, options?: ErrorOptions) {
    super('migration_failed', message, options);
  }
}
