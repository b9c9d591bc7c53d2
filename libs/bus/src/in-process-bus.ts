import type { Bus, BusHandler } from './bus.js';

export interface InProcessBusOptions {
  /** What to do with an error that a handler threw. By default it is thrown on, and ends the process. */
  onError?(error: unknown, channel: string): void;
}

/** The bus of a bridge that is one process: handlers run in a microtask of their own, so a publisher never re-enters itself. */
export class InProcessBus implements Bus {
  private readonly handlers = new Map<string, Set<BusHandler>>();
  private closed = false;

  get isUp(): boolean {
    return !this.closed;
  }

  constructor(private readonly options: InProcessBusOptions = {}) {}

  publish(channel: string, payload: Uint8Array): void {
    if (this.closed || !this.handlers.has(channel)) return;
    queueMicrotask(() => {
      for (const handler of this.handlers.get(channel) ?? []) this.run(handler, payload, channel);
    });
  }

  async subscribe(channel: string, handler: BusHandler): Promise<() => void> {
    if (this.closed) throw new Error('The bus is closed.');
    // A subscription of its own, also where one handler is subscribed twice.
    const own: BusHandler = (payload) => handler(payload);
    const set = this.handlers.get(channel) ?? new Set();
    this.handlers.set(channel, set.add(own));
    return () => {
      set.delete(own);
      if (set.size === 0 && this.handlers.get(channel) === set) this.handlers.delete(channel);
    };
  }

  onUp(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.closed = true;
    this.handlers.clear();
  }

  private run(handler: BusHandler, payload: Uint8Array, channel: string): void {
    try {
      handler(payload);
    } catch (error) {
      if (this.options.onError) this.options.onError(error, channel);
      else
        queueMicrotask(() => {
          throw error;
        });
    }
  }
}
