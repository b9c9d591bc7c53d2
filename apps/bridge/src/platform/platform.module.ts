import { randomUUID } from 'node:crypto';
import { type Bus, Peers } from '@drawbridge/bus';
import { Database } from '@drawbridge/database';
import type { Messaging } from '@drawbridge/messaging';
import {
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { AuthorityModule } from '../authority/authority.module.js';
import { BUS } from '../bus.js';
import { deliveredMessaging } from '../gateway/delivered-messaging.js';
import { Delivery } from '../gateway/delivery.js';
import { GatewayModule } from '../gateway/gateway.module.js';
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

/** Of the eight connections for commits two are for this end's lanes, and two for those of a gateway in the same process. */
const CREATIONS_AT_ONCE = 4;

function makeMessaging(database: Database, delivery: Delivery): Messaging {
  // The platform needs no consent: these are its people's own messages.
  return deliveredMessaging({
    database,
    delivery,
    part: 'PlatformMessaging',
    mayCommit: () => true,
    creationsAtOnce: CREATIONS_AT_ONCE,
  });
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
