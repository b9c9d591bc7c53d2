import { type Database, isUniqueViolation } from '@drawbridge/database';
import { type Kysely, sql } from 'kysely';
import { erase, isErased } from './erase.js';
import { hashPassword, MAX_PASSWORD_LENGTH, normaliseLogin } from './password.js';
import { PeopleError } from './people-error.js';
import type { PeopleTables } from './tables.js';

/** What a person's id is made of. */
export const PERSON_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface Person {
  /** Internal, for joins; never on the wire. */
  key: number;
  /** The host platform's own id. */
  id: string;
  handle: string;
  name: string;
}

export interface PersonToPut {
  id: string;
  handle: string;
  name: string;
  login?: string;
  password?: string;
}

/** The persons of the host platform, whom they know and whom they have blocked. */
export class People {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PeopleTables> {
    return this.db.tables<PeopleTables>();
  }

  /**
   * Makes or changes a person. `login` and `password` only where the built-in sign-in is used; a new password ends
   * the person's sessions on Connected apps. PeopleError `erased` for an id that was erased, `taken` for a handle or
   * login of somebody else.
   */
  async put(person: PersonToPut): Promise<Person> {
    const { id, handle, name, login, password } = person;
    if (password !== undefined && (password === '' || password.length > MAX_PASSWORD_LENGTH)) {
      throw new PeopleError('invalid', `A password has 1 to ${MAX_PASSWORD_LENGTH} characters.`);
    }
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    try {
      return await this.tables.transaction().execute(async (tx) => {
        const row = await tx
          .insertInto('person')
          .values({ id, handle, name })
          .onConflict((c) => c.column('id').doUpdateSet({ handle, name }).where('person.erased_at', 'is', null))
          .returning('key')
          .executeTakeFirst();
        // Asked after the insert, which waits for whoever erases the same id at this moment.
        if (!row || (await isErased(tx, id)))
          throw new PeopleError('erased', `The person ${id} was erased; the id is not used again.`);
        if (login !== undefined) await setLogin(tx, row.key, normaliseLogin(login), passwordHash);
        else if (passwordHash !== undefined) await setPassword(tx, row.key, passwordHash);
        if (passwordHash !== undefined) await tx.deleteFrom('person_session').where('person', '=', row.key).execute();
        return { key: row.key, id, handle, name };
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new PeopleError('taken', 'The handle or login belongs to somebody else.');
      throw error;
    }
  }

  async byId(id: string): Promise<Person | undefined> {
    const row = await this.living().where('id', '=', id).executeTakeFirst();
    return row && personOf(row);
  }

  /** Whether somebody had this id who was erased; it is not used again. */
  wasErased(id: string): Promise<boolean> {
    return isErased(this.tables, id);
  }

  /** By id. Who is nobody is not in it. */
  async byIds(ids: readonly string[]): Promise<Map<string, Person>> {
    if (ids.length === 0) return new Map();
    const rows = await this.living().where('id', '=', sql<string>`any (${ids}::text[])`).execute();
    return new Map(rows.map((row) => [row.id, personOf(row)]));
  }

  async byKey(key: number): Promise<Person | undefined> {
    const row = await this.living().where('key', '=', key).executeTakeFirst();
    return row && personOf(row);
  }

  async byLogin(login: string): Promise<Person | undefined> {
    const row = await this.living()
      .innerJoin('login', 'login.person', 'person.key')
      .where('login.login', '=', normaliseLogin(login))
      .executeTakeFirst();
    return row && personOf(row);
  }

  /**
   * Replaces the contact list, and gives its length: doubles and the person's own id are passed over. PeopleError
   * `unknown_person`, or `unknown_listed` when one of the list is nobody.
   */
  async setContacts(id: string, contacts: readonly string[]): Promise<number> {
    return this.tables.transaction().execute(async (tx) => {
      const { owner, others } = await keysOf(tx, id, contacts);
      await tx.deleteFrom('contact').where('person', '=', owner).execute();
      if (others.length > 0)
        await tx
          .insertInto('contact')
          .values(others.map((contact) => ({ person: owner, contact })))
          .execute();
      return others.length;
    });
  }

  /** Replaces the block list, as setContacts does the other. */
  async setBlocks(id: string, blocks: readonly string[]): Promise<number> {
    return this.tables.transaction().execute(async (tx) => {
      const { owner, others } = await keysOf(tx, id, blocks);
      await tx.deleteFrom('block').where('person', '=', owner).execute();
      if (others.length > 0)
        await tx
          .insertInto('block')
          .values(others.map((blocked) => ({ person: owner, blocked })))
          .execute();
      return others.length;
    });
  }

  /**
   * Removes all that identifies a person, for good; the record keeps a key. PeopleError `has_grants` while one of their
   * grants has not been ended, `erased` for who is erased already, `unknown_person` for nobody.
   */
  erase(id: string, by: string): Promise<number> {
    return this.tables.transaction().execute((tx) => erase(tx, id, by));
  }

  private living() {
    return this.tables
      .selectFrom('person')
      .select(['person.key', 'person.id', 'person.handle', 'person.name'])
      .where('person.erased_at', 'is', null);
  }
}

function personOf(row: { key: number; id: string; handle: string | null; name: string }): Person {
  return { key: row.key, id: row.id, handle: row.handle ?? row.id, name: row.name };
}

async function setLogin(tx: Kysely<PeopleTables>, person: number, login: string, passwordHash: string | undefined) {
  const had = await tx.selectFrom('login').select('password_hash').where('person', '=', person).executeTakeFirst();
  const password_hash = passwordHash ?? had?.password_hash;
  if (password_hash === undefined) throw new PeopleError('invalid', 'A login needs a password.');
  await tx
    .insertInto('login')
    .values({ login, person, password_hash })
    .onConflict((c) => c.column('person').doUpdateSet({ login, password_hash }))
    .execute();
}

async function setPassword(tx: Kysely<PeopleTables>, person: number, password_hash: string) {
  const { numUpdatedRows } = await tx
    .updateTable('login')
    .set({ password_hash })
    .where('person', '=', person)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw new PeopleError('invalid', 'A password needs a login.');
}

/** Locks the owner's row, so that two replacements of one list come one after the other. */
async function keysOf(tx: Kysely<PeopleTables>, id: string, ids: readonly string[]) {
  const owner = await tx
    .selectFrom('person')
    .select('key')
    .where('id', '=', id)
    .where('erased_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (!owner) throw new PeopleError('unknown_person', `There is no person ${id}.`);
  const wanted = [...new Set(ids)].filter((other) => other !== id);
  if (wanted.length === 0) return { owner: owner.key, others: [] };
  const found = await tx
    .selectFrom('person')
    .select(['key', 'id'])
    .where('id', 'in', wanted)
    .where('erased_at', 'is', null)
    .execute();
  const known = new Set(found.map((row) => row.id));
  const missing = wanted.find((other) => !known.has(other));
  if (missing !== undefined) throw new PeopleError('unknown_listed', `There is no person ${missing}.`);
  return { owner: owner.key, others: found.map((row) => row.key) };
}
