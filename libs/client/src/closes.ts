/** What a close asks of a client: nothing more, another token, or to come again. */
export type CloseMeaning = 'stop' | 'token' | 'again';

const UNAUTHENTICATED = 4401;
/** RFC 6455: what is wrong with the client stays wrong. */
const CLIENT_FAULTS: readonly number[] = [1002, 1007, 1008, 1009];

/** Only a new sign-in helps, and it may be somebody else's. */
const CONSENT_OVER: ReadonlySet<string> = new Set([
  'consent_ended',
  'revoked_by_person',
  'revoked_by_operator',
  'signed_out',
  'partner_suspended',
  'partner_ended',
  'expired',
  'token_replayed',
]);

export function isConsentOver(reason: string | undefined): boolean {
  return reason !== undefined && CONSENT_OVER.has(reason);
}

/** `refusal`: the code of the error that `session.open` was answered with. Its data is not mended by another token. */
export function closeMeans(code: number, refusal?: string): CloseMeaning {
  if (code === UNAUTHENTICATED) return refusal === 'invalid_data' ? 'stop' : 'token';
  if ((code >= 4400 && code < 4500) || CLIENT_FAULTS.includes(code)) return 'stop';
  return 'again';
}
