import type { WebSocketClass, WebSocketLike } from '@drawbridge/client';
import { signal } from '@preact/signals';
import type { Entry, Side, WireFrame } from './entry.js';
import type { FrameLog } from './frame-log.js';

type SocketEvent = 'open' | 'message' | 'close' | 'error';
// biome-ignore lint/suspicious/noExplicitAny: as in the SDK's own type.
type Listener = (event: any) => void;

/** The network as the tester wants it to be. */
export interface Weather {
  /** No connection can be made, and those that were there are lost: the SDK tries again, and queues what is to be sent. */
  readonly offline: boolean;
  /** What arrives is held, and comes in order when it goes on. The bridge still sees somebody who reads. */
  readonly held: boolean;
  /** So much later arrives, in order, what the bridge sends. */
  readonly delayMs: number;
  /** So many of the next `message.send`, `recommendation.send` or others with a `clientId` leave twice (I5). */
  readonly duplicates: number;
  /** So many of the next sessions are opened with a token that the bridge refuses as it does one that has run out. */
  readonly spoiledTokens: number;
}

const CALM: Weather = { offline: false, held: false, delayMs: 0, duplicates: 0, spoiledTokens: 0 };
/** What browsers say of a connection that was lost without a closing handshake (RFC 6455 section 7.1.5). */
const ABNORMAL = 1006;

/**
 * Sits between the SDK and its sockets, on one side of the console: writes down every frame, lets the tester send what
 * they like on the same connection, and makes the network bad on demand. The SDK knows nothing of it: it is given
 * `webSocket` as its class, as any other.
 */
export class Tap {
  readonly weather = signal(CALM);
  /** How many frames have arrived that the SDK has not been told of. */
  readonly waiting = signal(0);
  readonly webSocket: WebSocketClass;
  /** Of the latest connection. */
  connection = 0;
  readonly #open: TappedSocket[] = [];

  constructor(
    readonly side: Side,
    readonly log: FrameLog,
  ) {
    const tap = this;
    this.webSocket = class extends TappedSocket {
      constructor(url: string, protocols: string) {
        super(tap, url, protocols);
      }
    };
  }

  /** The newest connection that is open. */
  get socket(): TappedSocket | undefined {
    return this.#open.at(-1);
  }

  /** A text as it is, on the connection of the SDK. Throws where there is none. */
  send(text: string): Entry {
    const { socket } = this;
    if (!socket) throw new Error('There is no connection to send on: connect first.');
    return socket.write(text);
  }

  /** With a closing handshake, as a client does: 1000 or 3000 to 4999. The SDK sees a connection that was closed. */
  close(code: number, reason = ''): void {
    this.note('close', `closed by the tester with ${code}`);
    this.socket?.close(code, reason);
  }

