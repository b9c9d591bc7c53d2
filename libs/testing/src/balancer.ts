import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const CHECK_EVERY_MS = 500;
const CHECK_WITHIN_MS = 1_000;

export interface Backend {
  readonly host: string;
  readonly port: number;
  /** Answers 200 while the backend may be sent new connections. */
  readonly readyUrl: string;
}

/**
 * The part of a load balancer, on one machine: each TCP connection goes to the ready backend with the fewest, so HTTP and
 * WebSockets work through it alike. A connection stays where it is until one of its ends closes it.
 */
export class Balancer implements AsyncDisposable {
  readonly #server = createServer({ pauseOnConnect: true }, (client) => this.#join(client));
  readonly #sockets = new Set<Socket>();
  readonly #ready = new Map<Backend, boolean>();
  /** Connections each backend has through here. */
  readonly #open = new Map<Backend, number>();
  #backends: readonly Backend[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor() {}

  /** Listens before there is any backend, because the backends are told its address. */
  static async listen(port = 0): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.#server.listen(port, '127.0.0.1');
    await once(balancer.#server, 'listening');
    balancer.#timer = setInterval(() => balancer.#check(), CHECK_EVERY_MS);
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What connections are spread over from now on; each is taken for ready until a check says otherwise. */
  use(backends: readonly Backend[]): void {
    this.#backends = backends;
    for (const backend of backends) if (!this.#ready.has(backend)) this.#ready.set(backend, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #check(): void {
    for (const backend of this.#backends) {
      fetch(backend.readyUrl, { signal: AbortSignal.timeout(CHECK_WITHIN_MS) }).then(
        ({ status }) => this.#ready.set(backend, status === 200),
        () => this.#ready.set(backend, false),
      );
    }
  }

  /** The ready ones first, by how many connections they have; the others after them, because a check may be out of date. */
  #inTurn(): Backend[] {
    const count = this.#backends.length;
    const from = this.#next++;
    const turn = Array.from({ length: count }, (_, index) => this.#backends[(from + index) % count]!);
    const open = (backend: Backend) => this.#open.get(backend) ?? 0;
    return turn.toSorted((a, b) => Number(this.#ready.get(b)) - Number(this.#ready.get(a)) || open(a) - open(b));
  }

  #join(client: Socket): void {
    this.#keep(client);
    this.#try(client, this.#inTurn());
  }

  #try(client: Socket, [backend, ...others]: Backend[]): void {
    if (!backend || client.destroyed) {
      client.destroy();
      return;
    }
    const upstream = this.#keep(connect(backend.port, backend.host));
    const refused = () => this.#try(client, others);
    upstream.once('error', refused);
    upstream.once('connect', () => {
      upstream.off('error', refused);
      this.#open.set(backend, (this.#open.get(backend) ?? 0) + 1);
      upstream.once('close', () => this.#open.set(backend, this.#open.get(backend)! - 1));
      client.pipe(upstream).pipe(client);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
    });
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
