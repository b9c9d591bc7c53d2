interface Asked<T> {
  readonly key: string;
  found(value: T | undefined): void;
  failed(error: unknown): void;
}

/** What many ask for at the same time is read together: whoever asks while a read is under way is answered by the next one. */
export class Gathered<T> {
  private asked: Asked<T>[] = [];
  private reading = false;

  /** `read` gives those that there are. */
  constructor(private readonly read: (keys: string[]) => Promise<ReadonlyMap<string, T>>) {}

  /** As it is now, not as it was before it was asked for. */
  of(key: string): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    this.asked.push({ key, found: resolve, failed: reject });
    if (!this.reading) void this.run();
    return promise;
  }

  private async run(): Promise<void> {
    this.reading = true;
    // What is asked for in the same turn of the event loop is read with it.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.asked.length > 0) {
      const asked = this.asked;
      this.asked = [];
      try {
        const found = await this.read(asked.map(({ key }) => key));
        for (const each of asked) each.found(found.get(each.key));
      } catch (error) {
        for (const each of asked) each.failed(error);
      }
    }
    this.reading = false;
  }
}
