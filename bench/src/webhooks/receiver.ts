import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/** The platform's end: notes what came, and whether it came in its order. */
export class Receiver {
  readonly ids = new Set<string>();
  again = 0;
  disordered = 0;
  /** When the first and the last one came. */
  firstAtMs = 0;
  lastAtMs = 0;
  private readonly positions = new Map<string, number>();
  private readonly server: Server;

  constructor(slowMs: number) {
    this.server = createServer(async (request, response) => {
      const body = await text(request);
      if (slowMs > 0) await pause(slowMs);
      this.take(String(request.headers['webhook-id']), JSON.parse(body));
      response.writeHead(204).end();
    });
  }

  /** A port that is its own from then on, and where nothing listens until `start`. */
  async reserve(): Promise<number> {
    await this.start(0);
    const { port } = this.server.address() as AddressInfo;
    await this.stop();
    return port;
  }

  async start(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(id: string, { data }: { data: { message?: { conversation: string; position: number } } }): void {
    this.lastAtMs = performance.now();
    this.firstAtMs ||= this.lastAtMs;
    if (this.ids.has(id)) this.again += 1;
    this.ids.add(id);
    const { conversation, position } = data.message!;
    if (position < (this.positions.get(conversation) ?? 0)) this.disordered += 1;
    this.positions.set(conversation, position);
  }
}
