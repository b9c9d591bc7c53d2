import { type Bus, InProcessBus, RedisBus } from '@drawbridge/bus';
import { Logger } from '@nestjs/common';
import type { Config } from './config/config.js';
import type { Lifecycle } from './lifecycle/lifecycle.js';

/** The injection token of the process's `Bus`. */
export const BUS = Symbol('Bus');

/** Redis where REDIS_URL names one. Its absence is named on `/readyz`, and keeps nobody out: the store still decides (I7). */
export async function makeBus({ redisUrl, databaseUrl }: Config, lifecycle: Lifecycle): Promise<Bus> {
  const log = new Logger('Bus');
  if (redisUrl === undefined) {
    if (databaseUrl !== undefined) {
      log.warn('There is no REDIS_URL: between several processes on this database, events take up to 5 s');
    }
    return new InProcessBus();
  }
  const bus = await RedisBus.connect({
    url: redisUrl,
    onState: (state, why) => {
      if (state === 'down') log.warn({ why }, 'Redis is down: events of other gateways take up to 5 s');
      else log.log('Redis is up');
    },
    onError: (error) => log.error({ err: error }, 'A hint could not be taken'),
  });
  lifecycle.addNotice('redis', () => (bus.isUp ? undefined : 'down: events of other gateways take up to 5 s'));
  return bus;
}
