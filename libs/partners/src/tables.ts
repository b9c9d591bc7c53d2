import type { Database } from '@drawbridge/database';
import type { Generated, Kysely } from 'kysely';
import type { AppKind } from './redirect-uris.js';

export type PartnerStatus = 'pending' | 'approved' | 'suspended' | 'ended';

export interface PartnersTables {
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
    ends_at: Generated<Date | null>;
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

export function tablesOf(database: Database): Kysely<PartnersTables> {
  return database.tables<PartnersTables>();
}
