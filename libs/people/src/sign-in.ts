import type { Database } from '@drawbridge/database';
import type { Kysely } from 'kysely';
import { FAILURES_WINDOW_MS, Failures, failureSubject } from './failures.js';
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
  windowMs: FAILURES_WINDOW_MS,
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
  private readonly failures: Failures;

  constructor(private readonly db: Database) {
    this.failures = new Failures(db);
  }

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
            subject: failureSubject('browser', `${browser!.id} ${row!.key}`),
            limit: SIGN_IN_LIMITS.failuresPerKnownBrowser,
          },
        ]
      : [
          { subject: failureSubject('login', name), limit: SIGN_IN_LIMITS.failuresPerLogin },
          { subject: failureSubject('address', networkOf(address)), limit: SIGN_IN_LIMITS.failuresPerAddress },
        ];
    const counted = await this.failures.count(subjects);
    if ('retryAfterMs' in counted) return { refused: 'limited', retryAfterMs: counted.retryAfterMs };

    const matches = await passwordMatches(password.slice(0, MAX_PASSWORD_LENGTH + 1), row?.password_hash);
    if (!row || !matches) return { refused: 'wrong' };
    await this.failures.takeBack(counted.attempts);
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
}
