import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ProofKey } from './proof-key.js';

/** A frame as it came, with when (monotonic, ms). */
export interface ReceivedFrame {
  readonly event: string;
  readonly id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly data: Record<string, unknown>;
  readonly at: number;
}

export interface ConnectOptions {
  readonly origin?: string;
  readonly protocol?: string | null;
}

/** An access token, with the key that it is bound to; or one that is bound to none. */
export type SessionToken = string | { readonly accessToken: string; readonly key?: ProofKey };

/** An `error` reply; its fields are the reply's data. */
export class CodedError extends Error {
  readonly code: string;

  constructor(readonly data: Record<string, unknown>) {
    super(`${data.code}: ${data.message}`);
    this.code = String(data.code);
  }
}

interface Waiter {
  readonly matches: (frame: ReceivedFrame) => boolean;
  readonly resolve: (frame: ReceivedFrame) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A client written against the protocol alone. It records every frame, and checks the promises about durable events by
 * itself: `seq` only grows, `prev` is the one before, nothing comes twice (I4).
 */
export class BridgeClient {
  readonly frames: ReceivedFrame[] = [];
  /** What broke a promise; a test expects it to stay empty. */
  readonly problems: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** `seq` of the last durable event, or where the mailbox stood at the opening. */
  lastSeq: number | undefined;
  /** What the next proof has to be made over. */
  nonce: string | undefined;
  readonly #replies = new Map<string, { resolve: (data: never) => void; reject: (error: Error) => void }>();
  readonly #waiters = new Set<Waiter>();
  #count = 0;

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        const error = new Error(`closed: ${code} ${reason}`);
        for (const reply of this.#replies.values()) reply.reject(error);
        for (const waiter of this.#waiters) waiter.reject(error);
      });
    });
    socket.on('error', () => {});
    socket.on('message', (bytes) => this.#take(JSON.parse(String(bytes))));
  }

  /** Connects and waits for `hello`. */
  static async connect(publicUrl: string, options: ConnectOptions = {}): Promise<BridgeClient> {
    const url = `${publicUrl.replace(/^http/, 'ws')}/bridge`;
    const protocols = options.protocol === null ? [] : [options.protocol ?? 'drawbridge.v1'];
    const headers = options.origin === undefined ? {} : { origin: options.origin };
    const client = new BridgeClient(new WebSocket(url, protocols, { perMessageDeflate: false, headers }));
    const refused = once(client.socket, 'error').then(([error]) => Promise.reject(error));
    await Promise.race([client.waitFor(({ event }) => event === 'hello'), refused]);
    return client;
  }

  get hello(): Record<string, unknown> {
    return this.frames[0]!.data;
  }

  /** Opens the session; with `messages.read` it resolves when the mailbox is live. */
  async open<T = Record<string, unknown>>(token: SessionToken, resume?: { epoch: string; after: number }): Promise<T> {
    const client = { name: 'drawbridge-testing', version: '1' };
    if (resume) this.lastSeq = resume.after;
    const session = await this.request<T & { mailbox?: { head: number } }>('session.open', {
      ...this.#shown(token),
      client,
      ...(resume ? { resume } : {}),
    });
    if (session.mailbox) {
      await this.waitFor(({ event }) => event === 'mailbox.live');
    }
    return session;
  }

  /** Goes on with another token of the same grant and key. */
  refresh<T = Record<string, unknown>>(token: SessionToken): Promise<T> {
    return this.request<T>('session.refresh', this.#shown(token));
  }

  /** The `data` of the `ok`; throws `CodedError`, or another error when the connection is closed before the answer. */
  request<T = Record<string, unknown>>(event: string, data: object): Promise<T> {
    const id = `t-${++this.#count}`;
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('closed'));
    return new Promise<T>((resolve, reject) => {
      this.#replies.set(id, { resolve, reject });
      this.send({ event, id, data });
    });
  }

  /** Sends an object as a frame, or text or bytes as they are. */
  send(frame: object | string | Buffer): void {
    this.socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The first frame, past or to come, that matches. Rejects when the connection closes without it. */
  waitFor(matches: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    const past = this.frames.find(matches);
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      if (this.socket.readyState >= WebSocket.CLOSING) return reject(new Error('closed'));
      this.#waiters.add({ matches, resolve, reject });
    });
  }

  /** Stops reading from the socket, so that what the bridge writes waits in its buffers. */
  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  async close(code = 1000): Promise<void> {
    this.socket.close(code);
    await this.closed;
  }

  #shown(token: SessionToken): { token: string; proof?: string } {
    if (typeof token === 'string') return { token };
    const { accessToken, key } = token;
    return { token: accessToken, ...(key ? { proof: key.sessionProof(accessToken, this.nonce) } : {}) };
  }

  #take(parsed: Omit<ReceivedFrame, 'at'>): void {
    const frame: ReceivedFrame = { ...parsed, at: performance.now() };
    this.frames.push(frame);
    if (frame.seq !== undefined) this.#check(frame.seq, frame.prev);
    if (frame.event === 'hello' || frame.event === 'ok') this.nonce = (frame.data.nonce as string) ?? this.nonce;
    if (frame.event === 'mailbox.reset') this.lastSeq = Number(frame.data.head);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(frame)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(frame);
    }
    if (frame.id === undefined) return;
    const reply = this.#replies.get(frame.id);
    if (!reply) return void this.problems.push(`a reply nobody waits for: ${frame.id}`);
    this.#replies.delete(frame.id);
    if (frame.event === 'ok') {
      const { mailbox } = frame.data as { mailbox?: { head: number } };
      if (mailbox) this.lastSeq ??= mailbox.head;
      reply.resolve(frame.data as never);
    } else reply.reject(new CodedError(frame.data));
  }

  #check(seq: number, prev: number | undefined): void {
    if (this.lastSeq !== undefined && prev !== this.lastSeq)
      this.problems.push(`prev of ${seq} is ${prev}, not ${this.lastSeq}`);
    if (this.lastSeq !== undefined && seq <= this.lastSeq) this.problems.push(`seq ${seq} after ${this.lastSeq}`);
    this.lastSeq = seq;
  }
}
