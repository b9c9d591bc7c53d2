// biome-ignore lint/suspicious/noExplicitAny: what is listened to has arguments of its own, which `add` and `tell` check.
type Listener = (...args: any[]) => void;

/** Calls back. What one listener throws keeps nobody else from being told, and is reported as uncaught. */
export class Listeners<Told extends Record<keyof Told, unknown[]>> {
  readonly #listeners = new Map<keyof Told, Set<Listener>>();

  add<Name extends keyof Told>(name: Name, listener: (...args: Told[Name]) => void): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  tell<Name extends keyof Told>(name: Name, ...args: Told[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
