import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { type Dialect, Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import { DataDirLock } from './data-dir-lock.js';
import { DatabaseError } from './errors.js';

/** The longest a commit of sends may take: shorter than the margin of the lease, so that none outlives a consent (I2). */
export const COMMIT_TIMEOUT_MS = 1_500;
/** The longest a renewal or a read of the consent feed may take. */
export const CONTROL_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const CONTROL_CONNECTIONS = 2;
const COMMIT_CONNECTIONS = 8;
const DEFAULT_CONNECTIONS = 10;

export interface OpenOptions {
  /** A PostgreSQL address; without it the embedded database is used. */
  readonly url?: string | undefined;
  /** Directory of the embedded database; without it the embedded database lives in memory. */
  readonly dataDir?: string | undefined;
  /** A dump that the embedded database in memory starts from (`dumpDataDir`). */
  readonly loadDataDir?: Blob | undefined;
  /** Connections of the general pool. */
  readonly poolSize?: number;
  readonly applicationName?: string;
}

/**
 * PostgreSQL, or the embedded PGlite, behind the same SQL. `int8` arrives as a number, `timestamptz` as a `Date`.
 * On PostgreSQL there are three pools, so that a queue of sends never holds up the renewal of the lease (I6).
 */
export class Database {
  private constructor(
    readonly kind: 'pglite' | 'postgres',
    private readonly general: Kysely<unknown>,
    private readonly controlling: Kysely<unknown>,
    private readonly committing: Kysely<unknown>,
    private readonly release: () => void,
    /** The embedded database itself, for dumps. */
    readonly pglite?: PGlite,
  ) {}

  /** Throws `DatabaseError` with one line for the operator. */
  static async open(options: OpenOptions): Promise<Database> {
    return options.url ? Database.openPostgres(options.url, options) : Database.openEmbedded(options);
  }

  private static async openPostgres(url: string, options: OpenOptions): Promise<Database> {
    const name = options.applicationName ?? 'drawbridge';
    const pool = (use: string, size: number, timeoutMs?: number) =>
      kyselyOn(new PostgresDialect({ pool: newPool(url, `${name} ${use}`, size, timeoutMs) }));
    const database = new Database(
      'postgres',
      pool('general', options.poolSize ?? DEFAULT_CONNECTIONS),
      pool('control', CONTROL_CONNECTIONS, CONTROL_TIMEOUT_MS),
      pool('commits', COMMIT_CONNECTIONS, COMMIT_TIMEOUT_MS),
      () => {},
    );
    try {
      await database.ping();
      return database;
    } catch (error) {
      await database.close().catch(() => {});
      throw new DatabaseError(
        'database_unavailable',
        `The database at ${withoutPassword(url)} cannot be used: ${reason(error)}`,
        { cause: error },
      );
    }
  }

  private static async openEmbedded(options: OpenOptions): Promise<Database> {
    const { dataDir } = options;
    const lock = dataDir === undefined ? undefined : DataDirLock.take(dataDir);
    try {
      const where = dataDir === undefined ? 'memory://' : join(dataDir, 'pgdata');
      if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
      const pglite = new PGlite(where, {
        relaxedDurability: false,
        ...(options.loadDataDir ? { loadDataDir: options.loadDataDir } : {}),
      });
      await pglite.waitReady;
      await pglite.exec("set time zone 'UTC'");
      const kysely = kyselyOn(new PGliteDialect({ pglite }));
      return new Database('pglite', kysely, kysely, kysely, () => lock?.release(), pglite);
    } catch (error) {
      lock?.release();
      throw new DatabaseError(
        'database_unavailable',
        `The embedded database in ${dataDir ?? 'memory'} cannot be opened: ${reason(error)}`,
        { cause: error },
      );
    }
  }

  /** The general pool, seen as one library's tables. */
  tables<T>(): Kysely<T> {
    return this.general as Kysely<T>;
  }

  /** For the lease and the consent feed only: on PostgreSQL a pool of its own with short timeouts. */
  control<T>(): Kysely<T> {
    return this.controlling as Kysely<T>;
  }

  /** For the group commit: on PostgreSQL a pool of its own, whose statements the server ends after `COMMIT_TIMEOUT_MS`. */
  commits<T>(): Kysely<T> {
    return this.committing as Kysely<T>;
  }

  /** Runs what has not run yet, once, whatever the number of processes that start together (the migrator takes a lock). */
  async migrate(migrations: Record<string, Migration>): Promise<void> {
    const provider = { getMigrations: async () => migrations };
    const migrator = new Migrator({ db: this.general, provider, allowUnorderedMigrations: true });
    const { error, results } = await migrator.migrateToLatest();
    if (!error) return;
    const failed = results?.find(({ status }) => status === 'Error')?.migrationName ?? 'an unknown one';
    throw new DatabaseError('migration_failed', `Migration ${failed} failed: ${reason(error)}`, { cause: error });
  }

  /** What changes when the data is another cluster's, or a failover's: system identifier and timeline. */
  async identity(): Promise<string> {
    const { rows } = await sql<{ identity: string }>`
      select (select system_identifier from pg_control_system()) || '/' || (select timeline_id from pg_control_checkpoint()) as identity
    `.execute(this.general);
    return rows[0]!.identity;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.general);
  }

  async close(): Promise<void> {
    try {
      await Promise.all([...new Set([this.general, this.controlling, this.committing])].map((pool) => pool.destroy()));
      if (this.pglite && !this.pglite.closed) await this.pglite.close();
    } finally {
      this.release();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function kyselyOn(dialect: Dialect): Kysely<unknown> {
  return new Kysely<unknown>({ dialect });
}

const INT8 = 20;

function newPool(url: string, name: string, size: number, timeoutMs?: number): pg.Pool {
  const types = {
    getTypeParser: ((oid: number, format?: 'text') =>
      oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({
    connectionString: url,
    application_name: name,
    max: size,
    types,
    connectionTimeoutMillis: timeoutMs ?? CONNECT_TIMEOUT_MS,
    options: '-c timezone=UTC',
    // The server ends the statement; the client's own timer is for a server that has gone silent.
    ...(timeoutMs ? { statement_timeout: timeoutMs, query_timeout: timeoutMs + 250 } : {}),
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {});
  return pool;
}

function withoutPassword(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}${port ? `:${port}` : ''}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}

function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
