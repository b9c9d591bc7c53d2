export type PartnersErrorCode =
  | 'unknown_partner'
  | 'unknown_app'
  | 'taken'
  /** What was asked for does not go with the partner's status. */
  | 'wrong_status'
  /** Its review is overdue: it would be suspended again at once. */
  | 'review_overdue'
  | 'too_many_apps'
  | 'scopes_exceed_partner'
  | 'invalid';

export class PartnersError extends Error {
  override readonly name = 'PartnersError';
  constructor(
    readonly code: PartnersErrorCode,
    message: string,
    /** The property that is wrong, where it is one. */
    readonly property?: string,
  ) {
    super(message);
  }
}
