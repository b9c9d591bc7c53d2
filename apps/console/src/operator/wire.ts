/** What the operators' HTTP API answers, as far as the console reads it (docs/operators.md). */

export interface Partner {
  readonly id: string;
  readonly name: string;
  readonly status: 'pending' | 'approved' | 'suspended' | 'ended';
  readonly statusSince: string | null;
  readonly statusBy: string | null;
  readonly statusReason: string | null;
}

export interface Grant {
  readonly id: string;
  /** The host platform's id. */
  readonly person: string;
  readonly app: { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly clientName: string | null;
  /** Where the person signed in, such as Chrome on Linux. */
  readonly device: string | null;
  readonly createdAt: string;
  readonly lastConnectedAt: string | null;
  readonly status: 'standing' | 'ended';
  readonly endReason: string | null;
  readonly endedAt: string | null;
}

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

/** Whom something would concern. */
export interface Preview {
  readonly grants: number;
  readonly apps: number;
  readonly people: number;
  /** Of a drain. */
  readonly connections?: number;
}

export interface Receipt {
  readonly grant?: string;
  readonly partner?: string;
  readonly grants?: number;
  readonly requestedAt: string;
  readonly effectiveAt: string;
  readonly connectionsClosed: number;
  readonly gateways: readonly Confirmation[];
}

/** One entry of the record, as far as an end of consent is told from others by it. */
export interface RecordEntry {
  readonly kind: string;
  /** An operator's name, `person`, `bridge`, or the app. */
  readonly actor: string;
  readonly data: { readonly reason?: string; readonly note?: string };
}

export interface Confirmation {
  readonly id: string;
  readonly confirmed: 'ack' | 'lease_expired';
  readonly at: string;
  readonly lastSeq?: number;
}
