import type { Server } from 'node:http';
import { type Bus, Peers, SignedBus } from '@drawbridge/bus';
import { ConsentLease } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express } from 'express';
import { mountAuthority } from '../authority/mount.js';
import { bridgeModule } from '../bridge.module.js';
import { BUS } from '../bus.js';
import type { Config } from '../config/config.js';
import { BridgeWsAdapter } from '../gateway/bridge-ws-adapter.js';
import { Connections } from '../gateway/connections.js';
import { Delivery } from '../gateway/delivery.js';
import { Gateway } from '../gateway/gateway.js';
import { framesWritten } from '../gateway/outbound.js';
import { RequestedDrain } from '../gateway/requested-drain.js';
import type { Lifecycle } from '../lifecycle/lifecycle.js';
import { RateLimits } from '../limits/rate-limits.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { Metrics } from '../metrics/metrics.js';
import { refuseWhileDraining, serveHealth } from './health.js';
import { listen } from './listen.js';
import { ProblemFilter } from './problem.filter.js';
import { sendJson } from './respond.js';

/** Longer than balancers keep an idle connection (60 s): they must be the ones to close it, not find it closed. */
const KEEP_ALIVE_MS = 75_000;
/** What a client may take to send its request, and how often Node looks whether one takes longer (I9). */
const REQUEST_LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000 };
const AUTHORITY_PATHS = ['/oidc', '/sign-in', '/device', '/connected-apps'];
const NOT_SERVED = { code: 'not_found', message: 'This process does not have the role of the authority.' };

/** The public listener's application, initialised: everything runs, and nothing is listened to yet. */
export async function makePublicApp(
  config: Config,
  database: Database,
  lifecycle: Lifecycle,
): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(bridgeModule(config, database, lifecycle), {
    abortOnError: false,
    bodyParser: false,
  });
  const server: Express = app.getHttpAdapter().getInstance();
  server.disable('x-powered-by');
  serveHealth(server, lifecycle);
  server.use(refuseWhileDraining(lifecycle));
  lifecycle.addCheck('database', () => database.ping());
  if (config.roles.has('authority')) mountAuthority(app);
  // The gateway's module brings the authority's controllers with it, for the signing keys.
  else server.use(AUTHORITY_PATHS, (_request, response) => sendJson(response, 404, NOT_SERVED));
  if (config.roles.has('gateway')) joinGateway(app, config, lifecycle);
  app.useGlobalFilters(new ProblemFilter());
  try {
    await app.init();
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** StartError when the port is taken. */
export function listenPublicly(app: INestApplication, { host, port }: Config): Promise<void> {
  const server = app.getHttpServer() as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Nest makes the server, and Node takes note of these when it begins to listen.
  Object.assign(server, REQUEST_LIMITS);
  return listen(server, { host, port, setting: 'PORT' });
}

function joinGateway(app: INestApplication, { leaseMs, redisUrl }: Config, lifecycle: Lifecycle): void {
  app.useWebSocketAdapter(new BridgeWsAdapter(app));
  const lease = app.get(ConsentLease);
  lifecycle.addCheck('consent', () => {
    if (!lease.isFresh()) throw new Error('cannot be proven at present');
  });
  app.get(RequestedDrain).onAsked = () => {
    lifecycle.addCheck('gateway', () => {
      throw new Error('was drained by an operator');
    });
  };
  const [connections, delivery, peers] = [app.get(Connections), app.get(Delivery), app.get(Peers)];
  const [bus, limits] = [app.get<Bus>(BUS), app.get(RateLimits)];
  app.get(GatewayMetrics).register(app.get(Metrics).registry, {
    leaseMs,
    leaseLeftMs: () => lease.deadlineMs - performance.now(),
    connections: () => connections.countByState(),
    framesWritten,
    rateLimited: () => limits.refusals,
    hints: () => ({ sent: peers.counts.hintsSent, received: peers.counts.hintsReceived, ...delivery.counts }),
    bus: () =>
      redisUrl === undefined ? undefined : { connected: bus.isUp, peers: peers.size, refused: refusedBy(bus) },
  });
  lifecycle.onDrain('gateway', () => app.get(Gateway).drain());
}

function refusedBy(bus: Bus): number {
  return bus instanceof SignedBus ? bus.counts.refused + bus.counts.oversized : 0;
}
