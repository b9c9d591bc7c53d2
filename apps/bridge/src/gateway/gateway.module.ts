import { randomUUID } from 'node:crypto';
import { type Bus, Peers } from '@drawbridge/bus';
import { ConsentLease } from '@drawbridge/consent';
import { COMMIT_TIMEOUT_MS, Database } from '@drawbridge/database';
import { AccessPages } from '@drawbridge/ledger';
import { forgetting, Messaging, retention, trimming, Upkeep } from '@drawbridge/messaging';
import { Partners } from '@drawbridge/partners';
import { PresenceStore } from '@drawbridge/people';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AuthorityModule } from '../authority/authority.module.js';
import { SigningKeys } from '../authority/signing-keys.js';
import { BUS } from '../bus.js';
import { Config } from '../config/config.js';
import { RateLimits } from '../limits/rate-limits.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { Acceptance } from './acceptance.js';
import { AccessTokens } from './access-token.js';
import { CommandTable } from './command-table.js';
import { Connections } from './connections.js';
import { ConsentGuard } from './consent.guard.js';
import { ConversationCommands } from './conversation-commands.js';
import { deliveredMessaging } from './delivered-messaging.js';
import { Delivery } from './delivery.js';
import { Dispatcher } from './dispatcher.js';
import { Gateway } from './gateway.js';
import { Hearing } from './hearing.js';
import { MessageCommands } from './message-commands.js';
import { Openings } from './openings.js';
import { PeopleCommands } from './people-commands.js';
import { Presence } from './presence.js';
import { READS_AT_ONCE, ReadTurns } from './read-turns.js';
import { Reads } from './reads.js';
import { RefusedPermits } from './refused-permits.js';
import { RequestedDrain } from './requested-drain.js';
import { Sessions } from './sessions.js';
import { Typing } from './typing.js';
import { Unopened } from './unopened.js';
import { UpgradeRequiredController } from './upgrade-required.controller.js';

/** Begins when everything is made: consent is proven before the first connection is accepted. */
@Injectable()
class GatewayLife implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly lease: ConsentLease,
    private readonly messaging: Messaging,
    private readonly delivery: Delivery,
    private readonly peers: Peers,
    private readonly hearing: Hearing,
    private readonly gateway: Gateway,
    private readonly connections: Connections,
    private readonly upkeep: Upkeep,
    private readonly presence: Presence,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { messaging, peers, lease, hearing } = this;
    this.connections.others = { exist: () => peers.size > 0, know: () => lease.tell() };
    this.delivery.start({ messaging, peers, isFresh: () => lease.isFresh(), hearsAll: () => hearing.hearsAll });
    await peers.start();
    await lease.start();
    hearing.start();
    this.upkeep.start();
    this.presence.start();
  }

  /** The HTTP server closes only when no socket is left. Where it was drained before, there is nothing to do. */
  beforeApplicationShutdown(): Promise<void> {
    return this.gateway.drain();
  }

  /** The lease row goes last: until then every end waits for this gateway. */
  async onApplicationShutdown(): Promise<void> {
    this.hearing.stop();
    await this.upkeep.stop();
    await this.presence.stop();
    this.delivery.stop();
    this.peers.stop();
    await this.lease.stop();
  }
}

function makeLease(
  config: Config,
  database: Database,
  bus: Bus,
  connections: Connections,
  delivery: Delivery,
  metrics: GatewayMetrics,
  drain: RequestedDrain,
): ConsentLease {
  const log = new Logger('ConsentLease');
  return new ConsentLease({
    database,
    bus,
    instance: randomUUID(),
    gateway: config.gatewayId,
    leaseMs: config.leaseMs,
    marginMs: config.leaseMarginMs,
    onLost: (reason) => {
      log.error({ reason, connections: connections.count }, 'Consent was lost: every connection is closed');
      metrics.leaseLapsed(reason);
      connections.lost();
    },
    onLapsed: () => {
      log.warn('The lease lapsed: nothing is delivered or accepted');
      metrics.leaseLapsed('lapsed');
      connections.lapsed();
    },
    onRestored: () => {
      log.log('The lease is fresh again');
      connections.restored();
      delivery.retry();
    },
    state: () => ({ connections: connections.count, draining: drain.isAsked || connections.draining }),
    onDrainRequested: (by) => drain.request(by),
    onProblem: (problem, error) => log.warn({ err: error }, problem),
  });
}

function makePeers(bus: Bus, lease: ConsentLease, delivery: Delivery, metrics: GatewayMetrics): Peers {
  return new Peers({
    bus,
    instance: randomUUID(),
    label: () => lease.instance,
    onHint: (payload) => delivery.hinted(payload),
    onAnnounced: (people) => delivery.doubt(people),
    onDoubt: (why) => {
      metrics.hintsInDoubt(why);
      delivery.doubt();
    },
  });
}

