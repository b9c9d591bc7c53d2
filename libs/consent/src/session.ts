import { type EndReason, type ScopeSet, scopeSet } from '@drawbridge/protocol';
import type { LeaseClock } from './clock.js';
import type { FeedRow } from './feed.js';

/** Called synchronously while the feed is applied. May be called before `open` has given its session. */
export interface SessionListener {
  /** Nothing may be written from here on: drop what waits. */
  ended(reason: EndReason): void;
  narrowed(scopes: ScopeSet): void;
  /** The grant has more connections than it may have, and this is among the oldest. */
  superseded(): void;
}

export interface SessionPerson {
  key: number;
  id: string;
  handle: string;
  name: string;
}

export interface SessionApp {
  id: string;
  name: string;
  /** The partner's name. */
  partner: string;
}

export interface OpenRequest {
  grant: string;
  /** Of the token: another app's grant is as good as none. */
  clientId: string;
  personId: string;
  tokenScopes: ScopeSet;
  /** The token is bound to a key, which the client has shown that it holds. */
  keyShown?: boolean;
  /** May also be set on the session afterwards; nothing is allowed before. */
  tokenExpiresAtMs?: number;
  /** What the client calls itself, for the person to know it by. */
  clientName?: string;
  /** What the access window starts after, where the client resumes; without it, at the head of the mailbox. */
  fromSeq?: number;
  listener: SessionListener;
}

/** What a connection may do, as the database stated it at feed number `version`. */
export interface Admission {
  version: number;
  partnerId: string;
  person: SessionPerson;
  app: SessionApp;
  grantExpiresAt: Date;
  ceiling: ScopeSet;
}

/** The consent of one connection. What is read at every frame is numbers of this object and of the lease's clock. */
export class ConsentSession {
  readonly grant: string;
  readonly clientId: string;
  scopes: ScopeSet = 0;
  ended: EndReason | undefined;
  /** Of the access token, in database time. Nothing is allowed until it is set. */
  tokenExpiresAtMs: number;
  /** The last durable event handed to the socket; the gateway sets it at each write. */
  lastSeq = 0;
  /** What its access window begins after, exactly (I8); undefined where it cannot read. */
  fromSeq: number | undefined;
  person!: SessionPerson;
  app!: SessionApp;
  grantExpiresAt!: Date;

  /** @internal The feed row that ended it. */
  endedBy = 0;
  /** @internal False when closed, or dropped with the lease. */
  live = true;
  /** @internal Its access window, while nobody has undertaken to close it. */
  window: number | undefined;
  /** @internal Statements under way on this grant. */
  inFlight = 0;
  private readonly listener: SessionListener;
  private readonly tokenScopes: ScopeSet;
  private version = -1;
  private ceiling: ScopeSet = 0;
  private partnerId = '';
  private grantExpiresAtMs = 0;

  constructor(
    request: OpenRequest,
    private readonly clock: LeaseClock,
    private readonly lease: {
      settled(session: ConsentSession): void;
      closed(session: ConsentSession): Promise<void>;
      beganAnew(session: ConsentSession, fromSeq: number): Promise<void>;
    },
  ) {
    this.grant = request.grant;
    this.clientId = request.clientId;
    this.tokenScopes = request.tokenScopes;
    this.tokenExpiresAtMs = request.tokenExpiresAtMs ?? 0;
    this.listener = request.listener;
  }

  /** I1, I6: whether a frame that needs `scope` (0: none) may be written or accepted in this very step. */
  canDeliver(scope: ScopeSet): boolean {
    return (
      this.live &&
      this.ended === undefined &&
      (this.scopes & scope) === scope &&
      this.clock.allowsUntil(Math.min(this.tokenExpiresAtMs, this.grantExpiresAtMs))
    );
  }

  /**
   * A new token of the same grant. It may take scopes away and gives none back: what this connection was not sent while
   * a scope was missing would be a gap that its client cannot see (I4). A wider token opens another connection.
   */
  renewToken(token: { scopes: ScopeSet; expiresAtMs: number }): void {
    this.tokenExpiresAtMs = token.expiresAtMs;
    this.scopes &= token.scopes;
  }

  /** A statement on this grant is sent. The acknowledgement of an end waits for it (I2). */
  began(): void {
    this.inFlight++;
  }

  /** The statement has been answered, or has failed for good. */
  done(): void {
    if (--this.inFlight === 0) this.lease.settled(this);
  }

  /** The place it asked to resume from is none. Before the first delivery the record says that it begins after `fromSeq` (I8). */
  async beganAnew(fromSeq: number): Promise<void> {
    await this.lease.beganAnew(this, fromSeq);
    this.fromSeq = fromSeq;
  }

  /** The connection is gone. Resolves when the access window has been closed with `lastSeq`, or was put with those to be closed by the next renewal. */
  close(): Promise<void> {
    return this.lease.closed(this);
  }

  /** @internal */
  supersede(): void {
    if (this.live && this.ended === undefined) this.listener.superseded();
  }

  /** @internal */
  admit(admission: Admission): void {
    this.version = admission.version;
    this.partnerId = admission.partnerId;
    this.person = admission.person;
    this.app = admission.app;
    this.grantExpiresAt = admission.grantExpiresAt;
    this.grantExpiresAtMs = admission.grantExpiresAt.getTime();
    this.ceiling = admission.ceiling;
    this.scopes = admission.ceiling & this.tokenScopes;
  }

  /**
   * @internal Applies a feed row, unless what the database stated at opening has it in already. Until then the session
   * knows nothing and takes nothing: the opening reads again when it was overtaken. Gives whether anything was taken
   * from the grant: the acknowledgement waits for statements that were sent before.
   */
  apply(row: FeedRow): boolean {
    if (this.version < 0 || row.number <= this.version || this.ended !== undefined || !this.concerns(row)) return false;
    this.version = row.number;
    if (row.scopes !== null) return this.narrow(scopeSet(row.scopes));
    this.ended = row.reason ?? 'revoked_by_operator';
    this.endedBy = row.number;
    if (this.live) this.listener.ended(this.ended);
    return true;
  }

  private concerns(row: FeedRow): boolean {
    return row.grant === this.grant || row.clientId === this.clientId || row.partner === this.partnerId;
  }

  private narrow(to: ScopeSet): boolean {
    const { ceiling, scopes } = this;
    // Never assigned: a raised ceiling widens nothing.
    this.ceiling &= to;
    this.scopes &= to;
    if (this.scopes !== scopes && this.live) this.listener.narrowed(this.scopes);
    // A narrower token may have taken the scope from the connection first, with its statement still under way.
    return this.ceiling !== ceiling;
  }
}
