import {
  type ErrorCode,
  type ErrorDetails,
  errorFrame,
  okFrame,
  passingFrame,
  type ScopeSet,
} from '@drawbridge/protocol';
import type { CommandRule } from './command.js';
import type { Connection } from './connection.js';
import type { FrameBytes } from './frame-bytes.js';
import type { PassingEvent } from './hints.js';
import type { WaitingFrame } from './outbound.js';
import { PRESENCE, READ } from './scope-bits.js';

/** Of a frame without details of its own. */
const ERROR_BYTES = 512;

/** The reply to a command that succeeded: shaped by the scopes of the moment it is written, or an error by then. */
export class Reply implements WaitingFrame {
  private bytes = -1;

  constructor(
    private readonly connection: Connection,
    private readonly id: string,
    private readonly rule: CommandRule,
    private readonly result: object,
  ) {}

  size(): number {
    if (this.bytes < 0) this.bytes = JSON.stringify(this.result).length + this.id.length;
    return this.bytes;
  }

  writeTo(bytes: FrameBytes): void {
    const { connection, id, rule } = this;
    connection.inFlight.delete(id);
    const code = connection.refusal(rule.scopeBits);
    if (code) {
      const details = code === 'scope_missing' && rule.scope ? { scope: rule.scope } : undefined;
      bytes.text(errorFrame(connection.publicUrl, id, code, details));
      // A session that may not even be told that it is open is not: a failed open ends in a close (protocol 5.1).
      if (rule.opens) setImmediate(() => connection.close(code === 'unauthenticated' ? code : 'consent_unverifiable'));
      return;
    }
    const shown = rule.shown ? rule.shown(this.result as never, connection.scopes) : this.result;
    bytes.text(okFrame(id, shown));
  }
}

/** An error holds nothing of anybody's, so it may go whatever the consent (protocol section 6). */
export class Failure implements WaitingFrame {
  private bytes = -1;

  constructor(
    private readonly connection: Connection,
    private readonly id: string | undefined,
    private readonly code: ErrorCode,
    private readonly details?: ErrorDetails,
    /** A repeated id and the like: the command of this id is still to be answered. */
    private readonly answers = true,
  ) {}

  size(): number {
    if (this.bytes < 0) this.bytes = ERROR_BYTES + (this.details ? Buffer.byteLength(JSON.stringify(this.details)) : 0);
    return this.bytes;
  }

  writeTo(bytes: FrameBytes): void {
    if (this.id !== undefined && this.answers) this.connection.inFlight.delete(this.id);
    bytes.text(errorFrame(this.connection.publicUrl, this.id, this.code, this.details));
  }
}

/** A passing event. It is not kept for later: what may not go now is dropped. */
export class Passing implements WaitingFrame {
  constructor(
    private readonly connection: Connection,
    private readonly scope: ScopeSet,
    private readonly event: string,
    private readonly data: object,
  ) {}

  size(): number {
    return ERROR_BYTES;
  }

  writeTo(bytes: FrameBytes): void {
    if (!this.connection.refusal(this.scope)) bytes.text(passingFrame(this.event, this.data));
  }
}

/** A passing event that many connections are told of: its data was serialised once. */
export class PassingShared implements WaitingFrame {
  constructor(
    private readonly connection: Connection,
    private readonly event: PassingEvent,
  ) {}

  size(): number {
    return ERROR_BYTES;
  }

  writeTo(bytes: FrameBytes): void {
    const { name, data } = this.event;
    if (!this.connection.refusal(name === 'presence' ? PRESENCE : READ))
      bytes.shared(`{"event":"${name}","data":`, data, '}');
  }
}

/** `hello` and `going_away` hold nothing of anybody's, so they need no consent: there may be none yet. */
export class Notice implements WaitingFrame {
  constructor(
    private readonly event: 'hello' | 'going_away',
    private readonly data: object,
  ) {}

  size(): number {
    return ERROR_BYTES;
  }

  writeTo(bytes: FrameBytes): void {
    bytes.text(passingFrame(this.event, this.data));
  }
}
