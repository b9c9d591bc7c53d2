import { type Bus, InProcessBus, RedisBus, SignedBus } from '@drawbridge/bus';
import { Logger } from '@nestjs/common';
import type { Config } from './config/config.js';
import type { Lifecycle } from './lifecycle/lifecycle.js';
import type { Secrets } from './secrets.js';

/** The injection token of the process's `Bus`. */
export const BUS = Symbol('Bus');

/** The injection token of the process's `RedisBus`; undefined where it has none. */
export const REDIS = Symbol('Redis');

/** Redis where REDIS_URL names one. Its absence is named on `/readyz`, and keeps nobody out: the store still decides (I7). */
export async function connectRedis(config: Config, lifecycle: Lifecycle): Promise<RedisBus | undefined> {
  const { redisUrl, databaseUrl } = config;
  const log = new Logger('Bus');
  if (redisUrl === undefined) {
    if (databaseUrl !== undefined) {
      log.warn('There is no REDIS_URL: between several processes on this database, events take up to 5 s');
    }
    return undefined;
  }
  const redis = await RedisBus.connect({
    url: redisUrl,
    onState: (state, why) => {
      if (state === 'down') log.warn({ why }, 'Redis is down: events of other gateways take up to 5 s');
      else log.log('Redis is up');
    },
    onError: (error) => log.error({ err: error }, 'A hint could not be taken'),
  });
  lifecycle.addNotice('redis', () => (redis.isUp ? undefined : 'down: events of other gateways take up to 5 s'));
  return redis;
}

/** On Redis only processes of this installation are heard. */
export function makeBus(redis: RedisBus | undefined, secrets: Secrets): Bus {
  if (!redis) return new InProcessBus();
  const log = new Logger('Bus');
  return new SignedBus({
    wire: redis,
    key: secrets.key('bus'),
    onRefused: (channel) =>
      log.warn(
        { channel },
        'Somebody else publishes on this Redis: a message without the tag of this installation was refused',
      ),
  });
}
