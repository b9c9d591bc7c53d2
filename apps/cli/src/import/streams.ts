export interface StreamLimits {
  /** Calls at once. */
  readonly atOnce: number;
  /** Of one call. */
  readonly items: number;
  readonly bytes: number;
  /** Taken in and not done, in all. */
  readonly ahead: number;
  readonly aheadBytes: number;
}

/** What goes into a call, with its share of what a call may hold. */
export interface Streamed {
  readonly bytes: number;
}

interface Stream<T> {
  queue: T[];
  running?: Promise<void> | undefined;
}

/** Batches in several streams at once; what has the same key goes one batch after the other, in its order. */
export class Streams<T extends Streamed> {
  private readonly streams: readonly Stream<T>[];
  private readonly limits: StreamLimits;
  private readonly send: (batch: T[]) => Promise<void>;
  private ahead = 0;
  private aheadBytes = 0;
  private failure: { readonly error: unknown } | undefined;

  /** `send` resolves when a batch is done; after one that rejects nothing more is begun, and whoever asks next is told. */
  constructor(limits: StreamLimits, send: (batch: T[]) => Promise<void>) {
    this.limits = limits;
    this.send = send;
    this.streams = Array.from({ length: limits.atOnce }, () => ({ queue: [] }));
  }

  /** Resolves when there is room for another one. */
  async add(key: string, item: T): Promise<void> {
    const { limits } = this;
    const stream = this.streams[hashOf(key) % this.streams.length]!;
    stream.queue.push(item);
    this.ahead += 1;
    this.aheadBytes += item.bytes;
    if (stream.queue.length >= limits.items) this.start(stream);
    while (this.ahead >= limits.ahead || this.aheadBytes >= limits.aheadBytes) {
      // Full or not: nothing more comes before one of them is done.
      this.startAll();
      await Promise.race(this.running());
      this.throwFailure();
    }
    this.throwFailure();
  }

  /** Resolves when everything is done. */
  async finish(): Promise<void> {
    while (this.ahead > 0) {
      this.startAll();
      await Promise.race(this.running());
      this.throwFailure();
    }
  }

  private running(): Promise<void>[] {
    return this.streams.flatMap(({ running }) => running ?? []);
  }

  private startAll(): void {
    for (const stream of this.streams) this.start(stream);
  }

  private start(stream: Stream<T>): void {
    if (stream.running || stream.queue.length === 0 || this.failure) return;
    const batch = this.take(stream);
    stream.running = this.send(batch)
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .then(() => {
        stream.running = undefined;
        this.ahead -= batch.length;
        for (const { bytes } of batch) this.aheadBytes -= bytes;
        if (stream.queue.length >= this.limits.items) this.start(stream);
      });
  }

  private take({ queue }: Stream<T>): T[] {
    let [items, bytes] = [0, 0];
    for (const item of queue) {
      if (items > 0 && (items === this.limits.items || bytes + item.bytes > this.limits.bytes)) break;
      items += 1;
      bytes += item.bytes;
    }
    return queue.splice(0, items);
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }
}

/** FNV-1a. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < key.length; n++) hash = Math.imul(hash ^ key.charCodeAt(n), 0x01000193);
  return hash >>> 0;
}
