import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DatabaseUnavailable } from './errors.js';

const INT8 = 20;
const INT8_ARRAY = 1016;
const OLDEST_MAJOR = 15;
const CONNECT_WITHIN_MS = 5_000;
/**
 * A process that stands still in the middle of a transaction would keep its locks, and everybody waiting, for as long as
 * it stands: the server gives it up after this time. Of a statement's time this counts nothing.
 */
const IDLE_IN_TRANSACTION_MS = 3_000;
/** The same for a connection whose other end does not even acknowledge what was sent. */
const UNACKNOWLEDGED_MS = 10_000;
/**
 * After a refused connection a pool tries no other for so long. A server that restarts refuses at once, and each command of
 * clients that repeat theirs would otherwise be another attempt: thousands a second, at its worst moment.
 */
export const PAUSE_AFTER_REFUSAL_MS = 100;
/** How much longer the client waits than the server may take, before it gives the connection up for lost. */
const ANSWER_GRACE_MS = 1_000;

/** Numbers of this product stay far below 2^53; one that does not is a fault, not a rounding. */
export function int8(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`The number ${text} is too large.`);
  return number;
}

const int8Array = (text: string): (number | null)[] =>
  text === '{}'
    ? []
    : text
        .slice(1, -1)
        .split(',')
        .map((item) => (item === 'NULL' ? null : int8(item)));

const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format !== 'binary' && oid === INT8) return int8;
    if (format !== 'binary' && oid === INT8_ARRAY) return int8Array;
    return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
  },
};

/**
 * A connection that does not answer in time is cut: what is queued behind a statement that will never be answered (a
 * frozen server, a lost route) would otherwise wait with it.
 */
class CutWhenSilent extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => {});
    const ask = this.query as (...all: unknown[]) => unknown;
    this.query = ((...all: unknown[]) => {
      const answer = ask.apply(this, all);
      if (answer instanceof Promise) answer.catch((error: Error) => this.cutAfter(error));
      return answer;
    }) as pg.Client['query'];
  }

  /** Called before whoever asked gets the error and gives the connection back: the pool drops one that is ending. */
  private cutAfter(error: Error): void {
    if (error.message === 'Query read timeout') this.end().catch(() => {});
  }
}

/** Clients of one pool, which connect a while after the last attempt was refused. */
function patientClient(): typeof pg.Client {
  let refusedAt = Number.NEGATIVE_INFINITY;
  return class extends CutWhenSilent {
    override connect(): Promise<pg.Client>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): unknown {
      const connected = this.connectPatiently();
      if (!callback) return connected;
      // As pg does: without an argument where it went well.
      connected.then(() => (callback as () => void)(), callback);
    }

    private async connectPatiently(): Promise<pg.Client> {
      const waitMs = refusedAt + PAUSE_AFTER_REFUSAL_MS - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      try {
        return await super.connect();
      } catch (error) {
        refusedAt = performance.now();
        throw error;
      }
    }
  };
}

export interface PoolOptions {
  url: string;
  size: number;
  applicationName: string;
  /** 0 for as long as it takes. */
  statementTimeoutMs: number;
  connectWithinMs?: number;
}

export function makePool({ url, size, applicationName, statementTimeoutMs, connectWithinMs }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: withSessionOptions(url),
    Client: patientClient(),
    max: size,
    application_name: applicationName,
    connectionTimeoutMillis: connectWithinMs ?? CONNECT_WITHIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
    ...(statementTimeoutMs === 0
      ? {}
      : { statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + ANSWER_GRACE_MS }),
  });
  // An idle connection that breaks is replaced at the next use.
  pool.on('error', () => {});
  return pool;
}

const SESSION_OPTIONS = [
  '-c TimeZone=UTC',
  `-c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS}`,
  `-c tcp_user_timeout=${UNACKNOWLEDGED_MS}`,
];

/** Every session in UTC, whatever the server's default is, and without locks that outlive their process's attention; options of the operator's own come first. */
function withSessionOptions(url: string): string {
  const parsed = new URL(url);
  const own = parsed.searchParams.get('options');
  parsed.searchParams.set('options', [own, ...SESSION_OPTIONS].filter(Boolean).join(' '));
  // URLSearchParams writes a space as `+`, which pg does not read back.
  parsed.search = parsed.search.replaceAll('+', '%20');
  return parsed.href;
}

/** One round trip, so that a wrong address or password is told at start, in one line. */
export async function checkServer(pool: pg.Pool, url: string): Promise<void> {
  const where = addressOf(url);
  let major: number;
  try {
    const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version_num') as version`);
    major = Math.floor(Number(rows[0]?.version) / 10_000);
  } catch (error) {
    throw new DatabaseUnavailable(
      `The database at ${where} cannot be reached: ${reason(error)}. Start it, or set DATABASE_URL right.`,
      { cause: error },
    );
  }
  if (major < OLDEST_MAJOR) {
    throw new DatabaseUnavailable(
      `The database at ${where} is PostgreSQL ${major}; ${OLDEST_MAJOR} or newer is needed.`,
    );
  }
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reason))].join(', ');
  return error instanceof Error ? error.message || error.name : String(error);
}

function addressOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'localhost'}:${port || 5432}${pathname}`;
}
