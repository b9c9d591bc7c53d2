import type { WebSocketLike } from '../socket.js';

type Listener = (event: object) => void;

/** The bridge's side of a socket of a test. */
export interface SocketServer {
  connected(socket: TestSocket): void;
  received(socket: TestSocket, frame: { event: string; id: string; data: Record<string, unknown> }): void;
  closed(socket: TestSocket): void;
}

/** A WebSocket without a network: what one side says the other hears in the next microtask, in order. */
export class TestSocket implements WebSocketLike {
  isOpen = true;
  /** Nothing gets through any more, and nobody is told. */
  isDead = false;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(private readonly server: SocketServer) {
    queueMicrotask(() => this.isOpen && server.connected(this));
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    queueMicrotask(() => this.isOpen && !this.isDead && this.server.received(this, JSON.parse(text)));
  }

  /** By the client. */
  close(code = 1000): void {
    if (!this.isDead) this.end(code, '');
  }

  /** By the bridge: one frame. */
  write(frame: object): void {
    const data = JSON.stringify(frame);
    queueMicrotask(() => this.isOpen && !this.isDead && this.#tell('message', { data }));
  }

  /** By the bridge, or the network (1006). */
  end(code: number, reason: string): void {
    queueMicrotask(() => {
      if (!this.isOpen) return;
      this.isOpen = false;
      this.server.closed(this);
      this.#tell('close', { code, reason });
    });
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
