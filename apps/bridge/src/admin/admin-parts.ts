import { Endings, Gateways, Grants, GrantsSeen } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import { PartnerApps, PartnerLife, Partners } from '@drawbridge/partners';
import { Operators } from './operators.js';

/** What the operators' calls are made of. */
export class AdminParts {
  readonly partners: Partners;
  readonly life: PartnerLife;
  readonly apps: PartnerApps;
  readonly grants: Grants;
  readonly seen: GrantsSeen;
  readonly gateways: Gateways;
  readonly operators: Operators;

  constructor(
    readonly database: Database,
    readonly endings: Endings,
    adminToken: string | undefined,
  ) {
    this.partners = new Partners(database);
    this.life = new PartnerLife(database);
    this.apps = new PartnerApps(database);
    this.grants = new Grants(database);
    this.seen = new GrantsSeen(database);
    this.gateways = new Gateways(database);
    this.operators = new Operators(database, adminToken);
  }
}
