/** What a script can tell apart; everything else went well. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Something that is told in one line, which says what to do, and no stack. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}
