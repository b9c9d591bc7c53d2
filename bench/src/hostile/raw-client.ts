import { connect, type Socket } from 'node:net';
import { OPCODE, rawFrame, ServerFrames } from './raw-frames.js';

export interface Received {
  readonly event: string;
  readonly id?: string;
  readonly seq?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client that writes whatever bytes it is given, and reads as one should. */
export class RawClient {
  /** The close code that the bridge sent; 1006 where the connection went without. */
  readonly closed: Promise<number>;
  isOpen = true;
  onFrame: (frame: Received) => void = () => {};
  onPong: (payload: Buffer) => void = () => {};
  readonly #frames = new ServerFrames();
  #code = 1006;

  private constructor(private readonly socket: Socket) {
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isOpen = false;
        resolve(this.#code);
      });
    });
    socket.on('error', () => {});
  }

  /** Connects, upgrades, and resolves to the client; `hello` is the first frame that it is called back with. */
  static async connect(port: number, onFrame: (frame: Received) => void): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new RawClient(socket);
    client.onFrame = onFrame;
    socket.write(
      [
        'GET /bridge HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol: drawbridge.v1',
        '\r\n',
      ].join('\r\n'),
    );
    let head = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      client.closed.then(() => reject(new Error(`no upgrade: ${head.subarray(0, 200)}`)));
      socket.on('data', function upgrade(bytes: Buffer) {
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.toString('latin1', 0, 20).startsWith('HTTP/1.1 101')) {
          socket.destroy();
          return;
        }
        socket.off('data', upgrade);
        socket.on('data', (more: Buffer) => client.#take(more));
        resolve();
        client.#take(head.subarray(end + 4));
      });
    });
    return client;
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  async close(): Promise<void> {
    if (this.isOpen) this.socket.write(rawFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232]) }));
    await this.closed;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    for (const { opcode, payload } of this.#frames.take(bytes)) {
      if (opcode === OPCODE.text) this.onFrame(JSON.parse(payload.toString()));
      else if (opcode === OPCODE.ping) this.socket.write(rawFrame({ opcode: OPCODE.pong, payload }));
      else if (opcode === OPCODE.pong) this.onPong(Buffer.from(payload));
      else if (opcode === OPCODE.close) {
        this.#code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        this.socket.end(rawFrame({ opcode: OPCODE.close, payload: Buffer.from(payload.subarray(0, 2)) }));
      }
    }
  }
}
