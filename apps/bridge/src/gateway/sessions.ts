import type { ConsentLease, ConsentSession } from '@drawbridge/consent';
import { NoTurn } from '@drawbridge/database';
import type { Messaging } from '@drawbridge/messaging';
import type { Partners } from '@drawbridge/partners';
import {
  type CloseReason,
  type ErrorCode,
  type ErrorDetails,
  LIMITS,
  type ScopeSet,
  type SessionOpen,
  scopeBit,
  scopesOf,
} from '@drawbridge/protocol';
import type { RateLimits } from '../limits/rate-limits.js';
import type { AccessToken, AccessTokens } from './access-token.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';
import type { Delivery } from './delivery.js';
import { checkProof } from './dpop-proof.js';
import { type MailboxReset, MailboxStream } from './mailbox-stream.js';
import type { Openings } from './openings.js';
import { isOriginOf } from './origin.js';
import { READ } from './scope-bits.js';

const PROFILE = scopeBit('profile');

/** A failed open: an error reply, and then the close. */
export class OpenRefused extends CommandError {
  constructor(
    code: ErrorCode,
    readonly close: CloseReason,
    details?: ErrorDetails,
  ) {
    super(code, details);
  }
}

const unauthenticated = () => new OpenRefused('unauthenticated', 'unauthenticated');
const unverifiable = () => new OpenRefused('consent_unverifiable', 'consent_unverifiable');
/** Ended, expired or gone while it was being opened: it has been told, or cannot be told. */
const gone = () => new OpenRefused('unavailable', 'internal');

/** What session.open found, to be shown under the scopes of the moment of its reply. */
export interface Opened {
  readonly connection: Connection;
  readonly nonce: string;
  readonly mailbox: { readonly epoch: string; readonly head: number } | undefined;
}

interface Mailboxed {
  readonly stream: MailboxStream;
  readonly epoch: string;
  readonly head: number;
}

/** How a connection gets its session (protocol 5.1) and keeps it (5.2). */
export class Sessions {
  constructor(
    private readonly parts: {
      readonly publicUrl: string;
      readonly tokens: AccessTokens;
      readonly partners: Pick<Partners, 'app'>;
      readonly lease: ConsentLease;
      readonly messaging: Messaging;
      readonly delivery: Delivery;
      readonly openings: Openings;
      readonly limits: Pick<RateLimits, 'opening'>;
    },
  ) {}

  /** OpenRefused with the close that follows. */
  async open(connection: Connection, data: SessionOpen): Promise<Opened> {
    connection.state = 'opening';
    const { lease, openings, limits } = this.parts;
    // Without it not even the time is known that a token's expiry is judged by.
    if (!lease.isFresh()) throw unverifiable();
    const token = await this.check(connection, data);
    if (!token) throw unauthenticated();
    // Whose it is stands in the token, so nobody opens at another grant's cost.
    const retryAfterMs = limits.opening(token.grant, token.personId);
    if (retryAfterMs > 0) throw new OpenRefused('rate_limited', 'rate_limited', { retryAfterMs });
    return openings.take(token.grant, () => this.openNow(connection, data, token)).catch(refusedTurn);
  }

  private async openNow(connection: Connection, data: SessionOpen, token: AccessToken): Promise<Opened> {
    if (connection.state !== 'opening') throw gone();
    if (!(await this.isFromOrigin(connection, token))) throw unauthenticated();
    const { lease } = this.parts;
    const consent = await lease.open({
      grant: token.grant,
      clientId: token.clientId,
      personId: token.personId,
      tokenScopes: token.scopes,
      keyShown: token.jkt !== undefined,
      tokenExpiresAtMs: token.expiresAtMs,
      clientName: data.client.name,
      ...(data.resume ? { fromSeq: data.resume.after } : {}),
      listener: connection,
    });
    if ('refused' in consent) throw refusalOf(consent.refused);
    try {
      return await this.begin(connection, token, consent, data.resume);
    } catch (error) {
      connection.session = undefined;
      void consent.close();
      throw error instanceof CommandError ? error : unverifiable();
    }
  }

  /** `unauthenticated` unless the token is of the same grant, client and key. The connection stays as it is then. */
  async refresh(connection: Connection, data: Pick<SessionOpen, 'token' | 'proof'>): Promise<AccessToken> {
    const { session } = connection;
    const token = await this.check(connection, data);
    if (!token || !session) throw new CommandError('unauthenticated');
    const before = session.token;
    if (token.grant !== before.grant || token.clientId !== before.clientId || token.personId !== before.personId) {
      throw new CommandError('unauthenticated');
    }
    if (token.jkt !== before.jkt) throw new CommandError('unauthenticated');
    if (connection.origin !== undefined) {
      const asked = this.parts.openings.take(token.grant, () => this.isFromOrigin(connection, token));
      if (!(await asked.catch(refusedTurn))) throw new CommandError('unauthenticated');
    }
    session.consent.renewToken({ scopes: token.scopes, expiresAtMs: token.expiresAtMs });
    connection.session = { ...session, token };
    if (token.jkt === undefined) connection.renewNonce();
    connection.onTokenSet();
    return token;
  }

