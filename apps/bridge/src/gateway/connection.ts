import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ConsentLease, ConsentSession, SessionListener } from '@drawbridge/consent';
import type { Sender } from '@drawbridge/messaging';
import {
  CLOSE_CODES,
  type CloseReason,
  type EndReason,
  type ErrorCode,
  type ErrorDetails,
  errorFrame,
  LIMITS,
  okFrame,
  type ScopeSet,
  scopesOf,
} from '@drawbridge/protocol';
import { Logger } from '@nestjs/common';
import { WebSocket } from 'ws';
import { Pace } from '../limits/rate-limits.js';
import type { ClosedBecause } from '../metrics/gateway-metrics.js';
import type { AccessToken } from './access-token.js';
import type { CommandRule } from './command.js';
import { CommandOrder } from './command-order.js';
import type { MailboxStream } from './mailbox-stream.js';
import { Outbound, type WaitingFrame } from './outbound.js';
import { Failure, Passing, Reply } from './outbound-frames.js';

const NONCE_BYTES = 16;
const log = new Logger('Connection');

let made = 0;

/** What a session is made of, once its consent was found to stand. */
export interface OpenSession {
  readonly consent: ConsentSession;
  readonly token: AccessToken;
  readonly sender: Sender;
  /** Only with `messages.read`. */
  readonly stream: MailboxStream | undefined;
}

/** One WebSocket and what is known of it. `waiting` for session.open, `opening` while that is under way. */
export class Connection implements SessionListener {
  /** For the log, and good in this process only. */
  readonly id = ++made;
  state: 'waiting' | 'opening' | 'open' | 'closing' = 'waiting';
  session: OpenSession | undefined;
  /** For the next proof (RFC 9449 section 9); good once. */
  nonce = makeNonce();
  /** Commands whose reply has not been written yet. */
  readonly inFlight = new Set<string>();
  readonly order = new CommandOrder();
  /** How fast its commands come. */
  readonly pace = new Pace();
  readonly outbound: Outbound;
  /** Set by drain: what was accepted is finished, nothing else is begun. */
  draining = false;
  /** A token was accepted: its times count from here on. */
  onTokenSet: () => void = () => {};
  /** It has opened, may do less than before, or closes. */
  onReachChanged: () => void = () => {};
  /** What `Presence` counts it for. */
  presentAs: ScopeSet = 0;
  /** Why the bridge closed it; undefined while it has not. */
  closedBecause: ClosedBecause | undefined;
  private readonly closing = Promise.withResolvers<void>();
  /** Resolves when either side closes. */
  readonly whenClosing = this.closing.promise;
  private badFrames = 0;
  private signingOut: string | undefined;

  constructor(
    private readonly ws: WebSocket,
    private readonly socket: Socket,
    readonly origin: string | undefined,
    readonly publicUrl: string,
    private readonly lease: ConsentLease,
  ) {
    const failed = (error: unknown) => {
      log.error({ ...this.ids, err: error }, 'A frame could not be put together');
      if (this.beginClosing('internal')) this.ws.close(CLOSE_CODES.internal, 'internal');
    };
    const isOpen = () => ws.readyState === WebSocket.OPEN;
    this.outbound = new Outbound(socket, isOpen, () => this.closeNow('slow_consumer'), failed);
  }

  /** Whose it is, for the log. */
  get ids(): { connection: number; grant?: string; person?: string; app?: string } {
    if (!this.session) return { connection: this.id };
    const { grant, person, app } = this.session.consent;
    return { connection: this.id, grant, person: person.id, app: app.id };
  }

  get scopes(): ScopeSet {
    return this.session?.consent.scopes ?? 0;
  }

