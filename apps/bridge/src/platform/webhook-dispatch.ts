import { Database } from '@drawbridge/database';
import { Dispatcher, Outbox } from '@drawbridge/outbox';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { Gathered } from './gathered.js';
import { PlatformParts } from './platform-parts.js';
import { Webhooks } from './webhooks.js';

/** Tells the host platform what partners' apps do, where it wants to know. */
@Injectable()
export class WebhookDispatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Webhooks');
  private readonly outbox: Outbox;
  private readonly dispatcher: Dispatcher | undefined;
  private readonly webhooks: Webhooks | undefined;

  constructor(config: Config, database: Database, parts: PlatformParts, metrics: Metrics) {
    this.outbox = new Outbox(database);
    if (!config.webhooks) return;
    const messages = new Gathered((ids) => parts.messaging.whole.byIds(ids));
    const webhooks = new Webhooks({
      ...config.webhooks,
      database,
      message: (id) => messages.of(id),
    });
    this.webhooks = webhooks;
    const count = metrics.webhooks();
    this.dispatcher = new Dispatcher({
      outbox: this.outbox,
      tell: async (event) => {
        const attempt = await webhooks.tell(event);
        count(attempt.told ? 'told' : 'failed');
        if (!attempt.told)
          this.log.debug({ id: event.publicId, type: event.type, error: attempt.error }, 'A webhook failed');
        return attempt;
      },
      onProblem: (problem, error) => this.log.warn({ err: error }, problem),
      onDown: (error) => this.log.warn({ error }, 'The platform’s receiver is down: events wait'),
      onUp: () => this.log.log('The platform’s receiver is up again'),
      onParked: ({ publicId, type }, error) => {
        count('parked');
        this.log.error({ id: publicId, type, error }, 'An event could not be told for days and is parked');
      },
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { dispatcher } = this;
    const wanted = await this.outbox.setWanted(dispatcher !== undefined);
    if (wanted && !dispatcher)
      this.log.warn('PLATFORM_WEBHOOK_URL is gone: nothing is kept for the platform from now on');
    dispatcher?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.dispatcher?.stop();
    this.webhooks?.close();
  }
}
