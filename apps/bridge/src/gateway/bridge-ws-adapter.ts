import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS, PROTOCOL } from '@drawbridge/protocol';
import type { INestApplication, WebSocketAdapter } from '@nestjs/common';
import { type WebSocket, WebSocketServer } from 'ws';
import { Connections } from './connections.js';
import { Unopened } from './unopened.js';
import { refuseUpgrade, upgradeRefusal } from './upgrades.js';

/** How long a client may take over the closing handshake. */
const CLOSE_WITHIN_MS = 10_000;
/** Of one message: empty ones would otherwise cost memory that no count of bytes sees (I9). */
const MAX_FRAGMENTS = 16_384;

type OnConnection = (ws: WebSocket, request: IncomingMessage) => void;

/**
 * `@WebSocketGateway`s on `ws`, upgraded from the public HTTP server. Connections are handed to the gateway in Nest's
 * way; frames are not: the gateway's dispatcher finds the same `@SubscribeMessage` handlers and guards by itself.
 */
export class BridgeWsAdapter implements WebSocketAdapter<WebSocketServer, WebSocket, { path?: string }> {
  private readonly upgrades: [Server, (request: IncomingMessage, socket: Duplex, head: Buffer) => void][] = [];

  constructor(private readonly app: INestApplication) {}

  create(_port: number, { path = '/' }: { path?: string } = {}): WebSocketServer {
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Fragments memory (ws#1202), and a secret beside chosen text in one stream can be guessed from its length.
      perMessageDeflate: false,
      maxPayload: LIMITS.maxFrameBytes,
      maxFragments: MAX_FRAGMENTS,
      // At most one pong waits for a connection, in its own queue.
      autoPong: false,
      closeTimeout: CLOSE_WITHIN_MS,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    const connections = this.app.get(Connections);
    const unopened = this.app.get(Unopened);
    const http: Server = this.app.getHttpServer();
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const refusal = upgradeRefusal(request, path, connections.draining) ?? unopened.refusal(request);
      if (refusal) return refuseUpgrade(socket, refusal);
      server.handleUpgrade(request, socket, head, (ws) => server.emit('connection', ws, request));
    };
    http.on('upgrade', upgrade);
    this.upgrades.push([http, upgrade]);
    return server;
  }

  bindClientConnect(server: WebSocketServer, onConnection: OnConnection): void {
    server.on('connection', onConnection);
  }

  bindClientDisconnect(ws: WebSocket, onDisconnect: () => void): void {
    ws.on('close', onDisconnect);
  }

  /** What Nest offers here runs each frame through promises and observables; see Dispatcher. */
  bindMessageHandlers(): void {}

  /** Nest calls it when the application is closed; `close` has done everything. */
  async dispose(): Promise<void> {}

  close(server: WebSocketServer): void {
    for (const [http, upgrade] of this.upgrades.splice(0)) http.off('upgrade', upgrade);
    server.close();
  }
}
