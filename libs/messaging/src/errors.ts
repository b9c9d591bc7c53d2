export type MessagingErrorCode =
  | 'not_found'
  | 'conflict'
  | 'invalid_data'
  | 'consent_ended'
  | 'consent_unverifiable'
  | 'unavailable'
  | 'rate_limited';

export interface Issue {
  path: string;
  problem: string;
}

/** Why messaging refuses; the codes are the protocol's. `issues` only with `invalid_data`. */
export class MessagingError extends Error {
  override readonly name = 'MessagingError';
  constructor(
    readonly code: MessagingErrorCode,
    message: string,
    readonly issues?: readonly Issue[],
  ) {
    super(message);
  }
}

const NO_SUCH = {
  conversation: 'There is no such conversation for this person.',
  person: 'There is no such contact.',
  message: 'There is no such message that this person may change.',
} as const;

/** The same words for what is not there and for what is none of this person's business. */
export function notFound(what: keyof typeof NO_SUCH): MessagingError {
  return new MessagingError('not_found', NO_SUCH[what]);
}

export function invalid(path: string, problem: string): MessagingError {
  return new MessagingError('invalid_data', `${path}: ${problem}`, [{ path, problem }]);
}

export function conflict(): MessagingError {
  return new MessagingError('conflict', 'This clientId was used with other content.');
}

export function conflictWith(why: string): MessagingError {
  return new MessagingError('conflict', why);
}

export function consentEnded(): MessagingError {
  return new MessagingError('consent_ended', 'The consent is over.');
}

export function consentUnverifiable(): MessagingError {
  return new MessagingError('consent_unverifiable', 'It cannot be proved at this moment that consent still stands.');
}

export function rateLimited(why: string): MessagingError {
  return new MessagingError('rate_limited', why);
}

export function unavailable(why: string): MessagingError {
  return new MessagingError('unavailable', why);
}
