import type { Bus, BusHandler } from './bus.js';
import { redisTarget } from './redis-url.js';
import { type RedisWire, redisWire } from './redis-wire.js';
import { RedisBuckets, type SharedBuckets } from './shared-buckets.js';

/** Every bound of the way through Redis (I9). */
export const REDIS_BUS_LIMITS = {
  /** What was handed to the connection and not answered; more is dropped. */
  maxInFlight: 20_000,
  maxInFlightBytes: 64 * 1024 * 1024,
  /** A channel on which nobody said anything for so long is probed; anything that comes counts. */
  probeAfterMs: 1_000,
  /** A channel that stays silent for so long, probes and all, is dead. */
  deadAfterMs: 3_500,
  lookEveryMs: 250,
  /** A start, and a subscription, wait so long for Redis, and then go on without. */
  startWithinMs: 2_000,
} as const;

const NAMESPACE = 'drawbridge:';
const PAYLOAD = 0;
const PROBE = 1;
const PROBE_FRAME = Buffer.from([PROBE]);

export interface RedisBusOptions {
  /** As REDIS_URL; see redisTarget. */
  readonly url: string;
  /** Told once for each time that the bus goes down, and when it is up again. */
  onState?(state: 'up' | 'down', why: string): void;
  /** What to do with an error that a handler threw. By default it is thrown on, and ends the process. */
  onError?(error: unknown, channel: string): void;
}

interface Channel {
  readonly handlers: Set<BusHandler>;
  /** Something came, or the channel was subscribed: on performance.now(). */
  heardAt: number;
  /** Since the last connection, something came. */
  confirmed: boolean;
}

/**
 * The bus of several processes: Redis pub/sub, sharded in a Cluster. It stores nothing in Redis, and nothing waits for it.
 *
 * A subscription can be dead while its connection lives (after a failover, a resharding), so what counts is what is
 * heard: a silent channel is probed by a message to oneself, and one that stays silent has its connection made anew.
 */
export class RedisBus implements Bus {
  private readonly wire: RedisWire;
  private readonly channels = new Map<string, Channel>();
  private readonly listeners = new Set<() => void>();
  private readonly looking: NodeJS.Timeout;
  private outgoing: { channel: string; payload: Buffer }[] = [];
  private inFlight = 0;
  private inFlightBytes = 0;
  private restartedAt = performance.now();
  private lookedAt = performance.now();
  private up = false;
  private closed = false;
  private started: (() => void) | undefined;
  private lastError = '';
  /** Beside the bus, over the same connection. */
  readonly buckets: SharedBuckets;
  readonly counts = { published: 0, dropped: 0, received: 0, probes: 0, restarts: 0 };

  private constructor(private readonly options: RedisBusOptions) {
    this.wire = redisWire(redisTarget(options.url), {
      onMessage: (channel, payload) => this.receive(channel, payload),
      onReady: () => void this.subscribeAll(),
      onLost: () => this.wentDown(this.lastError || 'the connection was lost'),
      onError: (error) => {
        this.lastError = error.message;
      },
    });
    this.buckets = new RedisBuckets(async (script, keys, values) => {
      if (this.closed || !this.wire.isReady) throw new Error('Redis is down.');
      return this.wire.evaluate(script, keys, values);
    });
    this.looking = setInterval(() => this.look(), REDIS_BUS_LIMITS.lookEveryMs).unref();
  }

  /** An Error when the address cannot be read. Where Redis is down the bus is given all the same, and connects later (I7). */
  static async connect(options: RedisBusOptions): Promise<RedisBus> {
    const bus = new RedisBus(options);
    await within(REDIS_BUS_LIMITS.startWithinMs, new Promise<void>((resolve) => (bus.started = resolve)));
    if (!bus.up) options.onState?.('down', bus.lastError || 'no answer');
    return bus;
  }

  get isUp(): boolean {
    return this.up;
  }

  publish(channel: string, payload: Uint8Array): void {
    const { maxInFlight, maxInFlightBytes } = REDIS_BUS_LIMITS;
    const { inFlight, inFlightBytes } = this;
    if (
      this.closed ||
      !this.wire.isReady ||
      inFlight >= maxInFlight ||
      inFlightBytes + payload.length > maxInFlightBytes
    ) {
      this.counts.dropped += 1;
      return;
    }
    const frame = Buffer.allocUnsafe(1 + payload.length);
    frame[0] = PAYLOAD;
    frame.set(payload, 1);
    this.counts.published += 1;
    this.put(NAMESPACE + channel, frame);
  }

