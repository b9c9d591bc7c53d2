import type { IncomingMessage } from 'node:http';
import { Endings } from '@drawbridge/consent';
import { Messaging } from '@drawbridge/messaging';
import { Nothing, SessionOpen, SessionRefresh } from '@drawbridge/protocol';
import { Logger, UseGuards } from '@nestjs/common';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { Config } from '../config/config.js';
import { Acceptance } from './acceptance.js';
import { Command } from './command.js';
import type { Connection } from './connection.js';
import { Connections } from './connections.js';
import { ConsentGuard } from './consent.guard.js';
import { sessionOf } from './open-session.js';
import { grantView, type Opened, openReply, Sessions } from './sessions.js';

/**
 * The partners' end: connections, and the commands of their sessions. Each handler, here and in the other `…-commands.ts`,
 * has data that was checked and consent that was proven; it calls one function.
 */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class Gateway implements OnGatewayConnection<WebSocket> {
  private readonly log = new Logger('Connection');

  constructor(
    private readonly config: Config,
    private readonly acceptance: Acceptance,
    private readonly connections: Connections,
    private readonly sessions: Sessions,
    private readonly messaging: Messaging,
    private readonly endings: Endings,
  ) {}

  handleConnection(ws: WebSocket, request: IncomingMessage): void {
    this.acceptance.accept(ws, request);
  }

  /** Accepts nothing more, says going_away, finishes what was accepted and closes (4512). Then nothing is open. */
  async drain(): Promise<void> {
    await this.connections.drain(this.config.drainMs);
    await this.messaging.drain();
  }

  @Command({ event: 'session.open', data: SessionOpen, opens: true, shown: openReply, replied: began })
  async open(connection: Connection, data: SessionOpen): Promise<Opened> {
    const opened = await this.sessions.open(connection, data);
    this.log.debug(connection.ids, 'A session is open');
    return opened;
  }

  @Command({ event: 'session.refresh', data: SessionRefresh })
  async refresh(connection: Connection, data: SessionRefresh): Promise<object> {
    const { expiresAtMs } = await this.sessions.refresh(connection, data);
    connection.onReachChanged();
    const { consent } = sessionOf(connection);
    return {
      tokenExpiresAt: new Date(expiresAtMs).toISOString(),
      grant: grantView(consent),
      nonce: connection.nonce,
    };
  }

  @Command({ event: 'session.close', data: Nothing, signsOut: true, replied: signedOut })
  async close(connection: Connection): Promise<object> {
    const { consent } = sessionOf(connection);
    await this.endings.end({ grants: [consent.grant], reason: 'signed_out', by: `app:${consent.app.id}` });
    return {};
  }

  @Command({ event: 'ping', data: Nothing })
  ping(): object {
    return { at: new Date().toISOString() };
  }
}

/** After the reply of session.open: what was missed, who is online from now on, and the times of the token. */
function began(connection: Connection): void {
  connection.onTokenSet();
  connection.onReachChanged();
  connection.session?.stream?.start();
}

/** Where the end did not reach this connection by the feed, because the lease had lapsed. */
function signedOut(connection: Connection): void {
  connection.ended('signed_out');
}
