import type { ConsentLease } from '@drawbridge/consent';
import { LIMITS } from '@drawbridge/protocol';
import type { Connection } from './connection.js';

/** The times of one connection: the open timeout, the heartbeat, the notice and the end of its token (protocol 5.2). */
export class SessionClock {
  private openTimer: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private pongTimer: NodeJS.Timeout | undefined;
  private noticeTimer: NodeJS.Timeout | undefined;
  private expiryTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly lease: ConsentLease,
    times: { readonly openWithinMs: number; readonly heartbeatMs: number },
  ) {
    this.openTimer = setTimeout(() => this.openTimedOut(), times.openWithinMs);
    this.heartbeat = setInterval(() => this.ping(), times.heartbeatMs);
  }

  /** The session is open, or has a new token. */
  tokenSet(): void {
    clearTimeout(this.openTimer);
    clearTimeout(this.noticeTimer);
    clearTimeout(this.expiryTimer);
    const leftMs = this.leftMs();
    this.noticeTimer = setTimeout(() => this.notice(), Math.max(0, leftMs - LIMITS.expiryNoticeMs));
    this.expiryTimer = setTimeout(() => this.expire(), leftMs);
  }

  pong(): void {
    clearTimeout(this.pongTimer);
    this.pongTimer = undefined;
  }

  stop(): void {
    clearInterval(this.heartbeat);
    for (const timer of [this.openTimer, this.pongTimer, this.noticeTimer, this.expiryTimer]) clearTimeout(timer);
  }

  private openTimedOut(): void {
    const { state } = this.connection;
    if (state === 'waiting') this.connection.close('open_timeout');
    // Its session.open came in time: 4408 would tell a client to stop that the bridge was too slow for.
    else if (state === 'opening') this.connection.close('internal');
  }

  private ping(): void {
    this.connection.outbound.ping();
    this.pongTimer ??= setTimeout(() => this.connection.terminate('no_pong'), LIMITS.pongWithinMs);
  }

  private notice(): void {
    this.connection.event(0, 'session.expiring', { inMs: Math.max(0, Math.round(this.leftMs())) });
  }

  /** Timers may fire a little early, and the database's time is what counts. */
  private expire(): void {
    const leftMs = this.leftMs();
    if (leftMs > 0) {
      this.expiryTimer = setTimeout(() => this.expire(), leftMs);
      return;
    }
    const { session } = this.connection;
    if (session && session.token.expiresAtMs > session.consent.grantExpiresAt.getTime())
      this.connection.ended('expired');
    else this.connection.close('unauthenticated');
  }

  private leftMs(): number {
    const { session } = this.connection;
    if (!session) return 0;
    const endsAtMs = Math.min(session.token.expiresAtMs, session.consent.grantExpiresAt.getTime());
    return endsAtMs - this.lease.databaseNowMs();
  }
}