function makeMessaging(
  database: Database,
  lease: ConsentLease,
  delivery: Delivery,
  metrics: GatewayMetrics,
): Messaging {
  return deliveredMessaging({
    database,
    delivery,
    part: 'Messaging',
    mayCommit: () => lease.lastsFor(COMMIT_TIMEOUT_MS),
    onBatch: (sends, ms) => metrics.batchCommitted(sends, ms),
  });
}

function makeUpkeep(config: Config, database: Database, metrics: GatewayMetrics): Upkeep {
  const log = new Logger('Upkeep');
  const { mailboxDays: days, mailboxEntries: entries, messageRetentionDays } = config;
  return new Upkeep({
    database,
    chores: [
      trimming(database, { days, entries }),
      forgetting(database),
      ...(messageRetentionDays === undefined ? [] : [retention(database, messageRetentionDays)]),
    ],
    onRun: ({ chore, removed, ms }) => {
      metrics.removedOld(chore, removed);
      log.log({ what: chore, removed, ms }, 'What is no longer kept was removed');
    },
    onProblem: (problem, error) => log.warn({ err: error }, problem),
  });
}

function makePresence(
  config: Config,
  store: PresenceStore,
  lease: ConsentLease,
  delivery: Delivery,
  metrics: GatewayMetrics,
): Presence {
  const log = new Logger('Presence');
  return new Presence({
    store,
    lease,
    leaseMs: config.leaseMs,
    offlineAfterMs: config.presenceOfflineMs,
    delivery,
    onChanged: (online) => metrics.presenceChanged(online),
    onProblem: (problem, error) => log.warn({ err: error }, problem),
  });
}

/** The partners' end. It takes Config, Database (migrated), Secrets, the bus, Grants and Endings from the application. */
@Module({
  imports: [DiscoveryModule, AuthorityModule],
  controllers: [UpgradeRequiredController],
  providers: [
    GatewayMetrics,
    Connections,
    RequestedDrain,
    Delivery,
    {
      provide: ConsentLease,
      useFactory: makeLease,
      inject: [Config, Database, BUS, Connections, Delivery, GatewayMetrics, RequestedDrain],
    },
    { provide: Peers, useFactory: makePeers, inject: [BUS, ConsentLease, Delivery, GatewayMetrics] },
    {
      provide: Hearing,
      useFactory: (lease: ConsentLease, peers: Peers) =>
        new Hearing({ gateways: () => lease.gateways(), own: () => lease.instance, heard: () => peers.labels() }),
      inject: [ConsentLease, Peers],
    },
    { provide: Messaging, useFactory: makeMessaging, inject: [Database, ConsentLease, Delivery, GatewayMetrics] },
    {
      provide: AccessTokens,
      useFactory: (keys: SigningKeys, config: Config, lease: ConsentLease) =>
        new AccessTokens(keys, config.publicUrl, config.accessTokenS, () => lease.databaseNowMs()),
      inject: [SigningKeys, Config, ConsentLease],
    },
    {
      provide: Sessions,
      useFactory: (
        config: Config,
        tokens: AccessTokens,
        partners: Partners,
        lease: ConsentLease,
        messaging: Messaging,
        delivery: Delivery,
        openings: Openings,
        limits: RateLimits,
      ) =>
        new Sessions({ publicUrl: config.publicUrl, tokens, partners, lease, messaging, delivery, openings, limits }),
      inject: [Config, AccessTokens, Partners, ConsentLease, Messaging, Delivery, Openings, RateLimits],
    },
    { provide: Openings, useFactory: (database: Database) => new Openings(database.kind), inject: [Database] },
    { provide: AccessPages, useFactory: (database: Database) => new AccessPages(database), inject: [Database] },
    { provide: Upkeep, useFactory: makeUpkeep, inject: [Config, Database, GatewayMetrics] },
    CommandTable,
    RefusedPermits,
    {
      provide: ReadTurns,
      useFactory: (database: Database) => new ReadTurns(READS_AT_ONCE[database.kind]),
      inject: [Database],
    },
    ConsentGuard,
    { provide: PresenceStore, useFactory: (database: Database) => new PresenceStore(database), inject: [Database] },
    {
      provide: Presence,
      useFactory: makePresence,
      inject: [Config, PresenceStore, ConsentLease, Delivery, GatewayMetrics],
    },
    { provide: Typing, useFactory: (delivery: Delivery) => new Typing(delivery), inject: [Delivery] },
    Dispatcher,
    Unopened,
    Acceptance,
    Reads,
    Gateway,
    ConversationCommands,
    MessageCommands,
    PeopleCommands,
    GatewayLife,
  ],
  exports: [Gateway, GatewayMetrics, ConsentLease, Delivery, Messaging],
})
export class GatewayModule {}
