import type { GatewayView, Grant } from '@drawbridge/consent';
import type { App, ReviewedPartner } from '@drawbridge/partners';
import type { Operator } from './operators.js';

/** What operators read, on the wire. Times are RFC 3339 in UTC with milliseconds, and what is absent is null. */

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

export function partnerView(partner: ReviewedPartner): object {
  const { id, name, homepage, privacyUrl, contact, scopes, status, statusBy, statusReason, endsReason } = partner;
  return {
    id,
    name,
    homepage,
    privacyUrl,
    contact,
    scopes,
    status,
    statusSince: time(partner.statusSince),
    statusBy,
    statusReason,
    reviewDueAt: time(partner.reviewDueAt),
    endsAt: time(partner.endsAt),
    endsReason,
    createdAt: time(partner.createdAt),
  };
}

export function appView(app: App): object {
  const { clientId, name, kind, redirectUris, scopes, requiresDpop, createdAt, partner } = app;
  return { clientId, partner: partner.id, name, kind, redirectUris, scopes, requiresDpop, createdAt: time(createdAt) };
}

/** Whose it is by the host platform's id, and no name: operators need none. */
export function grantView(grant: Grant): object {
  const { id, personId, clientId, appName, partner, partnerName, scopes, device, clientName, ended } = grant;
  return {
    id,
    person: personId,
    app: { id: clientId, name: appName },
    partner: { id: partner, name: partnerName },
    scopes,
    device,
    clientName,
    createdAt: time(grant.createdAt),
    lastConnectedAt: time(grant.lastConnectedAt),
    expiresAt: time(grant.expiresAt),
    status: ended === undefined ? 'standing' : 'ended',
    endReason: ended ?? null,
    endedAt: time(grant.endedAt),
  };
}

export function gatewayView(gateway: GatewayView): object {
  const { id, instance, leaseMs, renewedAt, ageMs, startedAt, connections, position, draining } = gateway;
  return {
    id,
    instance,
    lease: { ms: leaseMs, renewedAt: time(renewedAt), ageMs },
    connections,
    consentPosition: position,
    draining,
    drainRequestedBy: gateway.drainRequestedBy,
    startedAt: time(startedAt),
  };
}

export function operatorView({ name, createdAt, createdBy, lastUsedAt }: Operator): object {
  return { name, createdAt: time(createdAt), createdBy, lastUsedAt: time(lastUsedAt) };
}
