import type { IncomingMessage } from 'node:http';
import { ConsentLease } from '@drawbridge/consent';
import { LIMITS, PROTOCOL } from '@drawbridge/protocol';
import { Injectable, Logger } from '@nestjs/common';
import type { WebSocket } from 'ws';
import { Config } from '../config/config.js';
import { GatewayMetrics } from '../metrics/gateway-metrics.js';
import { Connection } from './connection.js';
import { Connections } from './connections.js';
import { Dispatcher } from './dispatcher.js';
import { Notice } from './outbound-frames.js';
import { Presence } from './presence.js';
import { SessionClock } from './session-clock.js';
import { Unopened } from './unopened.js';

/** Makes connections of WebSockets: joins what the socket says to what the gateway does. */
@Injectable()
export class Acceptance {
  private readonly log = new Logger('Connection');

  constructor(
    private readonly config: Config,
    private readonly lease: ConsentLease,
    private readonly connections: Connections,
    private readonly dispatcher: Dispatcher,
    private readonly metrics: GatewayMetrics,
    private readonly unopened: Unopened,
    private readonly presence: Presence,
  ) {}

  accept(ws: WebSocket, request: IncomingMessage): void {
    const { publicUrl, gatewayId, openWithinMs, heartbeatMs } = this.config;
    const since = performance.now();
    const connection = new Connection(ws, request.socket, request.headers.origin, publicUrl, this.lease);
    const clock = new SessionClock(connection, this.lease, { openWithinMs, heartbeatMs });
    connection.onTokenSet = () => {
      this.unopened.left(request.socket);
      clock.tokenSet();
    };
    connection.onReachChanged = () => this.presence.follow(connection);
    this.connections.added(connection);
    this.unopened.entered(request);

    ws.on('message', (data: Buffer, isBinary) => {
      if (connection.state === 'closing') return;
      if (isBinary) connection.close('protocol_violation');
      else this.dispatcher.frame(connection, data.toString());
    });
    ws.on('ping', (payload: Buffer) => connection.outbound.pong(payload));
    ws.on('pong', () => clock.pong());
    // The peer broke the WebSocket protocol; ws answers it with the close that is due (1002, 1007, 1009).
    ws.on('error', () => connection.beginClosing());
    ws.on('close', (code) => {
      connection.beginClosing();
      clock.stop();
      this.connections.removed(connection);
      this.unopened.left(request.socket);
      const { closedBecause, session, ids } = connection;
      this.metrics.closed(closedBecause, code, session !== undefined);
      const ms = Math.round(performance.now() - since);
      this.log.debug({ ...ids, code, reason: closedBecause ?? 'client', ms }, 'A connection is closed');
    });

    connection.push(
      new Notice('hello', {
        protocol: PROTOCOL,
        gateway: gatewayId,
        nonce: connection.nonce,
        openWithinMs,
        heartbeatMs,
        maxFrameBytes: LIMITS.maxFrameBytes,
      }),
    );
  }
}
