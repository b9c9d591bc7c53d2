/** How long acknowledgements are gathered: one for many events makes one receipt for their senders. */
const GATHER_MS = 500;

/** Tells the bridge how far the app has stored events, from time to time. */
export class Acks {
  #seq = 0;
  #told = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (seq: number) => Promise<unknown>) {}

  stored(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const seq = this.#seq;
    if (seq <= this.#told) return;
    // What cannot be told now is told with the next; nothing but "delivered" hangs on it.
    await this.tell(seq).then(
      () => {
        // Unless it has begun anew since.
        if (seq <= this.#seq) this.#told = Math.max(this.#told, seq);
      },
      () => {},
    );
  }

  /** The mailbox begins anew. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seq = this.#told = 0;
  }
}
