/** What the operators' HTTP API answers, as far as this command reads it. */
export type PartnerStatus = 'pending' | 'approved' | 'suspended' | 'ended';

export interface Partner {
  readonly id: string;
  readonly name: string;
  readonly homepage: string;
  readonly privacyUrl: string;
  readonly contact: string;
  readonly scopes: readonly string[];
  readonly status: PartnerStatus;
  readonly reviewDueAt?: string | null;
  /** Where it winds down: the day. */
  readonly endsAt?: string | null;
  readonly createdAt?: string;
}

export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly kind: 'native' | 'device' | 'web';
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly requiresDpop?: boolean;
  readonly createdAt?: string;
}

export interface Grant {
  readonly id: string;
  /** The host platform's id. */
  readonly person: string;
  readonly app: string | { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly endedAt?: string | null;
  readonly endReason?: string | null;
}

/** A running process that holds a lease, as it said of itself with its last renewal. */
export interface Gateway {
  readonly id: string;
  /** Of this process alone, should two have one name. */
  readonly instance: string;
  readonly leaseMs: number;
  readonly ageMs: number;
  readonly startedAt: string;
  readonly connections: number;
  /** How far it has applied the consent feed. */
  readonly position: number;
  readonly draining: boolean;
}

export interface Gateways {
  readonly gateways: readonly Gateway[];
  /** The head of the consent feed. */
  readonly head: number;
}

export interface Operator {
  readonly name: string;
  readonly createdAt?: string;
}

/** Whom something would concern. */
export interface Preview {
  readonly grants: number;
  readonly apps: number;
  readonly people: number;
}

export interface Receipt {
  readonly partner?: string;
  readonly app?: string;
  readonly grant?: string;
  readonly grants?: number;
  /** What is left, where scopes were taken away and not the whole. */
  readonly scopes?: readonly string[];
  readonly requestedAt: string;
  readonly effectiveAt: string;
  readonly connectionsClosed: number;
  readonly gateways: readonly {
    readonly id: string;
    readonly confirmed: 'ack' | 'lease_expired';
    readonly at: string;
  }[];
}
