import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Person } from './people.js';
import type { PeopleTables } from './tables.js';

/** A session ends after this long without a request, and at the latest after the second. */
export const PERSON_SESSION_LIMITS = { idleMs: 15 * 60_000, absoluteMs: 12 * 3_600_000 } as const;

/** Sessions of Connected apps and sign-ins that are not finished, kept in the database so that any process can answer the next request. */
export class PersonSessions {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PeopleTables> {
    return this.db.tables<PeopleTables>();
  }

  /** The new session's token, for a cookie; the database keeps only its hash. */
  async start(person: number, token = randomBytes(32).toString('base64url')): Promise<string> {
    await sql`delete from person_session where not (${live()})`.execute(this.tables);
    await this.tables
      .insertInto('person_session')
      .values({ token_hash: hashOf(token), person })
      .execute();
    return token;
  }

  /** Whose session it is, if it still stands; being asked counts as being seen. */
  async find(token: string): Promise<Person | undefined> {
    const { rows } = await sql<{ key: number; id: string; handle: string | null; name: string }>`
      update person_session set last_seen_at = clock_timestamp()
      from person
      where token_hash = ${hashOf(token)} and ${live()} and person.key = person_session.person and person.erased_at is null
      returning person.key, person.id, person.handle, person.name`.execute(this.tables);
    const row = rows[0];
    return row && { key: row.key, id: row.id, handle: row.handle ?? row.id, name: row.name };
  }

  async end(token: string): Promise<void> {
    await this.tables.deleteFrom('person_session').where('token_hash', '=', hashOf(token)).execute();
  }

  async endAll(person: number): Promise<void> {
    await this.tables.deleteFrom('person_session').where('person', '=', person).execute();
  }
}

function live(): RawBuilder<boolean> {
  const { idleMs, absoluteMs } = PERSON_SESSION_LIMITS;
  return sql<boolean>`person_session.last_seen_at > clock_timestamp() - ${idleMs} * interval '1 ms'
    and person_session.created_at > clock_timestamp() - ${absoluteMs} * interval '1 ms'`;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
