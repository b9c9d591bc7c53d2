import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { appendEntry } from '@drawbridge/ledger';
import { BRIDGE_SCOPES, type EndReason, isScope, type Scope, scopesOf } from '@drawbridge/protocol';
import { type RawBuilder, sql } from 'kysely';
import { ceiling, type StandingRow, standingColumns, standingTables, whyEnded } from './standing.js';

/** What one person allowed one app in one sign-in, as it stands at the moment of reading. */
export interface Grant {
  id: string;
  /** The person's internal key. */
  person: number;
  personId: string;
  clientId: string;
  appName: string;
  partner: string;
  partnerName: string;
  partnerHomepage: string;
  /** When the partner ends, and this grant with it, where that is planned. */
  partnerEndsAt: Date | null;
  /** grant ∩ app ∩ partner, in the order of the consent page. */
  scopes: Scope[];
  /** Where the person signed in. */
  device: string | null;
  /** What the app last called itself when it connected (protocol 5.1), fit to be shown. */
  clientName: string | null;
  authTime: Date;
  createdAt: Date;
  expiresAt: Date;
  lastConnectedAt: Date | null;
  /** Why it stands no longer; undefined while it stands. */
  ended: EndReason | undefined;
  /** When; null also where it ended with its partner or ran out and was not swept yet. */
  endedAt: Date | null;
}

/** A grant as Connected apps lists it. */
export type GrantView = Grant;

export interface GrantToCreate {
  /** A UUID v4; made here when absent. */
  id?: string;
  person: number;
  clientId: string;
  partner: string;
  scopes: readonly string[];
  device?: string;
  /** When the person signed in: the grant lasts `days` from here. */
  authTime: Date;
  days: number;
  /** It ends when no connection used it for so long. */
  idleDays?: number;
}

export class GrantError extends Error {
  override readonly name = 'GrantError';
  constructor(
    readonly code: 'app_not_allowed' | 'no_scope',
    message: string,
  ) {
    super(message);
  }
}

/** Grants shown to one person at most; older ones are found by id. */
const MAX_LISTED = 1_000;

export class Grants {
  constructor(private readonly database: Database) {}

  /**
   * Makes a grant with those of `scopes` that the app and its partner may have, and puts it on the record. GrantError
   * `app_not_allowed` when the app is not this partner's, is removed, the partner is not approved, or the person was
   * erased meanwhile; `no_scope` when no bridge scope is left.
   */
  async create(grant: GrantToCreate): Promise<Grant> {
    const id = grant.id ?? randomUUID();
    const scopes = grant.scopes.filter(isScope);
    return await this.database
      .tables<object>()
      .transaction()
      .execute(async (tx) => {
        const { rows } = await sql<{ scopes: string[] }>`
          insert into consent_grant (id, person, client_id, partner, scopes, device, auth_time, created_feed, expires_at, idle_days)
          select ${id}::uuid, ${grant.person}::bigint, a.client_id, a.partner,
                 array(select s from unnest(${scopes}::text[]) s where s = any (a.scopes) and s = any (p.scopes)),
                 ${grant.device ?? null}::text, ${grant.authTime.toISOString()}::timestamptz, c.number,
                 ${grant.authTime.toISOString()}::timestamptz + ${grant.days}::double precision * interval '1 day',
                 ${grant.idleDays ?? null}::double precision
          from app a join partner p on p.id = a.partner cross join consent_feed_counter c
          join person pe on pe.key = ${grant.person}::bigint and pe.erased_at is null
          where a.client_id = ${grant.clientId}::text and a.partner = ${grant.partner}::uuid
            and a.removed_at is null and p.status = 'approved'
          for key share of pe
          returning scopes`.execute(tx);
        const made = rows[0];
        if (!made)
          throw new GrantError('app_not_allowed', `The app ${grant.clientId} may not be connected at present.`);
        if (!made.scopes.some((scope) => BRIDGE_SCOPES.some((known) => known === scope))) {
          throw new GrantError('no_scope', 'A grant needs at least one bridge scope.');
        }
        const row = (await select(sql`g.id = ${id}::uuid`, 1).execute(tx)).rows[0];
        if (!row) throw new Error('The grant just made is not there.');
        const created = grantOf(row);
        await appendEntry(tx, {
          kind: 'grant_created',
          actor: 'person',
          person: created.person,
          grant: id,
          app: created.clientId,
          partner: created.partner,
          data: { scopes: created.scopes, expiresAt: created.expiresAt.toISOString() },
        });
        return created;
      });
  }

  /** Ended grants too; undefined for an id that is no grant. */
  async find(id: string): Promise<Grant | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await select(sql`g.id = ${id}::uuid`, 1).execute(this.database.tables());
    return rows[0] && grantOf(rows[0]);
  }

  /**
   * Notes on the person's grants that ended with their app or partner that they have, and with which receipt. They allow
   * nothing since; a sweep comes to all of them in time.
   */
  async settleVoided(person: number): Promise<void> {
    await sql`select settle_voided(array(
      select id from consent_grant where person = ${person}::bigint and ended_at is null
      order by created_at desc limit ${MAX_LISTED}::integer))`.execute(this.database.tables());
  }

  /** The grants of a person that stand, newest first. */
  async listForPerson(person: number): Promise<GrantView[]> {
    await this.settleVoided(person);
    const { rows } = await select(sql`g.person = ${person}::bigint and g.ended_at is null`, MAX_LISTED).execute(
      this.database.tables(),
    );
    return rows.map(grantOf).filter((grant) => grant.ended === undefined);
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

export function select(where: RawBuilder<unknown>, limit: number): RawBuilder<StandingRow> {
  return sql<StandingRow>`select ${standingColumns} from ${standingTables} where ${where}
    order by g.created_at desc, g.id desc limit ${limit}::integer`;
}

export function grantOf(row: StandingRow): Grant {
  return {
    id: row.id,
    person: row.person,
    personId: row.personId,
    clientId: row.clientId,
    appName: row.appName,
    partner: row.partner,
    partnerName: row.partnerName,
    partnerHomepage: row.partnerHomepage,
    partnerEndsAt: row.partnerEndsAt,
    scopes: scopesOf(ceiling(row)),
    device: row.device,
    clientName: row.clientName,
    authTime: row.authTime,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    lastConnectedAt: row.lastConnectedAt,
    ended: whyEnded(row),
    endedAt: row.endedAt,
  };
}
