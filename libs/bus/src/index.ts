export { type Bus, type BusHandler, MAX_PAYLOAD_BYTES } from './bus.js';
export { ByteReader, ByteWriter } from './byte-stream.js';
export { InProcessBus } from './in-process-bus.js';
export type { Peer } from './known-peer.js';
export { type Doubt, PEER_LIMITS, Peers, type PeersOptions } from './peers.js';
export { REDIS_BUS_LIMITS, RedisBus, type RedisBusOptions } from './redis-bus.js';
export { type RedisTarget, redisTarget } from './redis-url.js';
export type { SharedBuckets, Spent } from './shared-buckets.js';
export { SignedBus, type SignedBusOptions } from './signed-bus.js';
