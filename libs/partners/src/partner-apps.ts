import type { Database } from '@drawbridge/database';
import { appendEntry } from '@drawbridge/ledger';
import { checkRedirectUris } from './checks.js';
import { PartnersError } from './errors.js';
import { type App, MAX_APPS, Partners } from './partners.js';
import { tablesOf } from './tables.js';

/** What operators change about an app, beside its ceiling; what is left out stays. */
export interface AppChanges {
  name?: string;
  redirectUris?: string[];
  requiresDpop?: boolean;
}

/** The apps of one partner, as operators keep them. */
export class PartnerApps {
  private readonly partners: Partners;

  constructor(private readonly database: Database) {
    this.partners = new Partners(database);
  }

  /** All that were not removed, by name. */
  async list(partner: string): Promise<App[]> {
    return this.partners.appsOf(partner, MAX_APPS);
  }

  /** Undefined where the partner has no such app. */
  async find(partner: string, clientId: string): Promise<App | undefined> {
    const app = await this.partners.app(clientId);
    return app?.partner.id === partner ? app : undefined;
  }

  /** PartnersError `unknown_app`, `wrong_status` where the partner has ended, `invalid` for a redirect address. */
  async change(partner: string, clientId: string, changes: AppChanges, by: string): Promise<void> {
    await tablesOf(this.database)
      .transaction()
      .execute(async (tx) => {
        const before = await tx
          .selectFrom('app')
          .innerJoin('partner', 'partner.id', 'app.partner')
          .select(['app.name', 'app.kind', 'app.redirect_uris', 'app.requires_dpop', 'partner.status'])
          .where('app.client_id', '=', clientId)
          .where('app.partner', '=', partner)
          .where('app.removed_at', 'is', null)
          .forNoKeyUpdate('app')
          .executeTakeFirst();
        if (!before) throw new PartnersError('unknown_app', `The partner has no app ${clientId}.`);
        if (before.status === 'ended') throw new PartnersError('wrong_status', 'The partner has ended.');
        if (changes.redirectUris) checkRedirectUris(before.kind, changes.redirectUris);
        const after = {
          name: changes.name ?? before.name,
          redirectUris: changes.redirectUris ?? before.redirect_uris,
          requiresDpop: changes.requiresDpop ?? before.requires_dpop,
        };
        const was = { name: before.name, redirectUris: before.redirect_uris, requiresDpop: before.requires_dpop };
        const changed = (Object.keys(after) as (keyof AppChanges)[]).filter(
          (property) => JSON.stringify(was[property]) !== JSON.stringify(after[property]),
        );
        if (changed.length === 0) return;
        await tx
          .updateTable('app')
          .set({ name: after.name, redirect_uris: after.redirectUris, requires_dpop: after.requiresDpop })
          .where('client_id', '=', clientId)
          .execute();
        const data = Object.fromEntries(changed.map((p) => [p, { from: was[p], to: after[p] }]));
        await appendEntry(tx, { kind: 'app_changed', actor: by, app: clientId, partner, data });
      });
  }
}
