export type BusHandler = (payload: Uint8Array) => void;

/** More than one hint has in the worst case (I9); what is larger is not of this program, and is looked at no further. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/**
 * Hints between the parts of the bridge. Delivery is at most once, in order per publisher and channel while the bus is
 * up (but for the first of a channel in a Redis Cluster, and while its slots move); a hint may be lost without a word. So nothing may depend on one (I4, I7): who receives a hint finds in the store
 * what it stands for, and who missed it finds it there a little later.
 */
export interface Bus {
  /** Whether, as far as is known, hints arrive. */
  readonly isUp: boolean;
  /** Never throws and never waits; a bus that is down drops the hint. */
  publish(channel: string, payload: Uint8Array): void;
  /**
   * Resolves when hints published from now on arrive, or, where the bus is down, at once: it subscribes by itself when
   * it is up again. The function it gives ends the subscription.
   */
  subscribe(channel: string, handler: BusHandler): Promise<() => void>;
  /**
   * `listener` is told whenever every subscription is confirmed anew: hints published before may be lost, from now on
   * they arrive. Never told by a bus that cannot fail. The function it gives ends the listening.
   */
  onUp(listener: () => void): () => void;
  close(): Promise<void>;
}
