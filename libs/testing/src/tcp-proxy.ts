import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A network between a bridge and a server, which can become slow in one direction. */
export class TcpProxy implements AsyncDisposable {
  readonly #server = createServer((client) => this.#join(client));
  readonly #sockets = new Set<Socket>();
  #delayMs = 0;

  private constructor(private readonly target: URL) {}

  /** `url` of a server, such as postgres://…; the proxy's `url` is the same with its own host and port. */
  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** What the server answers from now on comes so much later, in order; what is on its way keeps its delay. 0: at once. */
  delayAnswers(ms: number): void {
    this.#delayMs = ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.pipe(server);
    let before = Promise.resolve();
    /** After what came before it. */
    const late = (act: () => void) => {
      const due = sleep(this.#delayMs);
      before = before.then(() => due).then(act);
    };
    server.on('data', (bytes) => late(() => client.write(bytes)));
    server.on('close', () => late(() => client.destroy()));
    client.on('close', () => server.destroy());
  }
}
