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
  readonly statusSince: string | null;
  readonly statusBy: string | null;
  readonly statusReason: string | null;
  readonly reviewDueAt: string | null;
  /** Where its end is planned. */
  readonly endsAt: string | null;
  readonly endsReason: string | null;
}

export interface App {
  readonly clientId: string;
  readonly name: string;
  readonly kind: 'native' | 'device' | 'web';
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly requiresDpop: boolean;
}

export interface Grant {
  readonly id: string;
  /** The host platform's id. */
  readonly person: string;
  readonly app: { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly lastConnectedAt: string | null;
  readonly status: 'standing' | 'ended';
  readonly endReason: string | null;
  readonly endedAt: string | null;
}

/** A running process that holds a lease, as it said of itself with its last renewal. */
export interface Gateway {
  readonly id: string;
  /** Of this process alone, should two have one name. */
  readonly instance: string;
  readonly lease: { readonly ms: number; readonly ageMs: number };
  readonly startedAt: string;
  readonly connections: number;
  /** How far it has applied the consent feed. */
  readonly consentPosition: number;
  readonly draining: boolean;
}

export interface Gateways {
  readonly gateways: readonly Gateway[];
  /** The head of the consent feed. */
  readonly consentHead: number;
}

export interface Operator {
  readonly name: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly lastUsedAt: string | null;
}

export interface Entry {
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly grant: string | null;
  readonly app: string | null;
  readonly partner: string | null;
  readonly data: Readonly<Record<string, unknown>>;
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

export interface WebhooksState {
  readonly url: string | null;
  readonly wanted: boolean;
  readonly waiting: number;
  readonly oldestAt: string | null;
  readonly failing: number;
  readonly lastError: string | null;
  readonly parked: number;
  readonly events: readonly {
    readonly id: string;
    readonly type: string;
    readonly at: string;
    readonly parkedAt: string;
    readonly attempts: number;
    readonly lastError: string | null;
  }[];
  readonly failingEvents: readonly {
    readonly id: string;
    readonly type: string;
    readonly key: string;
    readonly attempts: number;
    readonly lastError: string | null;
    readonly nextTryAt: string | null;
  }[];
}

export interface WebhookTest {
  readonly url: string;
  readonly told: boolean;
  readonly ms: number;
  readonly error: string | null;
}
