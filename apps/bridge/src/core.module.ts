import type { Bus, RedisBus } from '@drawbridge/bus';
import { Endings, Grants } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Messaging } from '@drawbridge/messaging';
import {
  type DynamicModule,
  Global,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { PartnerSweep } from './authority/partner-sweep.js';
import { BUS, connectRedis, makeBus, REDIS } from './bus.js';
import { Config } from './config/config.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { RateLimits, rateLimits } from './limits/rate-limits.js';
import { Metrics } from './metrics/metrics.js';
import { Secrets } from './secrets.js';

/** Ends what has run out and finishes what another process left, in every process with the authority's role. */
@Injectable()
class ConsentSweep implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly config: Config,
    private readonly endings: Endings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.roles.has('authority')) this.endings.startSweep();
  }

  onApplicationShutdown(): Promise<void> {
    return this.endings.stop();
  }
}

function makeEndings(config: Config, database: Database, bus: Bus, metrics: Metrics): Endings {
  const log = new Logger('Consent');
  const mailboxes = readingOnly(database);
  return new Endings({
    database,
    bus,
    leaseMs: config.leaseMs,
    marginMs: config.leaseMarginMs,
    idleDays: config.grantIdleDays,
    heads: (owners) => mailboxes.heads(owners),
    onEffective: (effect) => {
      metrics.consentEnded(effect);
      const { seconds, of, ...what } = effect;
      const message = what.reason === 'narrowed' ? 'Scopes were taken away' : 'A consent has ended';
      log.log({ ...of, ...what, ms: Math.round(seconds * 1_000) }, message);
    },
    onProblem: (problem, error) => log.warn({ err: error }, problem),
  });
}

/** The authority reads the heads of mailboxes, for a receipt's upper bounds, in processes that send nothing too. */
function readingOnly(database: Database): Messaging {
  const log = new Logger('Messaging');
  return new Messaging({
    database,
    mayCommit: () => false,
    onCommitted: () => {},
    log: {
      warn: (details, message) => log.warn(details, message),
      error: (details, message) => log.error(details, message),
    },
  });
}

@Global()
@Module({})
class CoreModule {}

/** What every part of the bridge shares: one of each in a process. */
export function coreModule(config: Config, database: Database, lifecycle: Lifecycle): DynamicModule {
  return {
    module: CoreModule,
    providers: [
      { provide: Config, useValue: config },
      { provide: Database, useValue: database },
      { provide: Lifecycle, useValue: lifecycle },
      { provide: Secrets, useFactory: () => Secrets.load(database) },
      { provide: REDIS, useFactory: connectRedis, inject: [Config, Lifecycle] },
      { provide: BUS, useFactory: makeBus, inject: [REDIS, Secrets] },
      {
        provide: RateLimits,
        useFactory: (secrets: Secrets, redis?: RedisBus) => rateLimits(config, secrets.key('limits'), redis?.buckets),
        inject: [Secrets, REDIS],
      },
      { provide: Grants, useFactory: () => new Grants(database) },
      { provide: Endings, useFactory: makeEndings, inject: [Config, Database, BUS, Metrics] },
      Metrics,
      ConsentSweep,
      PartnerSweep,
    ],
    exports: [Config, Database, Lifecycle, Metrics, RateLimits, Secrets, BUS, Grants, Endings],
  };
}
