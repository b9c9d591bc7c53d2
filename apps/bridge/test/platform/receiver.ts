import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

export interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: { message?: Record<string, unknown>; grant?: Record<string, unknown> };
}

/** How the receiver answers: a status, or nothing at all, or as one does that dies, or means no good. */
export type Mood = (
  told: Told,
) => number | 'nothing' | 'hangs up' | 'dies after its head' | 'dies in its head' | 'never ends';

/** The platform's end of webhooks: it checks every signature, and takes down what it answered 200 to, in order. */
export class Receiver implements AsyncDisposable {
  readonly took: Told[] = [];
  /** Everything that came. */
  readonly heard: Told[] = [];
  readonly forged: string[] = [];
  attempts = 0;
  readonly paths = new Set<string>();
  /** The last one, as it came. */
  last: { readonly body: string; readonly headers: Record<string, string> } | undefined;
  /** Said to whoever listens to an answer that never ends. */
  talkedBytes = 0;
  mood: Mood = () => 200;
  private server: Server | undefined;
  private port = 0;
  private waiters: (() => void)[] = [];

  constructor(readonly secret: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** On the same port as before, if it was there before. */
  async start(): Promise<void> {
    const signer = new Webhook(this.secret);
    this.server = createServer(async (request, response) => {
      this.attempts += 1;
      this.paths.add(String(request.url));
      const body = await text(request);
      this.last = { body, headers: request.headers as Record<string, string> };
      try {
        signer.verify(body, request.headers as Record<string, string>);
      } catch (error) {
        this.forged.push(String(error));
        return void response.writeHead(401).end();
      }
      const told = { ...(JSON.parse(body) as Omit<Told, 'id'>), id: String(request.headers['webhook-id']) };
      this.heard.push(told);
      const answer = this.mood(told);
      if (answer === 'nothing') return;
      if (answer === 'hangs up') return void request.socket.destroy();
      if (answer === 'dies in its head') return void request.socket.end('HTTP/1.1 200 O');
      if (answer === 'dies after its head' || answer === 'never ends') {
        this.took.push(told);
        if (answer === 'never ends') void this.talkOn(response);
        else response.writeHead(200, { 'content-length': 100 }).write('half of', () => request.socket.destroy());
        for (const wake of this.waiters.splice(0)) wake();
        return;
      }
      if (answer === 200) this.took.push(told);
      response.writeHead(answer, { location: `http://127.0.0.1:${this.port}/elsewhere` }).end();
      for (const wake of this.waiters.splice(0)) wake();
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** As long as somebody takes it. */
  private async talkOn(response: ServerResponse): Promise<void> {
    response.writeHead(200);
    const words = Buffer.alloc(65_536, 'and so on ');
    while (!response.destroyed) {
      this.talkedBytes += words.length;
      if (response.write(words)) await new Promise((resolve) => setImmediate(resolve));
      else await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** Resolves when it holds; asked after each that came. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Without what came twice, which is marked by its id. */
  distinct(): Told[] {
    return [...new Map(this.took.map((told) => [told.id, told])).values()];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
