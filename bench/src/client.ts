import { WebSocket } from 'ws';
import type { Frame, Wire } from './wire.js';

/** `message.created`, as far as the load looks at it. */
export interface Created {
  readonly message: { readonly from: { readonly id: string }; readonly text: string };
}

export interface ClientOptions {
  /** Where the gateway is: `ws://host:port`. */
  readonly gateway: string;
  readonly wire: Wire;
  readonly id: string;
  readonly token: string;
  /** A message of somebody else. */
  readonly onDelivered: (text: string) => void;
  readonly onError: (error: Error) => void;
}

/** One person's connection, signed in. The same for every server, but for the wire. */
export class Client {
  private readonly waiting = new Map<string, { resolve: (data: never) => void; reject: (error: Error) => void }>();
  private frames = 0;

  private constructor(
    private readonly options: ClientOptions,
    private readonly socket: WebSocket,
  ) {
    const reply = (text: string) => socket.send(text);
    socket.on('message', (bytes) => {
      const frame = options.wire.decode(String(bytes), reply);
      if (frame) this.take(frame);
    });
    socket.on('error', (error) => this.lost(error));
    socket.on('close', (code, reason) => this.lost(new Error(`The gateway closed: ${code} ${reason}`)));
  }

  get id(): string {
    return this.options.id;
  }

  static async connect(options: ClientOptions): Promise<Client> {
    const { gateway, wire, token } = options;
    const socket = new WebSocket(`${gateway}${wire.path}`, [...wire.protocols], { perMessageDeflate: false });
    const client = new Client(options, socket);
    const opened = new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    if (wire.greeting) await client.event(wire.greeting);
    else await opened;
    if (wire.signIn) {
      const signedIn = client.event('signed-in');
      socket.send(wire.signIn(token));
      await signedIn;
    } else if (wire.greeting) {
      await client.request('session.open', { token, client: { name: 'bench', version: '1' } });
    } else {
      await client.request('session.open', { token });
    }
    return client;
  }

  /** Resolves to the data of the `ok`. */
  request<T>(event: string, data: object): Promise<T> {
    const id = String(++this.frames);
    const reply = this.event<T>(id);
    this.socket.send(this.options.wire.encode(event, id, data));
    return reply;
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.terminate();
  }

  private event<T>(key: string): Promise<T> {
    return new Promise((resolve, reject) => this.waiting.set(key, { resolve, reject }));
  }

  private take(frame: Frame): void {
    if (frame.event === 'message.created') {
      const { from, text } = (frame.data as Created).message;
      if (from.id !== this.options.id) this.options.onDelivered(text);
      return;
    }
    const key = frame.id ?? frame.event;
    const waiting = this.waiting.get(key);
    this.waiting.delete(key);
    if (frame.event !== 'error') {
      waiting?.resolve(frame.data as never);
      return;
    }
    const error = new Error(`An error came back: ${JSON.stringify(frame.data)}`);
    this.options.onError(error);
    if (waiting) waiting.reject(error);
    else this.rejectAll(error);
  }

  private lost(error: Error): void {
    this.options.onError(error);
    this.rejectAll(error);
  }

  /** An error that names no command may be the answer to any. */
  private rejectAll(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
