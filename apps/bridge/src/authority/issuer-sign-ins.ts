import { createHmac, randomBytes } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';
import type { Secrets } from '../secrets.js';
import { hashOf } from './hash.js';
import type { IssuerSecrets } from './issuer.js';
import { SIGN_IN_LIMITS } from './sign-in-cookies.js';
import type { AuthorityTables } from './tables.js';

/** What a person signs in for: an app (`target` is the sign-in's id), a device (its code), or Connected apps (the grant to show, or none). */
export interface IssuerPurpose {
  purpose: 'app' | 'device' | 'connected-apps';
  target: string;
}

export interface IssuerSignIn extends IssuerPurpose {
  secrets: IssuerSecrets;
  /** Since the person was sent to the provider. */
  elapsedS: number;
}

/**
 * Who is at the platform's provider at the moment. In the database, so that any process may see them come back, and so
 * that an answer is taken once. What is secret of it is made from `state`, which is in nobody's hands but the browser's
 * and the provider's.
 */
export class IssuerSignIns {
  private readonly key: Buffer;

  constructor(
    private readonly database: Database,
    secrets: Secrets,
  ) {
    this.key = secrets.key('issuer-sign-ins');
  }

  private get tables() {
    return this.database.tables<AuthorityTables>();
  }

  /** Of those that a browser has not finished, the latest stay (I9). */
  async begin(browser: string, { purpose, target }: IssuerPurpose): Promise<IssuerSecrets> {
    const state = randomBytes(32).toString('base64url');
    await sql`
      with over as (
        delete from issuer_sign_in where state in (
          select state from issuer_sign_in where browser = ${hashOf(browser)}
          order by started_at desc offset ${SIGN_IN_LIMITS.unfinished - 1}::integer)
      )
      insert into issuer_sign_in (state, browser, purpose, target)
      values (${hashOf(state)}, ${hashOf(browser)}, ${purpose}, ${target})`.execute(this.tables);
    return this.secretsOf(state);
  }

  /** The sign-in of this browser with this state, which is thereby used; undefined where there is none. */
  async take(browser: string, state: string): Promise<IssuerSignIn | undefined> {
    const { rows } = await sql<IssuerPurpose & { elapsedS: number }>`
      delete from issuer_sign_in
      where state = ${hashOf(state)} and browser = ${hashOf(browser)} and ${standing}
      returning purpose, target, extract(epoch from clock_timestamp() - started_at)::float8 as "elapsedS"`.execute(
      this.tables,
    );
    return rows[0] && { ...rows[0], secrets: this.secretsOf(state) };
  }

  /** Removes those that nobody came back from. */
  async sweep(): Promise<void> {
    await sql`delete from issuer_sign_in where not (${standing})`.execute(this.tables);
  }

  private secretsOf(state: string): IssuerSecrets {
    const of = (what: string) => createHmac('sha256', this.key).update(`${what} ${state}`).digest('base64url');
    return { state, nonce: of('nonce'), verifier: of('verifier') };
  }
}

const standing = sql<boolean>`started_at > clock_timestamp() - ${SIGN_IN_LIMITS.s} * interval '1 s'`;
