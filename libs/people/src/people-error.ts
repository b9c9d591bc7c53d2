export class PeopleError extends Error {
  override readonly name = 'PeopleError';
  constructor(
    readonly code: 'erased' | 'taken' | 'unknown_person' | 'invalid' | 'has_grants',
    message: string,
  ) {
    super(message);
  }
}
