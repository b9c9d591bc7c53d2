export type BusHandler = (payload: Uint8Array) => void;

/**
 * Hints between the parts of the bridge. Delivery is at most once, in order per publisher and channel; a hint may be
 * lost without a word. So nothing may depend on one (I4, I7): who receives a hint finds in the store what it stands
 * for, and who missed it finds it there a little later.
 */
export interface Bus {
  /** Never throws and never waits; a bus that is down drops the hint. */
  publish(channel: string, payload: Uint8Array): void;
  /** Resolves when hints published from now on arrive. The function it gives ends the subscription. */
  subscribe(channel: string, handler: BusHandler): Promise<() => void>;
  close(): Promise<void>;
}
