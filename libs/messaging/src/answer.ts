import type { MessagingError } from './errors.js';

/** The answer to something on its way to the store. It is given once; later ones are passed over. */
export class Answer<T> {
  private readonly given = Promise.withResolvers<T>();
  private open = true;

  /** `answered`: told once, when there is an answer. */
  constructor(private readonly answered: () => void) {}

  get result(): Promise<T> {
    return this.given.promise;
  }

  get isOpen(): boolean {
    return this.open;
  }

  succeed(result: T): void {
    if (this.close()) this.given.resolve(result);
  }

  fail(error: MessagingError): void {
    if (this.close()) this.given.reject(error);
  }

  private close(): boolean {
    if (!this.open) return false;
    this.open = false;
    this.answered();
    return true;
  }
}
