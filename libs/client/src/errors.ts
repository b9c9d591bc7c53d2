import type { Scope, WireError } from '@drawbridge/protocol';

/** What the SDK says by itself, beside the codes of the protocol. */
export type ClientErrorCode =
  /** The connection went before the answer came, and whether the command took effect is not known. */
  | 'connection_lost'
  /** No answer within `timeoutMs`. */
  | 'timeout'
  /** The bridge was closed by the app. */
  | 'closed'
  /** The app gave no token: nobody is signed in. */
  | 'signed_out'
  /** The app's token callback failed twice in the same way. */
  | 'token_failed'
  /** As many are waiting to be sent as may. */
  | 'outbox_full'
  /** The app took it back before it was sent. */
  | 'discarded'
  /** An iterator of events was read too slowly. */
  | 'fell_behind';

/** Why something could not be done: a code of the protocol (docs/protocol.md, Errors) or a `ClientErrorCode`. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: string;
  /** Whether the same again can help. */
  readonly retryable: boolean;
  /** The address of the bridge's page about the code. */
  readonly docs: string | undefined;
  /** With `invalid_data`. */
  readonly issues: readonly { path: string; problem: string }[] | undefined;
  /** With `scope_missing`. */
  readonly scope: Scope | undefined;
  /** With `rate_limited`. */
  readonly retryAfterMs: number | undefined;

  constructor(error: Omit<WireError, 'docs'> & { docs?: string | undefined }) {
    super(error.message);
    this.code = error.code ?? 'internal';
    this.retryable = error.retryable === true;
    this.docs = error.docs;
    this.issues = error.issues;
    this.scope = error.scope;
    this.retryAfterMs = error.retryAfterMs;
  }
}

const MESSAGES: Readonly<Record<ClientErrorCode, [message: string, retryable: boolean]>> = {
  connection_lost: ['The connection was lost before an answer.', true],
  timeout: ['No answer came in time.', true],
  closed: ['This bridge was closed.', false],
  signed_out: ['Nobody is signed in.', false],
  token_failed: ['The token callback failed twice in the same way.', false],
  outbox_full: ['The outbox is full.', true],
  discarded: ['It was taken back before it was sent.', false],
  fell_behind: ['The events were read too slowly. Go on with events({ after }) from the last cursor.', true],
};

export function clientError(code: ClientErrorCode): BridgeError {
  const [message, retryable] = MESSAGES[code];
  return new BridgeError({ code, message, retryable });
}
