/**
 * The reasons of `ended` after which only a new sign-in helps (docs/sdk/states.md): the consent is over, or two tokens in a
 * row were refused. What ended for another reason goes on where it was, with the same sign-in.
 */
const SIGN_IN_OVER: ReadonlySet<string> = new Set([
  'revoked_by_person',
  'revoked_by_operator',
  'signed_out',
  'partner_suspended',
  'partner_ended',
  'expired',
  'token_replayed',
  'consent_ended',
  'unauthenticated',
]);

export function isSignInOver(reason: string | undefined): boolean {
  return reason !== undefined && SIGN_IN_OVER.has(reason);
}