  /** I1, I6: why nothing that takes `scope` may go in or out at this moment; undefined when it may. Synchronous. */
  refusal(scope: ScopeSet): ErrorCode | undefined {
    if (this.state !== 'open' || !this.session) return 'not_open';
    const { consent, token } = this.session;
    if (consent.canDeliver(scope)) return undefined;
    if (consent.ended !== undefined) return 'consent_ended';
    if (!this.lease.isFresh()) return 'consent_unverifiable';
    const now = this.lease.databaseNowMs();
    if (now >= token.expiresAtMs) return 'unauthenticated';
    if (now >= consent.grantExpiresAt.getTime()) return 'consent_ended';
    return (consent.scopes & scope) === scope ? 'consent_unverifiable' : 'scope_missing';
  }

  renewNonce(): string {
    this.nonce = makeNonce();
    return this.nonce;
  }

  reply(id: string, rule: CommandRule, result: object): void {
    this.outbound.push(new Reply(this, id, rule, result));
  }

  fail(id: string | undefined, code: ErrorCode, details?: ErrorDetails): void {
    this.outbound.push(new Failure(this, id, code, details));
  }

  /** For a command that is not taken up at all. */
  refuse(id: string, code: ErrorCode, details?: ErrorDetails): void {
    this.outbound.push(new Failure(this, id, code, details, false));
  }

  event(scope: ScopeSet, name: string, data: object): void {
    this.outbound.push(new Passing(this, scope, name, data));
  }

  /** Resolves when every command is answered and nothing waits, or the connection is closing. */
  async whenIdle(): Promise<void> {
    while (this.state !== 'closing' && (this.inFlight.size > 0 || !this.outbound.isEmpty)) {
      await this.outbound.nextEmpty();
    }
  }

  push(frame: WaitingFrame): void {
    this.outbound.push(frame);
  }

  badFrame(): void {
    this.badFrames += 1;
    this.fail(undefined, 'bad_frame');
    if (this.badFrames >= LIMITS.maxBadFrames) this.close('protocol_violation');
  }

  /** The next end of this consent is the app's own wish: this command is answered `ok` just before the close. */
  signsOut(id: string | undefined): void {
    this.signingOut = id;
  }

  /**
   * Closes for a reason other than the end of consent. What the socket takes at once is still written; what would have
   * to wait is dropped, and a client that resumes finds it in the store.
   */
  close(reason: CloseReason): void {
    if (this.state === 'closing') return;
    this.outbound.flush();
    this.closeNow(reason);
  }

  private closeNow(reason: CloseReason): void {
    if (this.beginClosing(reason)) this.ws.close(CLOSE_CODES[reason], reason);
  }

  /**
   * The consent is over (I2). What waits is dropped. A socket that still holds bytes is reset, because a close would
   * let them out first; its client learns the reason at its next open.
   */
  ended(reason: EndReason): void {
    if (this.socket.writableLength > 0) {
      this.beginClosing(reason);
      this.socket.resetAndDestroy();
      return;
    }
    if (!this.beginClosing(reason)) return;
    for (const id of this.inFlight) {
      this.writeLast(id === this.signingOut ? okFrame(id, {}) : errorFrame(this.publicUrl, id, 'consent_ended'));
    }
    this.ws.close(CLOSE_CODES[reason], reason);
  }

  narrowed(scopes: ScopeSet): void {
    this.event(0, 'grant.changed', { scopes: scopesOf(scopes) });
    this.onReachChanged();
  }

  superseded(): void {
    this.close('superseded');
  }

  /** Nothing more is read or written. Without a reason: the peer closed, or broke the WebSocket protocol (ws sends that close itself). */
  beginClosing(because?: ClosedBecause): boolean {
    if (this.state === 'closing') return false;
    this.state = 'closing';
    this.closing.resolve();
    this.closedBecause = because;
    this.outbound.close();
    this.session?.stream?.stop();
    this.onReachChanged();
    return true;
  }

  terminate(because?: ClosedBecause): void {
    this.beginClosing(because);
    this.ws.terminate();
  }

  private writeLast(text: string): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(text);
  }
}

/** 128 random bits. */
function makeNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}
