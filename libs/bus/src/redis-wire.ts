import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from './redis-url.js';

/** The connections to Redis, whether it is one server, one with Sentinels, or a Cluster. */
export interface RedisWire {
  readonly isReady: boolean;
  /** Rejects what cannot be sent at once; nothing is kept for later. All of one turn leave together where possible. */
  publish(messages: readonly { channel: string; payload: Buffer }[]): Promise<unknown>;
  subscribe(channels: readonly string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /** Runs a script over keys that lie on one node. Rejects, as publish does, what cannot be sent at once. */
  evaluate(script: string, keys: readonly string[], values: readonly (string | number)[]): Promise<unknown>;
  /** Drops the connections and makes them anew. Until they are ready nothing is, and nothing of the old ones comes any more. */
  restart(): void;
  close(): void;
}

export interface RedisWireEvents {
  onMessage(channel: string, payload: Buffer): void;
  /** Connected: nothing is subscribed yet. */
  onReady(): void;
  onLost(): void;
  onError(error: Error): void;
}

const CONNECT_WITHIN_MS = 3_000;
const KEEP_ALIVE_MS = 10_000;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;

/** Tries for ever, with a spread, so that a Redis that comes back is not met by all gateways at once. */
function retryAfterMs(attempt: number): number {
  const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 10));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

const common: RedisOptions = {
  connectTimeout: CONNECT_WITHIN_MS,
  keepAlive: KEEP_ALIVE_MS,
  enableOfflineQueue: false,
  // A hint that is sent again later would come twice, or out of order.
  autoResendUnfulfilledCommands: false,
  // What is subscribed is kept here, and confirmed before the bus is called up.
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  retryStrategy: retryAfterMs,
};

export function redisWire(target: RedisTarget, events: RedisWireEvents): RedisWire {
  return target.kind === 'cluster' ? clusterWire(target, events) : serverWire(target, events);
}

function serverWire(target: Exclude<RedisTarget, { kind: 'cluster' }>, events: RedisWireEvents): RedisWire {
  const connect = () =>
    target.kind === 'standalone'
      ? new Redis(target.url, common)
      : new Redis({
          ...common,
          ...target.login,
          name: target.master,
          sentinels: [...target.nodes],
          sentinelRetryStrategy: retryAfterMs,
          // One that stands still would be waited for without end.
          sentinelCommandTimeout: CONNECT_WITHIN_MS,
        });
  const publisher = connect();
  const subscriber = connect();
  /** Their sockets are being given up. Until they have closed they still say that they are ready, and messages come. */
  const stale = new Set<Redis>();
  let closed = false;
  const isReady = (connection: Redis) => connection.status === 'ready' && !stale.has(connection);
  const areReady = () => isReady(publisher) && isReady(subscriber);
  for (const connection of [publisher, subscriber]) {
    connection.on('error', events.onError);
    connection.on('ready', () => areReady() && events.onReady());
    connection.on('close', () => {
      stale.delete(connection);
      events.onLost();
    });
    // ioredis gives up for good where its connector fails, whatever the retry strategy says.
    connection.on('end', () => {
      if (!closed) setTimeout(() => closed || connection.connect().catch(() => {}), RETRY_MAX_MS / 2).unref();
    });
  }
  subscriber.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
    if (!stale.has(subscriber)) events.onMessage(channel.toString('latin1'), payload);
  });
  return {
    get isReady() {
      return areReady();
    },
    publish(messages) {
      const [first] = messages;
      if (first && messages.length === 1) return publisher.publish(first.channel, first.payload);
      const pipeline = publisher.pipeline();
      for (const { channel, payload } of messages) pipeline.publish(channel, payload);
      return pipeline.exec();
    },
    subscribe: (channels) => subscriber.subscribe(...channels),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    evaluate: (script, keys, values) => publisher.eval(script, keys.length, ...keys, ...values),
    restart() {
      // Both: one that a server went from without a word is silent for as long as TCP tries. One that is connecting has
      // its own limits, and interrupted it would end.
      for (const connection of [publisher, subscriber]) {
        if (connection.status !== 'ready' && connection.status !== 'connect') continue;
        stale.add(connection);
        connection.disconnect(true);
      }
    },
    close() {
      closed = true;
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Sharded pub/sub: a plain PUBLISH would go to every node of the Cluster. */
function clusterWire(target: Extract<RedisTarget, { kind: 'cluster' }>, events: RedisWireEvents): RedisWire {
  const cluster = new Cluster([...target.nodes], {
    shardedSubscribers: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryAfterMs,
    redisOptions: { ...common, ...target.login },
  });
  cluster.on('error', events.onError);
  cluster.on('ready', events.onReady);
  cluster.on('close', events.onLost);
  cluster.on('smessageBuffer', (channel: Buffer, payload: Buffer) =>
    events.onMessage(channel.toString('latin1'), payload),
  );
  return {
    get isReady() {
      return cluster.status === 'ready';
    },
    publish: (messages) => Promise.all(messages.map(({ channel, payload }) => cluster.spublish(channel, payload))),
    // Each channel has a slot, and each slot its node.
    subscribe: (channels) => Promise.all(channels.map((channel) => cluster.ssubscribe(channel))),
    unsubscribe: (channel) => cluster.sunsubscribe(channel),
    evaluate: (script, keys, values) => cluster.eval(script, keys.length, ...keys, ...values),
    restart() {
      if (cluster.status === 'ready' || cluster.status === 'connect') cluster.disconnect(true);
    },
    close: () => cluster.disconnect(),
  };
}
