import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Database, isUniqueViolation } from '@drawbridge/database';
import { appendEntry } from '@drawbridge/ledger';
import { type Kysely, sql } from 'kysely';
import { ApiError, invalid, notFound } from '../api/api-error.js';

/** Whose token is ADMIN_TOKEN. */
const ROOT = 'root';
/** Who else stands on the record as the one who did something. */
const RESERVED = new Set([ROOT, 'person', 'app', 'bridge', 'platform', 'restore']);
const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface Operator {
  name: string;
  createdAt: Date;
  createdBy: string;
  /** To within a minute. */
  lastUsedAt: Date | null;
}

interface OperatorTables {
  operator: {
    name: string;
    token_hash: Buffer;
    created_at: Date;
    created_by: string;
    last_used_at: Date | null;
    removed_at: Date | null;
  };
}

/** Who may use the operators' API: `root` by ADMIN_TOKEN, and those whom another operator has made. */
export class Operators {
  private readonly root: Buffer | undefined;

  constructor(
    private readonly database: Database,
    adminToken: string | undefined,
  ) {
    this.root = adminToken === undefined ? undefined : hashOf(adminToken);
  }

  /** The name of the operator whose token this is; undefined where it is nobody's. */
  async whose(token: string): Promise<string | undefined> {
    const hash = hashOf(token);
    if (this.root && timingSafeEqual(hash, this.root)) return ROOT;
    // The database is not asked about what cannot be one of its tokens.
    if (!TOKEN.test(token)) return undefined;
    const { rows } = await sql<{ name: string }>`
      with known as (select name from operator where token_hash = ${hash}::bytea and removed_at is null),
      used as (
        update operator o set last_used_at = clock_timestamp() from known
        where o.name = known.name and (o.last_used_at < clock_timestamp() - interval '1 minute') is not false
      )
      select name from known`.execute(this.database.tables());
    return rows[0]?.name;
  }

  /** Whether there is anybody who could have a token. */
  async isAnybody(): Promise<boolean> {
    if (this.root) return true;
    const { rows } = await sql`select from operator where removed_at is null limit 1`.execute(this.database.tables());
    return rows.length > 0;
  }

  async list(): Promise<Operator[]> {
    const { rows } = await sql<Operator>`
      select name, created_at as "createdAt", created_by as "createdBy", last_used_at as "lastUsedAt"
      from operator where removed_at is null order by name`.execute(this.database.tables());
    return rows;
  }

  /** The token is shown this once: what is kept is its hash. */
  async create(name: string, by: string): Promise<Operator & { token: string }> {
    if (RESERVED.has(name))
      throw invalid({ path: 'name', problem: `must not be ${name}: that is somebody else on the record` });
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    try {
      return await this.tables.transaction().execute(async (tx) => {
        const { rows } = await sql<Operator>`
          insert into operator (name, token_hash, created_by) values (${name}, ${hashOf(token)}::bytea, ${by})
          returning name, created_at as "createdAt", created_by as "createdBy", last_used_at as "lastUsedAt"`.execute(
          tx,
        );
        await appendEntry(tx, { kind: 'operator_created', actor: by, data: { name } });
        return { ...rows[0]!, token };
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new ApiError('conflict', `There is an operator ${name} already, or there was one: a name is used once.`);
    }
  }

  /** The token is good no more, from the next request on. */
  async remove(name: string, by: string): Promise<void> {
    if (name === ROOT) {
      throw new ApiError(
        'conflict',
        'root is whoever has ADMIN_TOKEN: it goes when the bridges are started without it.',
      );
    }
    await this.tables.transaction().execute(async (tx) => {
      const removed = await tx
        .updateTable('operator')
        .set({ removed_at: sql`clock_timestamp()` })
        .where('name', '=', name)
        .where('removed_at', 'is', null)
        .returning('name')
        .executeTakeFirst();
      if (!removed) throw notFound(`There is no operator ${name}.`);
      await appendEntry(tx, { kind: 'operator_removed', actor: by, data: { name } });
    });
  }

  private get tables(): Kysely<OperatorTables> {
    return this.database.tables<OperatorTables>();
  }
}

/** Tokens are long and random, so a plain hash is enough; and one of a fixed length is compared in constant time. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
