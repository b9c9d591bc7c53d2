import { RECEIPT_DAYS, type Receipt } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import type { EndReason } from '@drawbridge/protocol';
import { sql } from 'kysely';

/** A grant that stands no longer, with the receipt of its end where that end was asked for. */
export interface EndedGrant {
  id: string;
  appName: string;
  partnerName: string;
  device: string | null;
  clientName: string | null;
  reason: EndReason;
  /** When the person allowed it. */
  createdAt: Date;
  endedAt: Date;
  requestedAt: Date | null;
  /** Null while the gateways are still being waited for. */
  effectiveAt: Date | null;
  connectionsClosed: number | null;
  gateways: Receipt['gateways'] | null;
}

const LISTED_MAX = 100;

/** What a person ended, or what ended by itself, while its receipt is kept; the latest first. */
export async function endedGrants(database: Database, person: number): Promise<EndedGrant[]> {
  const { rows } = await sql<EndedGrant>`
    select g.id, a.name as "appName", p.name as "partnerName", g.device, g.client_name as "clientName",
           g.end_reason as reason, ms_up(g.created_at) as "createdAt", g.ended_at as "endedAt",
           r.requested_at as "requestedAt", r.effective_at as "effectiveAt",
           r.connections_closed as "connectionsClosed", r.gateways
    from consent_grant g join app a on a.client_id = g.client_id join partner p on p.id = g.partner
    left join consent_receipt r on r.number = g.ended_with or (r.grant_id = g.id and r.kind = 'grant_ended')
    where g.person = ${person}::bigint and g.ended_at > clock_timestamp() - ${RECEIPT_DAYS}::integer * interval '1 day'
    order by g.ended_at desc, g.id limit ${LISTED_MAX}::integer`.execute(database.tables());
  return rows;
}
