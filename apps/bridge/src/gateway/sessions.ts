import type { ConsentLease, ConsentSession } from '@drawbridge/consent';
import type { Messaging } from '@drawbridge/messaging';
import type { Partners } from '@drawbridge/partners';
import {
  type CloseReason,
  type ErrorCode,
  LIMITS,
  type ScopeSet,
  type SessionOpen,
  scopeBit,
  scopesOf,
} from '@drawbridge/protocol';
import type { AccessToken, AccessTokens } from './access-token.js';
import { CommandError } from './command-error.js';
import { type Connection, READ } from './connection.js';
import type { Delivery } from './delivery.js';
import { checkProof } from './dpop-proof.js';
import { type MailboxReset, MailboxStream } from './mailbox-stream.js';
import { isOriginOf } from './origin.js';

const PROFILE = scopeBit('profile');

/** A failed open: an error reply, and then the close. */
export class OpenRefused extends CommandError {
  constructor(
    code: ErrorCode,
    readonly close: CloseReason,
  ) {
    super(code);
  }
}

const unauthenticated = () => new OpenRefused('unauthenticated', 'unauthenticated');
const unverifiable = () => new OpenRefused('consent_unverifiable', 'consent_unverifiable');

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
    },
  ) {}

  /** OpenRefused with the close that follows. */
  async open(connection: Connection, data: SessionOpen): Promise<Opened> {
    connection.state = 'opening';
    const { lease } = this.parts;
    // Without it not even the time is known that a token's expiry is judged by.
    if (!lease.isFresh()) throw unverifiable();
    const token = await this.authenticate(connection, data);
    if (!token) throw unauthenticated();
    const consent = await lease.open({
      grant: token.grant,
      clientId: token.clientId,
      personId: token.personId,
      tokenScopes: token.scopes,
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
    const token = await this.authenticate(connection, data);
    if (!token || !session) throw new CommandError('unauthenticated');
    const before = session.token;
    if (token.grant !== before.grant || token.clientId !== before.clientId || token.personId !== before.personId) {
      throw new CommandError('unauthenticated');
    }
    if (token.jkt !== before.jkt) throw new CommandError('unauthenticated');
    session.consent.renewToken({ scopes: token.scopes, expiresAtMs: token.expiresAtMs });
    connection.session = { ...session, token };
    if (token.jkt === undefined) connection.renewNonce();
    connection.onTokenSet();
    return token;
  }

  private async authenticate(
    connection: Connection,
    { token, proof }: Pick<SessionOpen, 'token' | 'proof'>,
  ): Promise<AccessToken | undefined> {
    const { publicUrl, tokens, partners } = this.parts;
    if (token === undefined) return undefined;
    const { nonce } = connection;
    const checked = await tokens.check(token);
    if (!checked) return undefined;
    if (checked.jkt !== undefined) {
      const expected = { token, jkt: checked.jkt, htu: `${publicUrl}/bridge`, nonce };
      if (proof === undefined || !(await checkProof(proof, expected))) return undefined;
      // Two proofs at once with one nonce: the second comes too late.
      if (connection.nonce !== nonce) return undefined;
      connection.renewNonce();
    }
    if (connection.origin !== undefined) {
      const app = await partners.app(checked.clientId);
      if (!app || !isOriginOf(app, connection.origin)) return undefined;
    }
    return checked;
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
      // Ended, expired or gone while it was being opened: it has been told, or cannot be told.
      throw new OpenRefused('unavailable', 'internal');
    }
    const sender = { key: person.key, id: person.id, name: person.name, app: app.id, appName: app.name, permit: grant };
    connection.session = { consent, token, sender, stream: mailbox?.stream };
    connection.state = 'open';
    if (token.jkt === undefined) connection.renewNonce();
    return { connection, nonce: connection.nonce, mailbox: mailbox && { epoch: mailbox.epoch, head: mailbox.head } };
  }

  /** The place in the mailbox where the connection goes on: attached first, so that no commit is missed. */
  private mailbox(connection: Connection, consent: ConsentSession, resume: SessionOpen['resume']): Promise<Mailboxed> {
    const { messaging, delivery } = this.parts;
    const { key } = consent.person;
    return delivery.attach(key, async (mailbox) => {
      const [heads, epoch] = await Promise.all([messaging.heads([key]), messaging.epoch()]);
      const { head, trimmed } = heads.get(key) ?? { head: 0, trimmed: 0 };
      const reason = resume && resetReason(resume, { epoch, head, trimmed });
      const reset: MailboxReset | undefined = reason && { epoch, head, reason };
      const after = resume && !reset ? resume.after : head;
      mailbox.known = Math.max(mailbox.known, head);
      return { stream: new MailboxStream(connection, delivery, mailbox, after, reset), epoch, head };
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
