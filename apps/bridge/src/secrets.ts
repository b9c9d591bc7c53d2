import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import type { AuthorityTables } from './authority/tables.js';

/**
 * A value that is made once for the whole installation, whatever the number of processes that start together: the
 * first insert wins and everybody reads it.
 */
export async function madeOnce(
  database: Database,
  name: string,
  make: () => string | Promise<string>,
): Promise<string> {
  const tables = database.tables<AuthorityTables>();
  const read = () => tables.selectFrom('secret').select('value').where('name', '=', name).executeTakeFirst();
  const there = await read();
  if (there) return there.value;
  await tables
    .insertInto('secret')
    .values({ name, value: await make() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await read())!.value;
}

/** One secret for the installation; keys for every purpose are derived from it. */
export class Secrets {
  private constructor(private readonly root: string) {}

  static async load(database: Database): Promise<Secrets> {
    return new Secrets(await madeOnce(database, 'root', () => randomBytes(32).toString('base64url')));
  }

  /** 32 bytes that are the same in every process. */
  key(purpose: string): Buffer {
    return createHmac('sha256', this.root).update(purpose).digest();
  }

  /** The token of a form that only whoever holds `binding` (a cookie's value) was shown. */
  formToken(binding: string): string {
    return createHmac('sha256', this.key('form')).update(binding).digest('base64url');
  }

  formTokenMatches(binding: string, token: string): boolean {
    const expected = Buffer.from(this.formToken(binding));
    const given = Buffer.from(token);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}
