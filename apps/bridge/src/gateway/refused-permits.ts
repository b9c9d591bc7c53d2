import { type Grant, Grants } from '@drawbridge/consent';
import { MessagingError } from '@drawbridge/messaging';
import { Injectable } from '@nestjs/common';
import type { CommandRule } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';

/**
 * The store refuses a permit in the commit itself, often before the feed has told this process why (I2). Messaging can
 * only say that the permit stands no longer; where the grant was narrowed the client is told which scope is missing,
 * since `consent_ended` would make it sign the person out.
 */
@Injectable()
export class RefusedPermits {
  /** Commands of one grant are refused by the hundred: all of them wait for one look. */
  private readonly looks = new Map<string, Promise<Grant | undefined>>();

  constructor(private readonly grants: Grants) {}

  /** Whether `error` has to be explained before it is answered. */
  concerns(error: unknown, connection: Connection): boolean {
    return error instanceof MessagingError && error.code === 'consent_ended' && connection.state === 'open';
  }

  async explain(error: unknown, connection: Connection, { scope }: CommandRule): Promise<unknown> {
    const grant = connection.session && (await this.look(connection.session.consent.grant));
    const narrowed = grant !== undefined && grant.ended === undefined;
    return narrowed && scope && !grant.scopes.includes(scope) ? new CommandError('scope_missing', { scope }) : error;
  }

  private look(id: string): Promise<Grant | undefined> {
    const underWay = this.looks.get(id);
    if (underWay) return underWay;
    const look = this.grants
      .find(id)
      .catch(() => undefined)
      .finally(() => this.looks.delete(id));
    this.looks.set(id, look);
    return look;
  }
}
