import { createHash, randomBytes } from 'node:crypto';
import { type Algorithm, hash, verify } from '@node-rs/argon2';
import { sql } from 'kysely';
import { enqueue, Refused } from './chat.js';
import type { Db, Person } from './schema.js';

const ARGON2ID = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const SESSION_DAYS = 30;
/** Wrong passwords for one login in a quarter of an hour. */
const FAILURES = 10;

export interface NewPerson extends Person {
  readonly login: string;
  readonly password: string;
}

/** The company's people and their passwords; the bridge never has a password of theirs. */
export class People {
  private nobody: Promise<string> | undefined;

  constructor(private readonly db: Db) {}

  /** The bridge is told of them, and then of everybody's contacts. */
  async add(people: readonly NewPerson[]): Promise<void> {
    const rows = await Promise.all(
      people.map(async ({ password, ...person }) => ({ ...person, password_hash: await hash(password, ARGON2ID) })),
    );
    await this.db.transaction().execute(async (db) => {
      for (const row of rows) await db.insertInto('person').values(row).execute();
      for (const { id } of rows) await enqueue(db, 'person', id);
      const everybody = await db.selectFrom('person').select('id').execute();
      for (const { id } of everybody) await enqueue(db, 'contacts', id);
    });
  }

  /** Whose password it is. Refused, in the same words and after the same work, where it is nobody's. */
  async signIn(login: string, password: string): Promise<string> {
    const spelt = login.trim().toLowerCase().slice(0, 200);
    const tried = await this.takeTry(spelt);
    if (tried === undefined) throw new Refused('Too many attempts. Come back in 15 minutes.');
    const found = await this.db
      .selectFrom('person')
      .select(['id', 'password_hash'])
      .where('login', '=', spelt)
      .executeTakeFirst();
    this.nobody ??= hash(randomBytes(16), ARGON2ID);
    const matches = await verify(found?.password_hash ?? (await this.nobody), password.slice(0, 1_024));
    if (!matches || !found) throw new Refused('That login or password is not right.');
    await this.db
      .deleteFrom('failed_sign_in')
      .where('login', '=', spelt)
      .where('at', '=', sql<Date>`${tried}::timestamptz`)
      .execute();
    return found.id;
  }

  /** Counts as a failure until it turns out to be none, so that many at once are no more than one after the other. */
  private takeTry(login: string): Promise<string | undefined> {
    return this.db.transaction().execute(async (db) => {
      await sql`select pg_advisory_xact_lock(hashtext(${login}))`.execute(db);
      const { rows } = await sql<{ at: string }>`
        insert into failed_sign_in (login, at) select ${login}, clock_timestamp()
        where (select count(*) from failed_sign_in
               where login = ${login} and at > clock_timestamp() - interval '15 minutes') < ${FAILURES}::integer
        returning at::text`.execute(db);
      return rows[0]?.at;
    });
  }

  /** A session of the company's own page: the browser's half of it. */
  async begin(person: string): Promise<{ token: string; expires: Date }> {
    const token = randomBytes(32).toString('base64url');
    const expires = new Date(Date.now() + SESSION_DAYS * 86_400_000);
    await this.db
      .insertInto('session')
      .values({ token_hash: hashOf(token), person, expires_at: expires })
      .execute();
    return { token, expires };
  }

  async bySession(token: string): Promise<Person | undefined> {
    return this.db
      .selectFrom('session as s')
      .innerJoin('person as p', 'p.id', 's.person')
      .select(['p.id', 'p.handle', 'p.name'])
      .where('s.token_hash', '=', hashOf(token))
      .where('s.expires_at', '>', new Date())
      .executeTakeFirst();
  }

  async end(token: string): Promise<void> {
    await this.db.deleteFrom('session').where('token_hash', '=', hashOf(token)).execute();
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
