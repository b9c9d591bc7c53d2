export class PeopleError extends Error {
  override readonly name = 'PeopleError';
  constructor(
    readonly code: 'erased' | 'taken' | 'unknown_person' | 'unknown_listed' | 'invalid' | 'has_grants',
    message: string,
  ) {
    super(message);
  }
}
