import { PGlite } from '@electric-sql/pglite';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type DataDirLock, lockDataDir } from './data-dir-lock.js';
import { openEmbeddedDirectory } from './embedded-directory.js';
import { embeddedDialects } from './embedded-turns.js';
import { DatabaseUnavailable } from './errors.js';
import { type Migration, migrate } from './migrate.js';
import { checkServer, int8, makePool } from './postgres.js';

/** A commit of sends may take no longer than this, which is less than the margin of a lease (I2). */
export const COMMIT_TIMEOUT_MS = 1_500;
/** A lease renewal or feed read that takes longer is given up; the next one starts on another connection. */
export const CONTROL_TIMEOUT_MS = 1_000;
/** Asking for the end of a consent; one that takes longer is repeated. */
export const ENDS_TIMEOUT_MS = 2_000;
const GENERAL_TIMEOUT_MS = 30_000;
const DEFAULT_POOL_SIZE = 10;
const CONTROL_POOL_SIZE = 2;
const COMMIT_POOL_SIZE = 8;
const ENDS_POOL_SIZE = 3;

const INT8 = 20;
const BYTEA = 17;
const parsers = { [INT8]: int8, [BYTEA]: (text: string) => Buffer.from(text.slice(2), 'hex') };

export interface OpenOptions {
  /** PostgreSQL, such as `postgres://user:password@host:5432/name`. Wins over `dataDir`. */
  readonly url?: string | undefined;
  /** Where the embedded database lives. Without `url` and `dataDir` it lives in memory. */
  readonly dataDir?: string | undefined;
  /** An embedded database in memory starts from this dump (`PGlite.dumpDataDir`). */
  readonly loadDataDir?: Blob | undefined;
  /** Connections of the general pool. */
  readonly poolSize?: number;
  readonly applicationName?: string;
}

interface Parts {
  kind: 'pglite' | 'postgres';
  general: Kysely<unknown>;
  control: Kysely<unknown>;
  commits: Kysely<unknown>;
  ends: Kysely<unknown>;
  /** One connection without a statement timeout. */
  forMigrations: () => Kysely<unknown>;
  pglite?: PGlite;
  close(): Promise<void>;
}

/**
 * One database, embedded or PostgreSQL, with the same SQL and the same values: int8 is a number, timestamptz a Date,
 * jsonb parsed, bytea a Buffer, sessions in UTC. The embedded one has a single connection, which goes to control first and to
 * commits last: a transaction blocks everything else, and using `tables()` inside one waits for itself.
 */
export class Database {
  private constructor(private readonly parts: Parts) {}

  /** DatabaseUnavailable or DataDirInUse, each with one line that says why. */
  static async open(options: OpenOptions): Promise<Database> {
    return new Database(options.url === undefined ? await embedded(options) : await server(options.url, options));
  }

  get kind(): 'pglite' | 'postgres' {
    return this.parts.kind;
  }

  /** The embedded database itself, for dumps. */
  get pglite(): PGlite | undefined {
    return this.parts.pglite;
  }

  /** The general pool, as one library's tables. */
  tables<T>(): Kysely<T> {
    return this.parts.general as Kysely<T>;
  }

  /** Connections of their own for lease renewal and feed reads: they never queue behind sends. */
  control<T>(): Kysely<T> {
    return this.parts.control as Kysely<T>;
  }

  /** Connections of their own for group commit, cancelled by the server after COMMIT_TIMEOUT_MS. */
  commits<T>(): Kysely<T> {
    return this.parts.commits as Kysely<T>;
  }

  /** Connections of their own for ending consents: no flood of anything else keeps somebody from it (I2). */
  ends<T>(): Kysely<T> {
    return this.parts.ends as Kysely<T>;
  }

  /** Runs the migrations that have not run yet, once whatever the number of processes. MigrationFailed names the one. */
  async migrate(migrations: Record<string, Migration>): Promise<void> {
    const db = this.parts.forMigrations();
    try {
      await migrate(db, migrations);
    } finally {
      if (db !== this.parts.general) await db.destroy();
    }
  }

  /** Changes when the data may be another's: a restored backup on another system, a standby that took over. */
  async identity(): Promise<string> {
    const { rows } = await sql<{ identity: string }>`
      select system_identifier::text || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) as identity
      from pg_control_system()`.execute(this.parts.general);
    const identity = rows[0]?.identity;
    if (identity === undefined) throw new Error('The database does not say who it is.');
    return identity;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.parts.control);
  }

  async close(): Promise<void> {
    await this.parts.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function embedded({ dataDir, loadDataDir }: OpenOptions): Promise<Parts> {
  let lock: DataDirLock | undefined;
  let pglite: PGlite;
  try {
    if (dataDir === undefined) {
      pglite = await PGlite.create({ parsers, ...(loadDataDir ? { loadDataDir } : {}) });
    } else {
      lock = await lockDataDir(dataDir);
      pglite = await openEmbeddedDirectory(dataDir, { parsers });
    }
  } catch (error) {
    lock?.release();
    if (lock === undefined) throw error;
    throw new DatabaseUnavailable(
      `The embedded database in ${dataDir} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const dialects = embeddedDialects(pglite);
  const general = new Kysely<unknown>({ dialect: dialects.general });
  const control = new Kysely<unknown>({ dialect: dialects.control });
  const commits = new Kysely<unknown>({ dialect: dialects.commits });
  return {
    kind: 'pglite',
    general,
    control,
    commits,
    ends: control,
    forMigrations: () => general,
    pglite,
    async close() {
      for (const db of [general, control, commits]) await db.destroy();
      if (!pglite.closed) await pglite.close();
      lock?.release();
    },
  };
}

async function server(url: string, options: OpenOptions): Promise<Parts> {
  const applicationName = options.applicationName ?? 'drawbridge';
  const open = (size: number, statementTimeoutMs: number, connectWithinMs?: number) =>
    makePool({ url, size, applicationName, statementTimeoutMs, ...(connectWithinMs ? { connectWithinMs } : {}) });
  const generalPool = open(options.poolSize ?? DEFAULT_POOL_SIZE, GENERAL_TIMEOUT_MS);
  try {
    await checkServer(generalPool, url);
  } catch (error) {
    await generalPool.end();
    throw error;
  }
  const kysely = (pool: ReturnType<typeof makePool>) => new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const pools = [
    generalPool,
    open(CONTROL_POOL_SIZE, CONTROL_TIMEOUT_MS, CONTROL_TIMEOUT_MS),
    open(COMMIT_POOL_SIZE, COMMIT_TIMEOUT_MS, COMMIT_TIMEOUT_MS),
    open(ENDS_POOL_SIZE, ENDS_TIMEOUT_MS, ENDS_TIMEOUT_MS),
  ] as const;
  return {
    kind: 'postgres',
    general: kysely(pools[0]),
    control: kysely(pools[1]),
    commits: kysely(pools[2]),
    ends: kysely(pools[3]),
    forMigrations: () => kysely(open(1, 0)),
    // The pools themselves: Kysely ends only one that it has used.
    async close() {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}
