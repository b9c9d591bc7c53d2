import type { Database } from '@drawbridge/database';
import type { MessageView } from '@drawbridge/messaging';
import type { Attempt, OutboxEvent } from '@drawbridge/outbox';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { Poster } from './poster.js';

export const WEBHOOK_LIMITS = {
  /** A receiver writes down what it gets and answers; what it does then is its own business. */
  answerWithinMs: 10_000,
  /** Read of an answer, so that its connection can be used again; one that has more is hung up on. */
  answerBytes: 16_384,
  idleConnections: 16,
} as const;

export interface WebhooksOptions {
  readonly url: string;
  /** Each signs, so that a receiver that knows either of two finds one it knows. */
  readonly secrets: readonly string[];
  readonly database: Database;
  message(id: string): Promise<MessageView | undefined>;
}

interface Grant {
  readonly id: string;
  /** Null for somebody who is erased: the platform knows no id of theirs any more. */
  readonly person: string | null;
  readonly clientId: string;
  readonly appName: string;
  readonly partner: string;
  readonly scopes: string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
}

/** What the host platform is told, in the form of Standard Webhooks (standardwebhooks.com): signed, with an id that stays. */
export class Webhooks {
  private readonly signers: readonly Webhook[];
  private readonly poster: Poster;

  constructor(private readonly o: WebhooksOptions) {
    this.signers = o.secrets.map((secret) => new Webhook(secret));
    this.poster = new Poster(o.url, WEBHOOK_LIMITS);
  }

  /** Tells of an event as what it is about is now. What is there no more has nothing to be told. */
  async tell({ publicId, type, subject, atMs }: OutboxEvent): Promise<Attempt> {
    const data = type.startsWith('grant.') ? await this.grant(subject) : await this.message(subject);
    if (data === undefined) return { told: true };
    const body = JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), data });
    return this.post(publicId, body);
  }

  /** One attempt. */
  async post(id: string, body: string): Promise<Attempt> {
    const now = new Date();
    const signature = this.signers.map((signer) => signer.sign(id, now, body)).join(' ');
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Drawbridge',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': signature,
    };
    try {
      const { status, retryAfterMs } = await this.poster.post(body, headers);
      if (status >= 200 && status < 300) return { told: true };
      return { told: false, error: `answered ${status}`, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) };
    } catch (error) {
      return { told: false, error: problemOf(error as NodeJS.ErrnoException) };
    }
  }

  close(): void {
    this.poster.close();
  }

  private async message(id: string): Promise<object | undefined> {
    const message = await this.o.message(id);
    return message && { message };
  }

  private async grant(id: string): Promise<object | undefined> {
    const { rows } = await sql<Grant>`
      select g.id, case when p.erased_at is null then p.id end as person, g.client_id as "clientId", a.name as "appName", g.partner, g.scopes,
             g.created_at as "createdAt", g.expires_at as "expiresAt", g.ended_at as "endedAt", g.end_reason as "endReason"
        from consent_grant g join person p on p.key = g.person join app a on a.client_id = g.client_id
       where g.id = ${id}::uuid`.execute(this.o.database.tables());
    if (!rows[0]) return undefined;
    const { person, clientId, appName, endedAt, endReason, ...grant } = rows[0];
    const ended = endedAt && { endedAt, endReason };
    return {
      grant: { ...grant, ...(person === null ? {} : { person }), app: { id: clientId, name: appName }, ...ended },
    };
  }
}

function problemOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'LATE') return `did not answer within ${WEBHOOK_LIMITS.answerWithinMs / 1_000} s`;
  return `cannot be reached (${code ?? message})`;
}
