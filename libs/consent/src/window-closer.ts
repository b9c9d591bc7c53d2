import type { Kysely } from 'kysely';
import { closeWindows, type WindowToClose } from './lease-store.js';

/** Closes the access windows of connections that went, many in one statement when many go at once. */
export class WindowCloser {
  private readonly waiting = new Map<number, WindowToClose>();
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly tables: () => Kysely<object>,
    private readonly onProblem: (problem: string, error: unknown) => void,
  ) {}

  /** Resolves when the window is closed, or when that has failed; then it is tried again with the next renewal. */
  close(window: WindowToClose): Promise<void> {
    this.waiting.set(window.window, window);
    return this.flush();
  }

  flush(): Promise<void> {
    if (this.waiting.size === 0) return Promise.resolve();
    this.flushing ??= this.run().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private async run(): Promise<void> {
    try {
      while (this.waiting.size > 0) {
        const windows = [...this.waiting.values()];
        await closeWindows(this.tables(), windows);
        for (const { window } of windows) this.waiting.delete(window);
      }
    } catch (error) {
      this.onProblem('access windows could not be closed', error);
    }
  }
}
