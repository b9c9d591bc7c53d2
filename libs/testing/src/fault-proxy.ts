import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameLength } from './websocket-frames.js';

const SWITCHING = 'HTTP/1.1 101 ';

/** What happens to a frame on its way from the bridge to a client. */
type Fate = 'passes' | 'is lost' | 'comes twice';

/** A network between clients and a bridge that does to their WebSockets what networks do, and some things that they do not. */
export class FaultProxy implements AsyncDisposable {
  /** How many connections there were. */
  connections = 0;
  readonly #server = createServer((client) => this.#join(client));
  readonly #pairs = new Set<Pair>();
  #refuses = false;
  #firstFate: Fate = 'passes';
  #delayMs = 0;

  private constructor(private target: URL) {}

  static async to(url: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(url));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where connections go from now on. */
  lead(url: string): void {
    this.target = new URL(url);
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) pair.end();
  }

  /** Every connection there is goes on without a byte getting through, and nobody is told. New ones are well. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.isDead = true;
  }

  /** Connections are refused, or taken again. */
  refuse(refuses = true): void {
    this.#refuses = refuses;
  }

  /** Everything comes so much later, in order; 0: at once. */
  slow(ms: number): void {
    this.#delayMs = ms;
  }

  /** The next durable event on each connection is lost, which TCP never does: what a fault of the bridge would look like. */
  loseEvent(): void {
    for (const pair of this.#pairs) pair.fate = 'is lost';
  }

  /** The next durable event on each connection comes twice. */
  repeatEvent(): void {
    for (const pair of this.#pairs) pair.fate = 'comes twice';
  }

  /** The first durable event on each connection to come comes twice. */
  repeatFirstEvents(): void {
    this.#firstFate = 'comes twice';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    this.connections++;
    if (this.#refuses) return void client.destroy();
    const bridge = connect(Number(this.target.port), this.target.hostname);
    const pair: Pair = new Pair(
      client,
      bridge,
      () => this.#delayMs,
      () => this.#pairs.delete(pair),
    );
    pair.fate = this.#firstFate;
    this.#pairs.add(pair);
  }
}

class Pair {
  isDead = false;
  fate: Fate = 'passes';
  #bytes = Buffer.alloc(0);
  #isUpgraded = false;

  constructor(
    private readonly client: Socket,
    private readonly bridge: Socket,
    private readonly delayMs: () => number,
    private readonly ended: () => void,
  ) {
    for (const socket of [client, bridge]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => !this.isDead && this.end());
    }
    const toBridge = this.#late((bytes) => bridge.write(bytes));
    const toClient = this.#late((bytes) => client.write(bytes));
    client.on('data', toBridge);
    bridge.on('data', (bytes) => {
      for (const part of this.#parts(bytes)) toClient(part);
    });
  }

  end(): void {
    this.client.destroy();
    this.bridge.destroy();
    this.ended();
  }

  #late(write: (bytes: Buffer) => void): (bytes: Buffer) => void {
    let before: Promise<unknown> | undefined;
    return (bytes) => {
      const delayMs = this.delayMs();
      const pass = () => {
        if (!this.isDead) write(bytes);
      };
      if (!before && delayMs === 0) return pass();
      const turn = Promise.all([before, sleep(delayMs)]).then(() => {
        pass();
        if (before === turn) before = undefined;
      });
      before = turn;
    };
  }

  /** The bytes of the bridge, frame by frame once the connection is a WebSocket. */
  #parts(bytes: Buffer): Buffer[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (!this.#isUpgraded) {
      // Anything else is plain HTTP.
      const start = this.#bytes.toString('latin1', 0, SWITCHING.length);
      if (start !== SWITCHING.slice(0, start.length)) return [this.#take(this.#bytes.length)];
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return [];
      this.#isUpgraded = true;
      return [this.#take(end + 4), ...this.#frames()];
    }
    return this.#frames();
  }

  #frames(): Buffer[] {
    const frames: Buffer[] = [];
    for (let length = frameLength(this.#bytes); length !== undefined; length = frameLength(this.#bytes)) {
      const frame = this.#take(length);
      const fate = frame.includes('"seq":') && frame.includes('"prev":') ? this.fate : 'passes';
      if (fate !== 'passes') this.fate = 'passes';
      if (fate !== 'is lost') frames.push(frame);
      if (fate === 'comes twice') frames.push(frame);
    }
    return frames;
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }
}
