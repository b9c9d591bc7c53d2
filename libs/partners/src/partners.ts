import { randomUUID } from 'node:crypto';
import { type Database, isUniqueViolation } from '@drawbridge/database';
import { appendEntry } from '@drawbridge/ledger';
import type { Scope } from '@drawbridge/protocol';
import type { Kysely } from 'kysely';
import { checkCeiling, checkLinks, checkRedirectUris, inOrder } from './checks.js';
import { PartnersError } from './errors.js';
import type { AppKind } from './redirect-uris.js';
import { type PartnerStatus, type PartnersTables, tablesOf } from './tables.js';

/** An organisation that is reviewed and allowed to build on the bridge. */
export interface Partner {
  id: string;
  name: string;
  homepage: string;
  privacyUrl: string;
  contact: string;
  /** The ceiling of all its apps. */
  scopes: Scope[];
  status: PartnerStatus;
  /** When it is going to end, where that is planned. */
  endsAt: Date | null;
}

/** One OAuth client of a partner. */
export interface App {
  clientId: string;
  name: string;
  kind: AppKind;
  redirectUris: string[];
  /** The ceiling of all its grants, already cut to the partner's. */
  scopes: Scope[];
  requiresDpop: boolean;
  createdAt: Date;
  partner: Partner;
}

export interface PartnerToCreate extends Omit<Partner, 'id' | 'status' | 'endsAt'> {
  id?: string;
  status?: PartnerStatus;
  reviewDueAt?: Date | null;
  /** Who registers it, for the record. */
  by?: string;
}

export interface AppToCreate {
  clientId: string;
  /** The partner's id. */
  partner: string;
  name: string;
  kind: AppKind;
  redirectUris: string[];
  scopes: Scope[];
  requiresDpop?: boolean;
  /** Who registers it, for the record. */
  by?: string;
}

/** Of one partner: what is listed on one page, and asked about in one breath. */
export const MAX_APPS = 100;

/** The registry of partners and their apps. */
export class Partners {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PartnersTables> {
    return tablesOf(this.db);
  }

  /** PartnersError `taken` for an id that is there already. */
  async createPartner(partner: PartnerToCreate): Promise<Partner> {
    const { id = randomUUID(), status = 'pending', scopes, name, homepage, privacyUrl, contact } = partner;
    const { by = 'bridge', reviewDueAt = null } = partner;
    checkLinks({ homepage, privacyUrl });
    const row = {
      id,
      name,
      homepage,
      privacy_url: privacyUrl,
      contact,
      scopes: inOrder(scopes),
      status,
      review_due_at: reviewDueAt,
    };
    await this.inserting(`The partner ${id}`, () =>
      this.tables.transaction().execute(async (tx) => {
        await tx.insertInto('partner').values(row).execute();
        const data = { name, status, scopes: row.scopes, reviewDueAt };
        await appendEntry(tx, { kind: 'partner_created', actor: by, partner: id, data });
      }),
    );
    return { id, name, homepage, privacyUrl, contact, scopes: row.scopes, status, endsAt: null };
  }

