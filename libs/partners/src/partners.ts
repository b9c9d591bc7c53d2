import { randomUUID } from 'node:crypto';
import { type Database, isUniqueViolation } from '@drawbridge/database';
import { type Scope, scopeSet, scopesOf } from '@drawbridge/protocol';
import type { Generated, Kysely } from 'kysely';
import { type AppKind, redirectUriProblem } from './redirect-uris.js';

export type PartnerStatus = 'pending' | 'approved' | 'suspended' | 'ended';

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

interface PartnersTables {
  partner: {
    id: string;
    name: string;
    homepage: string;
    privacy_url: string;
    contact: string;
    scopes: string[];
    status: PartnerStatus;
    voided_before: Generated<number>;
    review_due_at: Date | null;
    created_at: Generated<Date>;
  };
  app: {
    client_id: string;
    partner: string;
    name: string;
    kind: AppKind;
    redirect_uris: string[];
    scopes: string[];
    requires_dpop: boolean;
    removed_at: Date | null;
    created_at: Generated<Date>;
  };
}

export class PartnersError extends Error {
  override readonly name = 'PartnersError';
  constructor(
    readonly code: 'unknown_partner' | 'taken' | 'scopes_exceed_partner' | 'invalid',
    message: string,
  ) {
    super(message);
  }
}

export interface PartnerToCreate extends Omit<Partner, 'id' | 'status'> {
  id?: string;
  status?: PartnerStatus;
  reviewDueAt?: Date;
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
}

/** The registry of partners and their apps. */
export class Partners {
  constructor(private readonly db: Database) {}

  private get tables(): Kysely<PartnersTables> {
    return this.db.tables<PartnersTables>();
  }

  /** PartnersError `taken` for an id that is there already. */
  async createPartner(partner: PartnerToCreate): Promise<Partner> {
    const { id = randomUUID(), status = 'pending', scopes, name, homepage, privacyUrl, contact } = partner;
    for (const url of [homepage, privacyUrl]) {
      // They become links on the consent page.
      if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
        throw new PartnersError('invalid', `${url} is not a web address.`);
    }
    const row = {
      id,
      name,
      homepage,
      privacy_url: privacyUrl,
      contact,
      scopes: inOrder(scopes),
      status,
      review_due_at: partner.reviewDueAt ?? null,
    };
    await this.inserting(`The partner ${id}`, () => this.tables.insertInto('partner').values(row).execute());
    return { id, name, homepage, privacyUrl, contact, scopes: row.scopes, status };
  }

  /** PartnersError `scopes_exceed_partner`, `unknown_partner`, `taken`, or `invalid` for a redirect address. */
  async createApp(app: AppToCreate): Promise<void> {
    const { clientId, partner, name, kind, redirectUris, requiresDpop = false } = app;
    checkRedirectUris(kind, redirectUris);
    await this.tables.transaction().execute(async (tx) => {
      const owner = await tx
        .selectFrom('partner')
        .select('scopes')
        .where('id', '=', partner)
        .forShare()
        .executeTakeFirst();
      if (!owner) throw new PartnersError('unknown_partner', `There is no partner ${partner}.`);
      const beyond = app.scopes.filter((scope) => !owner.scopes.includes(scope));
      if (beyond.length > 0) {
        throw new PartnersError('scopes_exceed_partner', `The partner itself may not have ${beyond.join(', ')}.`);
      }
      const row = {
        client_id: clientId,
        partner,
        name,
        kind,
        redirect_uris: redirectUris,
        scopes: inOrder(app.scopes),
        requires_dpop: requiresDpop,
      };
      await this.inserting(`The app ${clientId}`, () => tx.insertInto('app').values(row).execute());
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

function checkRedirectUris(kind: AppKind, redirectUris: readonly string[]): void {
  for (const uri of redirectUris) {
    const problem = redirectUriProblem(kind, uri);
    if (problem) throw new PartnersError('invalid', `The redirect address ${uri} ${problem}.`);
  }
  if (kind !== 'device' && redirectUris.length === 0) {
    throw new PartnersError('invalid', 'The app needs a redirect address.');
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
    },
  };
}

function inOrder(scopes: readonly string[]): Scope[] {
  return scopesOf(scopeSet(scopes));
}
