import { createHash, randomUUID } from 'node:crypto';
import { appendEntry } from '@drawbridge/ledger';
import { type Kysely, sql } from 'kysely';
import { failureSubject } from './failures.js';
import { PeopleError } from './people-error.js';
import type { PeopleTables } from './tables.js';

/** What others see where the person wrote or is a member. */
const ERASED_NAME = 'Erased person';

/** All that is kept of an erased id, so that it is never used again. */
function hashOfId(id: string): string {
  return createHash('sha256').update(`drawbridge erased person ${id}`).digest('base64url');
}

export async function isErased(tx: Kysely<PeopleTables>, id: string): Promise<boolean> {
  const row = await tx.selectFrom('erased_id').select('hash').where('hash', '=', hashOfId(id)).executeTakeFirst();
  return row !== undefined;
}

/** In one transaction, which `tx` is. Gives the key: all that is left, and identifies nobody. */
export async function erase(tx: Kysely<PeopleTables>, id: string, actor: string): Promise<number> {
  // With this lock no grant of the person can be made meanwhile: its foreign key waits for it.
  const person = await tx
    .selectFrom('person')
    .select('key')
    .where('id', '=', id)
    .where('erased_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  if (!person) {
    if (await isErased(tx, id)) throw new PeopleError('erased', 'That person was erased before.');
    throw new PeopleError('unknown_person', `There is no person ${id}.`);
  }
  const { key } = person;
  const { rows: standing } = await sql`
    select 1 from consent_grant where person = ${key}::bigint and ended_at is null limit 1`.execute(tx);
  if (standing.length > 0) throw new PeopleError('has_grants', 'Grants of the person stand; they are ended first.');
  const logins = await tx.deleteFrom('login').where('person', '=', key).returning('login').execute();
  const failed = logins.map(({ login }) => failureSubject('login', login));
  if (failed.length > 0) await tx.deleteFrom('sign_in_failure').where('subject', 'in', failed).execute();
  await tx.deleteFrom('person_session').where('person', '=', key).execute();
  await tx.deleteFrom('activity').where('person', '=', key).execute();
  await tx
    .deleteFrom('contact')
    .where((of) => of.or([of('person', '=', key), of('contact', '=', key)]))
    .execute();
  await tx
    .deleteFrom('block')
    .where((of) => of.or([of('person', '=', key), of('blocked', '=', key)]))
    .execute();
  await sql`delete from presence_at where person = ${key}::bigint`.execute(tx);
  await sql`delete from presence where person = ${key}::bigint`.execute(tx);
  await sql`
    update consent_grant set device = null, client_name = null
    where person = ${key}::bigint and (device is not null or client_name is not null)`.execute(tx);
  await tx
    .updateTable('person')
    .set({ id: `erased.${randomUUID()}`, handle: null, name: ERASED_NAME, erased_at: sql<Date>`clock_timestamp()` })
    .where('key', '=', key)
    .execute();
  await tx
    .insertInto('erased_id')
    .values({ hash: hashOfId(id) })
    .execute();
  await appendEntry(tx, { kind: 'person_erased', actor, person: key });
  return key;
}
