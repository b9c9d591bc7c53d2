import { Endings, type Receipt } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { People, PeopleError } from '@drawbridge/people';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { OidcArtifacts } from './oidc-artifacts.js';

/** A sign-in may make a grant between the last end and the erasing; so often it is tried again. */
const MAX_ATTEMPTS = 5;
const GRANTS_AT_ONCE = 200;

/** Erases a person: their grants end first, with receipts; then everything that identifies them is removed. */
@Injectable()
export class Erasing {
  constructor(
    private readonly database: Database,
    private readonly people: People,
    private readonly endings: Endings,
    private readonly artifacts: OidcArtifacts,
  ) {}

  /**
   * PeopleError `unknown_person`, or `erased` for who is erased already. EndUnconfirmed where from when on the end of a
   * grant holds could not be found out: then the person is not erased yet, and the same again goes on.
   */
  async erase(id: string, by: string): Promise<Receipt[]> {
    const person = await this.people.byId(id);
    const receipts: Receipt[] = [];
    for (let attempt = 1; ; attempt++) {
      if (person) receipts.push(...(await this.endAll(person.key, by)));
      try {
        await this.people.erase(id, by);
        await this.artifacts.forgetPerson(id);
        return receipts;
      } catch (error) {
        const again = error instanceof PeopleError && error.code === 'has_grants' && attempt < MAX_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  private async endAll(person: number, by: string): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    for (;;) {
      const { rows } = await sql<{ id: string }>`
        select id from consent_grant where person = ${person}::bigint and ended_at is null
        order by id limit ${GRANTS_AT_ONCE}::integer`.execute(this.database.tables());
      if (rows.length === 0) return receipts;
      const grants = rows.map((row) => row.id);
      receipts.push(...(await this.endings.end({ grants, reason: 'revoked_by_operator', by })));
      await Promise.all(grants.map((grant) => this.artifacts.forgetGrant(grant)));
    }
  }
}
