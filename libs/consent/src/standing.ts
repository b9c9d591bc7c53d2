import { type EndReason, type ScopeSet, scopeSet } from '@drawbridge/protocol';
import { type RawBuilder, sql } from 'kysely';

/** A grant with everything that decides whether it stands and what it may do, as one snapshot shows it. */
export interface StandingRow {
  id: string;
  person: number;
  personId: string;
  personHandle: string | null;
  personName: string;
  personErased: boolean;
  clientId: string;
  appName: string;
  appScopes: string[];
  appRemoved: boolean;
  appRequiresDpop: boolean;
  partner: string;
  partnerName: string;
  partnerHomepage: string;
  partnerEndsAt: Date | null;
  partnerScopes: string[];
  partnerStatus: 'pending' | 'approved' | 'suspended' | 'ended';
  /** Why all grants of before ended with those of the partner; null where this one did not. */
  voided: EndReason | null;
  scopes: string[];
  /** Ceilings that were lowered since the grant was made; raising one again widens nothing. */
  lowered: string[][];
  device: string | null;
  clientName: string | null;
  authTime: Date;
  createdAt: Date;
  expiresAt: Date;
  expired: boolean;
  lastConnectedAt: Date | null;
  endedAt: Date | null;
  endReason: EndReason | null;
}

export const standingColumns: RawBuilder<StandingRow> = sql<StandingRow>`
  g.id, g.person, pe.id as "personId", pe.handle as "personHandle", pe.name as "personName",
  pe.erased_at is not null as "personErased",
  g.client_id as "clientId", a.name as "appName", a.scopes as "appScopes", a.removed_at is not null as "appRemoved",
  a.requires_dpop as "appRequiresDpop",
  g.partner, p.name as "partnerName", p.homepage as "partnerHomepage",
  p.ends_at as "partnerEndsAt", p.scopes as "partnerScopes",
  p.status as "partnerStatus", case when p.voided_before > g.created_feed then
    coalesce((select f.reason from consent_feed f where f.number = p.voided_before), 'partner_suspended') end as voided, g.scopes,
  coalesce((select jsonb_agg(f.scopes) from consent_feed f where f.number > g.created_feed and
      (f.kind = 'app_narrowed' and f.client_id = g.client_id or f.kind = 'partner_narrowed' and f.partner = g.partner)),
    '[]'::jsonb) as lowered,
  g.device, g.client_name as "clientName", g.auth_time as "authTime", ms_up(g.created_at) as "createdAt",
  ms_up(g.expires_at) as "expiresAt",
  g.expires_at <= clock_timestamp()
    or (coalesce(g.last_connected_at, g.created_at) <= clock_timestamp() - g.idle_days * interval '1 day'
        and not exists (select from access_window w where w.grant_id = g.id and w.closed_at is null)) is true as expired,
  ms_up(g.last_connected_at) as "lastConnectedAt",
  ms_up(g.ended_at) as "endedAt", g.end_reason as "endReason"`;

export const standingTables = sql`(consent_grant g join app a on a.client_id = g.client_id
  join partner p on p.id = g.partner join person pe on pe.key = g.person)`;

/** Why the grant does not stand; undefined when it does. */
export function whyEnded(row: StandingRow): EndReason | undefined {
  if (row.endReason !== null) return row.endReason;
  if (row.partnerStatus === 'ended') return 'partner_ended';
  if (row.partnerStatus !== 'approved') return 'partner_suspended';
  if (row.voided) return row.voided;
  if (row.appRemoved || row.personErased) return 'revoked_by_operator';
  if (row.expired) return 'expired';
  return undefined;
}

/** grant ∩ app ∩ partner, and every ceiling that was lowered since. */
export function ceiling(row: StandingRow): ScopeSet {
  let set = scopeSet(row.scopes) & scopeSet(row.appScopes) & scopeSet(row.partnerScopes);
  for (const scopes of row.lowered) set &= scopeSet(scopes);
  return set;
}
