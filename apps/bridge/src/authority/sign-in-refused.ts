/**
 * Why nobody was signed in by the platform's provider: what the log says to operators, and what decides which page the
 * person sees.
 */
export type SignInRefusal =
  /** The provider cannot be reached, takes too long, or says nothing that can be used of itself. */
  | 'provider_unreachable'
  | 'provider_slow'
  | 'provider_unusable'
  | 'provider_wrong_issuer'
  /** The person, or the provider, did not want to. */
  | 'denied'
  | 'provider_refused'
  /** The provider did not take our code, or not us. */
  | 'code_refused'
  /** What it answered is not for us, not for this sign-in, or not from it. */
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'wrong_nonce'
  | 'token_expired'
  | 'invalid_answer'
  /** It did not ask the person anew, or does not say so. */
  | 'old_auth_time'
  | 'no_auth_time'
  /** Whom it named is nobody here. */
  | 'no_person_id'
  | 'bad_person_id'
  | 'unknown_person'
  | 'erased_person'
  /** The answer belongs to no sign-in that this browser is at: unknown, used before, another browser's, or too old. */
  | 'unknown_state'
  | 'sign_in_over';

/** `detail` is for the log, and holds nothing of anybody's. */
export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  constructor(
    readonly code: SignInRefusal,
    readonly detail?: string,
  ) {
    super(code);
  }
}