  /**
   * PartnersError `scopes_exceed_partner`, `unknown_partner`, `wrong_status` for a partner that has ended, `taken` for
   * an id that is there already or once was, `too_many_apps`, or `invalid` for a redirect address.
   */
  async createApp(app: AppToCreate): Promise<void> {
    const { clientId, partner, name, kind, redirectUris, requiresDpop = false, by = 'bridge' } = app;
    checkRedirectUris(kind, redirectUris);
    const row = {
      client_id: clientId,
      partner,
      name,
      kind,
      redirect_uris: redirectUris,
      scopes: inOrder(app.scopes),
      requires_dpop: requiresDpop,
    };
    await this.tables.transaction().execute(async (tx) => {
      const owner = await tx
        .selectFrom('partner')
        .select(['scopes', 'status'])
        .where('id', '=', partner)
        // So that its apps are counted by one at a time, and its ceiling stays.
        .forNoKeyUpdate()
        .executeTakeFirst();
      if (!owner) throw new PartnersError('unknown_partner', `There is no partner ${partner}.`);
      if (owner.status === 'ended') throw new PartnersError('wrong_status', 'The partner has ended.');
      checkCeiling(app.scopes, owner.scopes);
      const apps = tx.selectFrom('app').where('partner', '=', partner).where('removed_at', 'is', null);
      const { count } = await apps.select((q) => q.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
      if (count >= MAX_APPS) throw new PartnersError('too_many_apps', `A partner has at most ${MAX_APPS} apps.`);
      await this.inserting(`The app ${clientId}`, () => tx.insertInto('app').values(row).execute());
      const data = { name, kind, redirectUris, scopes: row.scopes, requiresDpop };
      await appendEntry(tx, { kind: 'app_created', actor: by, app: clientId, partner, data });
    });
  }

  /** Replaces the redirect addresses of an app. PartnersError `invalid`; nothing happens where there is no such app. */
  async setRedirectUris(clientId: string, redirectUris: readonly string[]): Promise<void> {
    const kind = (await this.app(clientId))?.kind;
    if (kind === undefined) return;
    checkRedirectUris(kind, redirectUris);
    await this.tables
      .updateTable('app')
      .set({ redirect_uris: [...redirectUris] })
      .where('client_id', '=', clientId)
      .execute();
  }

  /** From now on the app gets tokens bound to a key of its own only, and opens with no other (RFC 9449); or with any. */
  async setRequiresDpop(clientId: string, requiresDpop: boolean): Promise<void> {
    await this.tables
      .updateTable('app')
      .set({ requires_dpop: requiresDpop })
      .where('client_id', '=', clientId)
      .execute();
  }

  /** The app with its partner, whatever the partner's status; undefined when there is none or it was removed. */
  async app(clientId: string): Promise<App | undefined> {
    const row = await this.joined().where('app.client_id', '=', clientId).executeTakeFirst();
    return row && appOf(row);
  }

  async apps(): Promise<App[]> {
    const rows = await this.joined().orderBy('partner.name').orderBy('app.name').orderBy('app.client_id').execute();
    return rows.map(appOf);
  }

  /** Of one partner, by name. */
  async appsOf(partner: string, limit: number): Promise<App[]> {
    const rows = await this.joined()
      .where('partner.id', '=', partner)
      .orderBy('app.name')
      .orderBy('app.client_id')
      .limit(limit)
      .execute();
    return rows.map(appOf);
  }

  private joined() {
    return this.tables
      .selectFrom('app')
      .innerJoin('partner', 'partner.id', 'app.partner')
      .where('app.removed_at', 'is', null)
      .select([
        'app.client_id',
        'app.name',
        'app.kind',
        'app.redirect_uris',
        'app.scopes',
        'app.requires_dpop',
        'app.created_at',
        'partner.id as partner_id',
        'partner.name as partner_name',
        'partner.homepage',
        'partner.privacy_url',
        'partner.contact',
        'partner.scopes as partner_scopes',
        'partner.status',
        'partner.ends_at',
      ]);
  }

  private async inserting(what: string, insert: () => Promise<unknown>): Promise<void> {
    try {
      await insert();
    } catch (error) {
      if (isUniqueViolation(error)) throw new PartnersError('taken', `${what} is there already.`);
      throw error;
    }
  }
}

type JoinedRow = Awaited<ReturnType<ReturnType<Partners['joined']>['execute']>>[number];

function appOf(row: JoinedRow): App {
  const partnerScopes = inOrder(row.partner_scopes);
  return {
    clientId: row.client_id,
    name: row.name,
    kind: row.kind,
    redirectUris: row.redirect_uris,
    scopes: inOrder(row.scopes).filter((scope) => partnerScopes.includes(scope)),
    requiresDpop: row.requires_dpop,
    createdAt: row.created_at,
    partner: {
      id: row.partner_id,
      name: row.partner_name,
      homepage: row.homepage,
      privacyUrl: row.privacy_url,
      contact: row.contact,
      scopes: partnerScopes,
      status: row.status,
      endsAt: row.ends_at,
    },
  };
}
