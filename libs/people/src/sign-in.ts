import { createHash } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { type Kysely, sql } from 'kysely';
import { networkOf } from './network.js';
import { MAX_PASSWORD_LENGTH, normaliseLogin, passwordMatches } from './password.js';
import type { Person } from './people.js';
import type { PeopleTables } from './tables.js';

/** How often one may be wrong within the window before even the right password is refused. */
export const SIGN_IN_LIMITS = {
  failuresPerLogin: 10,
  failuresPerAddress: 50,
  /** With a browser that the person has signed in with before. */
  failuresPerKnownBrowser: 10,
  windowMs: 15 * 60_000,
} as const;

/** A browser that some persons have signed in with before; nobody else can show it. */
export interface KnownBrowser {
  readonly id: string;
  knows(person: number): boolean;
}

export interface SignInAttempt {
  login: string;
  password: string;
  /** The network address the attempt came from. */
  address: string;
  browser?: KnownBrowser | undefined;
}

export type SignInResult = { person: Person } | { refused: 'wrong' | 'limited'; retryAfterMs?: number };

/** The built-in sign-in: argon2id, and limits that hold whatever number of processes answers. */
export class SignIn {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PeopleTables> {
    return this.db.tables<PeopleTables>();
  }

  /**
   * `wrong` does not say which part was wrong and takes the same time for a login nobody has. The attempt is counted
   * as a failure before the password is looked at and taken back on success: many attempts at once are no way around
   * the limit. A browser that knows the person has failures of its own: strangers who fail on purpose do not keep the
   * person out.
   */
  async attempt({ login, password, address, browser }: SignInAttempt): Promise<SignInResult> {
    const name = normaliseLogin(login);
    const row = await this.personWith(name);
    // Nobody has the key 0: a login that nobody has takes the same steps.
    const isKnown = browser?.knows(row?.key ?? 0) ?? false;
    const subjects = isKnown
      ? [
          {
            subject: subjectOf('browser', `${browser!.id} ${row!.key}`),
            limit: SIGN_IN_LIMITS.failuresPerKnownBrowser,
          },
        ]
      : [
          { subject: subjectOf('login', name), limit: SIGN_IN_LIMITS.failuresPerLogin },
          { subject: subjectOf('address', networkOf(address)), limit: SIGN_IN_LIMITS.failuresPerAddress },
        ];
    const counted = await this.count(subjects);
    if ('retryAfterMs' in counted) return { refused: 'limited', retryAfterMs: counted.retryAfterMs };

    const matches = await passwordMatches(password.slice(0, MAX_PASSWORD_LENGTH + 1), row?.password_hash);
    if (!row || !matches) return { refused: 'wrong' };
    await this.tables.deleteFrom('sign_in_failure').where('id', 'in', counted.attempts).execute();
    return { person: { key: row.key, id: row.id, handle: row.handle ?? row.id, name: row.name } };
  }

  private async personWith(login: string) {
    // PostgreSQL's text holds no NUL: nobody has such a login.
    if (login.includes('\0')) return undefined;
    return this.tables
      .selectFrom('login')
      .innerJoin('person', 'person.key', 'login.person')
      .select(['person.key', 'person.id', 'person.handle', 'person.name', 'login.password_hash'])
      .where('login.login', '=', login)
      .where('person.erased_at', 'is', null)
      .executeTakeFirst();
  }

  private count(
    subjects: { subject: string; limit: number }[],
  ): Promise<{ attempts: number[] } | { retryAfterMs: number }> {
    return this.tables.transaction().execute(async (tx) => {
      // One at a time per subject, in one order for everybody: the count and the insert are one step.
      for (const { subject } of subjects.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))) {
        await sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 0))`.execute(tx);
      }
      let retryAfterMs = 0;
      for (const { subject, limit } of subjects) {
        // The oldest of the last `limit` failures says when there is room again.
        const oldest = await sql<{ wait: number }>`
          select ceil(extract(epoch from at + ${SIGN_IN_LIMITS.windowMs} * interval '1 ms' - clock_timestamp()) * 1000)::int8 as wait
          from sign_in_failure where subject = ${subject} order by at desc offset ${limit - 1} limit 1`.execute(tx);
        retryAfterMs = Math.max(retryAfterMs, Number(oldest.rows[0]?.wait ?? 0));
      }
      if (retryAfterMs > 0) return { retryAfterMs };
      await sql`delete from sign_in_failure where id in (select id from sign_in_failure
        where at < clock_timestamp() - ${SIGN_IN_LIMITS.windowMs} * interval '1 ms' limit 100 for update skip locked)`.execute(
        tx,
      );
      const rows = await tx
        .insertInto('sign_in_failure')
        .values(subjects.map(({ subject }) => ({ subject })))
        .returning('id')
        .execute();
      return { attempts: rows.map((row) => row.id) };
    });
  }
}

/** Hashed, because people type passwords into the wrong field, and addresses are nobody's business. */
function subjectOf(kind: 'login' | 'address' | 'browser', value: string): string {
  return `${kind}:${createHash('sha256').update(value).digest('base64url')}`;
}