  /** As when a cable is pulled: the SDK hears at once that the connection is lost. */
  drop(): void {
    this.note('drop', 'dropped by the tester');
    for (const socket of [...this.#open]) socket.drop();
  }

  set(weather: Partial<Weather>): void {
    const was = this.weather.value;
    this.weather.value = { ...was, ...weather };
    const { offline } = this.weather.value;
    if (offline !== was.offline)
      this.note('network', offline ? 'taken away by the tester' : 'given back by the tester');
    for (const socket of [...this.#open]) offline ? socket.drop() : socket.deliver();
    // As a browser says it: the SDK does not wait any longer for its next try.
    if (was.offline && !offline) dispatchEvent(new Event('online'));
  }

  calm(): void {
    this.set(CALM);
  }

  note(event: string, text: string): void {
    this.log.told({ side: this.side, connection: this.connection }, 'note', event, text);
  }

  /** For its sockets. */
  opening(socket: TappedSocket): number {
    this.#open.push(socket);
    return ++this.connection;
  }

  /** For its sockets. */
  gone(socket: TappedSocket): void {
    const index = this.#open.indexOf(socket);
    if (index >= 0) this.#open.splice(index, 1);
  }

  /** For its sockets: the frame, with another token where it opens a session and the tester wants it refused. */
  spoiled(text: string): string {
    const { spoiledTokens } = this.weather.value;
    if (spoiledTokens === 0) return text;
    const frame = JSON.parse(text) as WireFrame;
    if (frame.event !== 'session.open') return text;
    this.weather.value = { ...this.weather.value, spoiledTokens: spoiledTokens - 1 };
    this.note('token', 'the signature of the token was broken by the tester');
    const data = frame.data as { readonly token: string };
    return JSON.stringify({ ...frame, data: { ...data, token: withBrokenSignature(data.token) } });
  }

  /** For its sockets: whether this frame leaves a second time. */
  takesTwice({ data }: WireFrame): boolean {
    const { duplicates } = this.weather.value;
    if (duplicates === 0 || (data as { clientId?: unknown } | undefined)?.clientId === undefined) return false;
    this.weather.value = { ...this.weather.value, duplicates: duplicates - 1 };
    return true;
  }
}

/** A WebSocket whose every frame is written down. */
export class TappedSocket implements WebSocketLike {
  readonly connection: number;
  /** The last that the bridge gave on it: what the next proof is made over. */
  nonce: string | undefined;
  /** Of the last durable event that came on it. */
  seq: number | undefined;
  readonly #socket: WebSocket | undefined;
  readonly #listeners: Record<SocketEvent, Listener[]> = { open: [], message: [], close: [], error: [] };
  /** What has arrived and the SDK has not been told of, with when it may be. */
  readonly #arrived: { readonly due: number; readonly event: MessageEvent }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(
    private readonly tap: Tap,
    url: string,
    protocols: string,
  ) {
    this.connection = tap.opening(this);
    if (tap.weather.value.offline) {
      // Not before whoever made it listens.
      queueMicrotask(() => this.#closed(ABNORMAL, '', false));
      return;
    }
    const socket = new WebSocket(url, protocols);
    socket.addEventListener('open', (event) => {
      tap.log.opened(this.#part, `${url} ${socket.protocol}`);
      this.#tell('open', event);
    });
    socket.addEventListener('message', (event) => this.#received(event));
    socket.addEventListener('error', (event) => this.#tell('error', event));
    socket.addEventListener('close', ({ code, reason, wasClean }) => this.#closed(code, reason, wasClean));
    this.#socket = socket;
  }

  get #part() {
    return { side: this.tap.side, connection: this.connection };
  }

  addEventListener(type: SocketEvent, listener: Listener): void {
    this.#listeners[type].push(listener);
  }

  /** What the SDK sends: twice where the tester wants that. */
  send(text: string): void {
    const { frame } = this.write(this.tap.spoiled(text));
    if (!frame || !this.tap.takesTwice(frame)) return;
    this.tap.note('duplicate', 'sent a second time by the tester');
    // With another id: a repeat of one that is under way would be a `conflict`, whatever is in it.
    this.write(JSON.stringify({ ...frame, id: `${frame.id}-again` }));
  }

  write(text: string): Entry {
    if (this.#socket?.readyState !== WebSocket.OPEN) throw new Error('The connection is not open.');
    const entry = this.tap.log.sent(this.#part, text);
    this.#socket.send(text);
    return entry;
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  drop(): void {
    this.#closed(ABNORMAL, '', false);
    this.#socket?.close();
  }

  /** Tells the SDK what may be told by now, in order. */
  deliver(): void {
    clearTimeout(this.#timer);
    const { held } = this.tap.weather.value;
    for (let next = this.#arrived[0]; next && !held; next = this.#arrived[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.deliver(), wait);
        return;
      }
      this.#arrived.shift();
      this.tap.waiting.value--;
      this.#tell('message', next.event);
    }
  }

  #received(event: MessageEvent): void {
    // A dropped connection hears nothing more, though the browser still closes it.
    if (this.#isOver) return;
    const { frame } = this.tap.log.received(this.#part, String(event.data));
    const { nonce } = (frame?.data ?? {}) as { nonce?: unknown };
    if (typeof nonce === 'string') this.nonce = nonce;
    this.seq = frame?.seq ?? this.seq;
    const { held, delayMs } = this.tap.weather.value;
    if (!held && delayMs === 0 && this.#arrived.length === 0) {
      this.#tell('message', event);
      return;
    }
    this.#arrived.push({ due: performance.now() + delayMs, event });
    this.tap.waiting.value++;
    this.deliver();
  }

  #closed(code: number, reason: string, clean: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.tap.gone(this);
    this.tap.log.closed(this.#part, { code, reason, clean });
    const arrived = this.#arrived.splice(0);
    this.tap.waiting.value -= arrived.length;
    // What had arrived before it was closed, the SDK hears before it.
    if (code !== ABNORMAL) for (const { event } of arrived) this.#tell('message', event);
    this.#tell('close', { code, reason });
  }

  #tell(type: SocketEvent, event: unknown): void {
    for (const listener of this.#listeners[type]) listener(event);
  }
}

/** A JWT's last part is its signature. Of the first character of it no bit is padding, so another one is another signature. */
function withBrokenSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
