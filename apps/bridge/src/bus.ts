import { type Bus, InProcessBus, RedisBus, SignedBus } from '@drawbridge/bus';
import { Logger } from '@nestjs/common';
import type { Config } from './config/config.js';
import type { Lifecycle } from './lifecycle/lifecycle.js';
import type { Secrets } from './secrets.js';

/** The injection token of the process's `Bus`. */
export const BUS = Symbol('Bus');

/**
 * Redis where REDIS_URL names one, on which only processes of this installation are heard. Its absence is named on
 * `/readyz`, and keeps nobody out: the store still decides (I7).
 */
export async function makeBus({ redisUrl, databaseUrl }: Config, lifecycle: Lifecycle, secrets: Secrets): Promise<Bus> {
  const log = new Logger('Bus');
  if (redisUrl === undefined) {
    if (databaseUrl !== undefined) {
      log.warn('There is no REDIS_URL: between several processes on this database, events take up to 5 s');
    }
    return new InProcessBus();
  }
  const wire = await RedisBus.connect({
    url: redisUrl,
    onState: (state, why) => {
      if (state === 'down') log.warn({ why }, 'Redis is down: events of other gateways take up to 5 s');
      else log.log('Redis is up');
    },
    onError: (error) => log.error({ err: error }, 'A hint could not be taken'),
  });
  lifecycle.addNotice('redis', () => (wire.isUp ? undefined : 'down: events of other gateways take up to 5 s'));
  return new SignedBus({
    wire,
    key: secrets.key('bus'),
    onRefused: (channel) =>
      log.warn(
        { channel },
        'Somebody else publishes on this Redis: a message without the tag of this installation was refused',
      ),
  });
}
