import { randomUUID } from 'node:crypto';
import { type Bus, Peers } from '@drawbridge/bus';
import { Database } from '@drawbridge/database';
import { Messaging } from '@drawbridge/messaging';
import {
  type DynamicModule,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AuthorityModule } from '../authority/authority.module.js';
import { BUS } from '../bus.js';
import { Delivery } from '../gateway/delivery.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { GroupReceipts } from '../gateway/group-receipts.js';
import { PLATFORM_MESSAGING, PlatformParts } from './platform-parts.js';
import { WebhookDispatch } from './webhook-dispatch.js';

/** Tells the gateways of what the platform stores, from a process that is none itself. */
@Injectable()
class Telling implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly delivery: Delivery,
    private readonly peers: Peers,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // Nobody is connected here: there is nothing to read, and nothing to hear.
    const messaging = { read: async () => [], heads: async () => new Map<number, never>(), epoch: async () => '' };
    this.delivery.start({ messaging, peers: this.peers, isFresh: () => false, hearsAll: () => true });
    await this.peers.start();
  }

  onApplicationShutdown(): void {
    this.delivery.stop();
    this.peers.stop();
  }
}

function makeMessaging(database: Database, delivery: Delivery): Messaging {
  const log = new Logger('PlatformMessaging');
  const receipts = new GroupReceipts(
    delivery,
    (reader, conversation) => messaging.audience(reader, conversation),
    (error) => log.warn({ err: error }, 'The people of a group could not be told who has read'),
  );
  const messaging = new Messaging({
    database,
    // The platform needs no consent: these are its people's own messages.
    mayCommit: () => true,
    onCommitted: (events) => delivery.committed(events),
    onOutcomeUnknown: () => delivery.doubt(),
    onReceipt: (reader, conversation, data) => receipts.read(reader, conversation, data),
    log: {
      warn: (details, message) => log.warn(details, message),
      error: (details, message) => log.error(details, message),
    },
  });
  return messaging;
}

function makePeers(bus: Bus): Peers {
  const label = randomUUID();
  return new Peers({
    bus,
    instance: randomUUID(),
    label: () => label,
    onHint: () => {},
    onAnnounced: () => {},
    onDoubt: () => {},
  });
}

@Module({})
class PlatformModule {}

/** The host platform's end. A gateway in the same process tells the others of it; otherwise it does so itself. */
export function platformModule(withGateway: boolean): DynamicModule {
  const telling = [Delivery, { provide: Peers, useFactory: makePeers, inject: [BUS] }, Telling];
  return {
    module: PlatformModule,
    imports: [AuthorityModule, ...(withGateway ? [GatewayModule] : [])],
    providers: [
      ...(withGateway ? [] : telling),
      { provide: PLATFORM_MESSAGING, useFactory: makeMessaging, inject: [Database, Delivery] },
      PlatformParts,
      WebhookDispatch,
    ],
    exports: [PlatformParts],
  };
}