  async subscribe(name: string, handler: BusHandler): Promise<() => void> {
    if (this.closed) throw new Error('The bus is closed.');
    // A subscription of its own, also where one handler is subscribed twice.
    const own: BusHandler = (payload) => handler(payload);
    const key = NAMESPACE + name;
    let channel = this.channels.get(key);
    if (channel) channel.handlers.add(own);
    else {
      channel = { handlers: new Set([own]), heardAt: performance.now(), confirmed: false };
      this.channels.set(key, channel);
      if (this.wire.isReady) await within(REDIS_BUS_LIMITS.startWithinMs, this.confirm([key]));
    }
    return () => this.unsubscribe(key, own);
  }

  onUp(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.up = false;
    clearInterval(this.looking);
    this.flush();
    this.channels.clear();
    this.listeners.clear();
    this.wire.close();
  }

  private unsubscribe(key: string, handler: BusHandler): void {
    const channel = this.channels.get(key);
    if (!channel?.handlers.delete(handler) || channel.handlers.size > 0) return;
    this.channels.delete(key);
    if (this.wire.isReady) this.wire.unsubscribe(key).catch(() => {});
  }

  /** What is published in one turn leaves in one write. */
  private put(channel: string, payload: Buffer): void {
    if (this.outgoing.push({ channel, payload }) === 1) queueMicrotask(() => this.flush());
    this.inFlight += 1;
    this.inFlightBytes += payload.length;
  }

  private flush(): void {
    const messages = this.outgoing;
    if (messages.length === 0) return;
    this.outgoing = [];
    const answered = () => {
      this.inFlight -= messages.length;
      for (const { payload } of messages) this.inFlightBytes -= payload.length;
    };
    // One that fails is a lost hint; the connection tells of itself.
    this.wire.publish(messages).then(answered, answered);
  }

  private receive(key: string, frame: Buffer): void {
    const channel = this.channels.get(key);
    if (!channel) return;
    channel.heardAt = performance.now();
    if (!channel.confirmed) {
      channel.confirmed = true;
      this.checkUp();
    }
    if (frame[0] !== PAYLOAD) return;
    this.counts.received += 1;
    const payload = frame.subarray(1);
    for (const handler of channel.handlers) this.run(handler, payload, key);
  }

  private run(handler: BusHandler, payload: Uint8Array, key: string): void {
    try {
      handler(payload);
    } catch (error) {
      if (this.options.onError) this.options.onError(error, key.slice(NAMESPACE.length));
      else
        queueMicrotask(() => {
          throw error;
        });
    }
  }

  /** After each connection. */
  private async subscribeAll(): Promise<void> {
    for (const channel of this.channels.values()) {
      channel.confirmed = false;
      channel.heardAt = performance.now();
    }
    await this.confirm([...this.channels.keys()]);
    this.checkUp();
  }

  /** Subscribes, and says something to itself: up is what hears itself. */
  private async confirm(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    try {
      await this.wire.subscribe(keys);
    } catch (error) {
      this.lastError = error instanceof Error ? error.message : String(error);
      return;
    }
    for (const key of keys) this.probe(key);
  }

  private probe(key: string): void {
    if (!this.wire.isReady || this.closed) return;
    this.counts.probes += 1;
    this.put(key, PROBE_FRAME);
  }

  private checkUp(): void {
    if (this.up || this.closed || !this.wire.isReady) return;
    for (const channel of this.channels.values()) if (!channel.confirmed) return;
    this.up = true;
    this.lastError = '';
    this.started?.();
    this.options.onState?.('up', 'every subscription hears itself');
    for (const listener of this.listeners) listener();
  }

  private wentDown(why: string): void {
    if (!this.up || this.closed) return;
    this.up = false;
    this.options.onState?.('down', why);
  }

  private look(): void {
    const now = performance.now();
    const { lookEveryMs, probeAfterMs, deadAfterMs } = REDIS_BUS_LIMITS;
    // This process itself was stopped: what came meanwhile is still to be read.
    const slept = now - this.lookedAt > 4 * lookEveryMs;
    this.lookedAt = now;
    let silentForMs = 0;
    for (const [key, channel] of this.channels) {
      if (slept) channel.heardAt = now;
      const silent = now - channel.heardAt;
      silentForMs = Math.max(silentForMs, silent);
      // With a spread, so that on a channel of many processes one probe serves all.
      if (silent > probeAfterMs * (0.5 + Math.random())) this.probe(key);
    }
    if (silentForMs <= deadAfterMs) {
      // Where nothing is subscribed yet, the connection is what there is.
      this.checkUp();
      return;
    }
    this.wentDown('nothing is heard, not even oneself');
    if (now - this.restartedAt < deadAfterMs) return;
    this.restartedAt = now;
    this.counts.restarts += 1;
    this.wire.restart();
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