  /** Without the store. */
  private async check(
    connection: Connection,
    { token, proof }: Pick<SessionOpen, 'token' | 'proof'>,
  ): Promise<AccessToken | undefined> {
    const { publicUrl, tokens, lease } = this.parts;
    if (token === undefined) return undefined;
    const { nonce } = connection;
    const checked = await tokens.check(token);
    if (!checked) return undefined;
    if (checked.jkt !== undefined) {
      const expected = { token, jkt: checked.jkt, htu: `${publicUrl}/bridge`, nonce, nowMs: lease.databaseNowMs() };
      if (proof === undefined || !(await checkProof(proof, expected))) return undefined;
      // Two proofs at once with one nonce: the second comes too late.
      if (connection.nonce !== nonce) return undefined;
      connection.renewNonce();
    }
    return checked;
  }

  private async isFromOrigin({ origin }: Connection, { clientId }: AccessToken): Promise<boolean> {
    if (origin === undefined) return true;
    const app = await this.parts.partners.app(clientId);
    return app !== undefined && isOriginOf(app, origin);
  }

  private async begin(
    connection: Connection,
    token: AccessToken,
    consent: ConsentSession,
    resume: SessionOpen['resume'],
  ): Promise<Opened> {
    const mailbox = consent.scopes & READ ? await this.mailbox(connection, consent, resume) : undefined;
    const { person, app, grant } = consent;
    if (connection.state !== 'opening') {
      mailbox?.stream.stop();
      throw gone();
    }
    const sender = { key: person.key, id: person.id, name: person.name, app: app.id, appName: app.name, permit: grant };
    connection.session = { consent, token, sender, stream: mailbox?.stream };
    connection.state = 'open';
    if (token.jkt === undefined) connection.renewNonce();
    return { connection, nonce: connection.nonce, mailbox: mailbox && { epoch: mailbox.epoch, head: mailbox.head } };
  }

  /**
   * The place in the mailbox where the connection goes on, which its access window has on the record (I8). Attached
   * first, so that no commit is missed: what lies between that place and the head is read from the store.
   */
  private mailbox(connection: Connection, consent: ConsentSession, resume: SessionOpen['resume']): Promise<Mailboxed> {
    const { messaging, delivery } = this.parts;
    const { key } = consent.person;
    return delivery.attach(key, async (mailbox) => {
      const [heads, epoch] = await Promise.all([messaging.heads([key]), messaging.epoch()]);
      const { head, trimmed } = heads.get(key) ?? { head: 0, trimmed: 0 };
      const reason = resume && resetReason(resume, { epoch, head, trimmed });
      const reset: MailboxReset | undefined = reason && { epoch, head, reason };
      mailbox.known = Math.max(mailbox.known, head);
      if (reset) await consent.beganAnew(head);
      const after = consent.fromSeq ?? head;
      const resumes = resume !== undefined && !reset;
      const stream = new MailboxStream(connection, delivery, mailbox, { after, epoch, reset, resumes });
      return { stream, epoch, head: resumes ? head : after };
    });
  }
}

function resetReason(
  resume: { epoch: string; after: number },
  { epoch, head, trimmed }: { epoch: string; head: number; trimmed: number },
): MailboxReset['reason'] | undefined {
  if (resume.epoch !== epoch) return 'epoch_changed';
  if (resume.after > head) return 'ahead';
  return resume.after < trimmed ? 'trimmed' : undefined;
}

/** A client that opens too often has to slow down; one that comes with everybody else comes back, with backoff. */
function refusedTurn(error: unknown): never {
  if (!(error instanceof NoTurn)) throw error;
  if (error.crowded === 'all') throw new OpenRefused('unavailable', 'internal');
  throw new OpenRefused('rate_limited', 'rate_limited', { retryAfterMs: LIMITS.retryAfterMs });
}

type Refused = Exclude<Awaited<ReturnType<ConsentLease['open']>>, ConsentSession>['refused'];

function refusalOf(refused: Refused): OpenRefused {
  if (refused === 'unknown') return unauthenticated();
  if (refused === 'unverifiable') return unverifiable();
  return new OpenRefused('consent_ended', refused);
}

/** The reply of session.open (protocol 5.1). */
export function openReply({ connection, nonce, mailbox }: Opened, scopes: ScopeSet): object {
  const { consent, token } = connection.session!;
  const { id, handle, name } = consent.person;
  return {
    nonce,
    person: scopes & PROFILE ? { id, handle, name } : { id },
    app: { id: consent.app.id, name: consent.app.name, partner: consent.app.partner },
    grant: grantView(consent),
    tokenExpiresAt: new Date(token.expiresAtMs).toISOString(),
    ...(mailbox && scopes & READ ? { mailbox } : {}),
    limits: {
      maxFrameBytes: LIMITS.maxFrameBytes,
      maxTextCodePoints: LIMITS.maxTextCodePoints,
      maxMembers: LIMITS.maxMembers,
      maxConnections: LIMITS.maxConnectionsPerGrant,
    },
  };
}

export function grantView(consent: ConsentSession): object {
  return { id: consent.grant, scopes: scopesOf(consent.scopes), expiresAt: consent.grantExpiresAt.toISOString() };
}
