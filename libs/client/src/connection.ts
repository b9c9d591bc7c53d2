import type { WireError, WireEvents } from '@drawbridge/protocol';
import { BridgeError, clientError } from './errors.js';
import type { WebSocketLike } from './socket.js';
import { boundedMs } from './waits.js';

/** An event as it came. */
export interface EventFrame {
  readonly event: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly data: unknown;
}

export interface ConnectionListener {
  event(frame: EventFrame): void;
  /** Once, whoever ended it. `reason` is the close reason, or what the SDK found out by itself. */
  closed(code: number, reason: string): void;
}

interface Waiting {
  readonly taken: ((data: never) => void) | undefined;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
}

const ABNORMAL = 1006;
/** However short the bridge says that its heartbeat is. */
const MIN_HEARTBEAT_MS = 1_000;

/**
 * One WebSocket: frames in and out, and whether the other side is still there. A browser shows no pings, so after so long
 * a silence as the bridge's own heartbeat it asks; a connection that is half open is given up without waiting for it.
 */
export class Connection {
  /** `hello`; never, when the connection ends before. */
  readonly hello: Promise<WireEvents['hello']>;
  /** What the next proof is made over. */
  nonce = '';
  readonly #waiting = new Map<string, Waiting>();
  #greet!: (hello: WireEvents['hello']) => void;
  #isOpen = true;
  #count = 0;
  #heardAt = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeatMs = 0;
  #maxFrameBytes = Number.POSITIVE_INFINITY;

  constructor(
    private readonly socket: WebSocketLike,
    private readonly listener: ConnectionListener,
    private readonly pongMs: number,
  ) {
    this.hello = new Promise((resolve) => {
      this.#greet = resolve;
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => this.#take(data));
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => this.#ended(code, reason));
    // Every error is followed by a close.
    socket.addEventListener('error', () => {});
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Commands that are not answered yet. */
  get pending(): number {
    return this.#waiting.size;
  }

  /**
   * The data of `ok`. Rejects with what the bridge answered, or `connection_lost`. `taken` is told of it before the next
   * frame is looked at, which may come in the same instant.
   */
  request(event: string, data: object, taken?: (data: never) => void): Promise<unknown> {
    if (!this.#isOpen) return Promise.reject(clientError('connection_lost'));
    const id = `c-${++this.#count}`;
    const frame = JSON.stringify({ event, id, data });
    // The bridge would close the connection, and do so again with every retry.
    if (!fits(frame, this.#maxFrameBytes)) return Promise.reject(tooLarge(this.#maxFrameBytes));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { taken, resolve, reject });
      try {
        this.socket.send(frame);
      } catch {
        // It is closing already: `close` follows, and rejects this.
      }
    });
  }

  /** Asks whether the other side is there, and gives the connection up when no answer comes. */
  async ping(): Promise<number> {
    const since = performance.now();
    const timer = setTimeout(() => this.drop('timeout'), this.pongMs);
    try {
      await this.request('ping', {});
      return performance.now() - since;
    } finally {
      clearTimeout(timer);
    }
  }

  close(code = 1000): void {
    this.#end(code, '', code);
  }

  /** Ends it here and now, whatever the other side does. */
  drop(reason: string): void {
    this.#end(ABNORMAL, reason, 1000);
  }

  #take(text: unknown): void {
    if (!this.#isOpen) return;
    this.#heardAt = performance.now();
    try {
      const frame = parsed(text);
      if (frame.id !== undefined) this.#answer(frame.id, frame);
      else if (frame.event === 'hello') this.#greeted(frame.data as WireEvents['hello']);
      // Of a frame that was not understood: nobody here has sent one.
      else if (frame.event !== 'error') this.listener.event(frame);
    } catch {
      // No bridge that keeps to the protocol; the app is not to fall with it.
      this.drop('bad_frame');
    }
  }

  #answer(id: string, { event, data }: EventFrame): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (event === 'ok') {
      this.nonce = (data as { nonce?: string }).nonce ?? this.nonce;
      waiting?.taken?.(data as never);
      waiting?.resolve(data);
    } else waiting?.reject(new BridgeError(data as WireError));
  }

  #greeted(hello: WireEvents['hello']): void {
    if (this.#heartbeatMs > 0) return;
    this.nonce = hello.nonce;
    this.#heartbeatMs = boundedMs(hello.heartbeatMs, MIN_HEARTBEAT_MS);
    this.#maxFrameBytes = hello.maxFrameBytes;
    this.#listenForSilence();
    this.#greet(hello);
  }

  #listenForSilence(): void {
    clearTimeout(this.#timer);
    const silentForMs = performance.now() - this.#heardAt;
    if (silentForMs < this.#heartbeatMs) this.#listenIn(this.#heartbeatMs - silentForMs);
    else {
      // A refusal is an answer; and a lost connection is told of elsewhere.
      const listen = () => this.#isOpen && this.#listenIn(this.#heartbeatMs);
      this.ping().then(listen, listen);
    }
  }

  #listenIn(ms: number): void {
    this.#timer = setTimeout(() => this.#listenForSilence(), ms);
  }

  #end(code: number, reason: string, socketCode: number): void {
    if (!this.#isOpen) return;
    this.#ended(code, reason);
    try {
      this.socket.close(socketCode);
    } catch {
      // A socket that never came to be open.
    }
  }

  #ended(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.listener.closed(code, reason);
    for (const { reject } of this.#waiting.values()) reject(clientError('connection_lost'));
    this.#waiting.clear();
  }
}

/** In UTF-8, where a unit of a string takes three bytes at most. */
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || new TextEncoder().encode(text).length <= maxBytes;
}

function tooLarge(maxBytes: number): BridgeError {
  const message = `It is more than the ${maxBytes} bytes that a frame may have.`;
  return new BridgeError({ code: 'invalid_data', message, retryable: false });
}

/** Throws where it is no frame of the protocol. */
function parsed(text: unknown): EventFrame & { id?: string } {
  const frame = JSON.parse(String(text));
  const data = frame.data ?? {};
  if (typeof frame.event !== 'string' || typeof data !== 'object' || ![frame.seq, frame.prev].every(isPlace))
    throw new TypeError('No frame of the protocol.');
  return { ...frame, data };
}

function isPlace(number: unknown): boolean {
  return number === undefined || Number.isSafeInteger(number);
}
