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
  readonly person: string;
  readonly app: string | { readonly id?: string; readonly clientId?: string; readonly name: string };
  readonly partner?: string | { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly endedAt?: string | null;
}

export interface Gateway {
  readonly id: string;
  readonly connections: number;
  readonly draining: boolean;
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
