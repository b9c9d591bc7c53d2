import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Held, type WireMessage } from './held.js';
import type { Random } from './random.js';

/** Twice as long after each failure, and a random share of it: all of a dead gateway's clients come at once otherwise. */
const BACKOFF = { fromMs: 100, toMs: 4_000 } as const;
/** Without a reply for so long a client takes its connection for dead. */
const REPLY_WITHIN_MS = 20_000;
const CONNECT_WITHIN_MS = 10_000;
const PAGE = 100;

interface Frame {
  readonly event: string;
  readonly id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly data: Record<string, unknown>;
}

interface Opened {
  readonly mailbox: { readonly epoch: string; readonly head: number };
}

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(event: string, data: Record<string, unknown>) {
    super(`${event}: ${JSON.stringify(data)}`);
    this.retryable = data.retryable === true;
    this.retryAfterMs = data.retryAfterMs as number | undefined;
  }
}

export interface DeviceOptions {
  readonly name: string;
  readonly person: string;
  readonly token: string;
  /** ws://host:port of every gateway. */
  readonly gateways: readonly string[];
  readonly random: Random;
  readonly onCreated: (device: Device, message: WireMessage) => void;
  /** Something that may never happen. */
  readonly onProblem: (text: string) => void;
}

/**
 * A client as the protocol wants one: it comes back with backoff and goes on where it was, repeats what was not
 * answered, and sees for itself whether an event is missing.
 */
export class Device {
  readonly held: Held;
  live = false;
  readonly counts = { connections: 0, resets: 0, repeated: 0, events: 0 };
  private socket: WebSocket | undefined;
  private epoch: string | undefined;
  private lastSeq = 0;
  private stopped = false;
  private failures = 0;
  private gateway: number;
  private frames = 0;
  private readonly waiting = new Map<string, { resolve: (data: never) => void; reject: (error: Error) => void }>();
  private becomesLive = Promise.withResolvers<void>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: DeviceOptions) {
    this.held = new Held((text) => this.problem(text));
    this.gateway = options.random.below(options.gateways.length);
  }

  get name(): string {
    return this.options.name;
  }

  get person(): string {
    return this.options.person;
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.becomesLive.resolve();
    this.socket?.terminate();
    await this.running;
  }

  /** Until there is an answer, over as many connections as it takes. Rejects with what a retry would not change. */
  async do<T>(event: string, data: object): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) this.counts.repeated++;
      await this.becomesLive.promise;
      if (this.stopped) throw new Error(`${this.name} was stopped`);
      try {
        return await this.request<T>(event, data);
      } catch (error) {
        const refused = error instanceof Refused ? error : undefined;
        if (refused && !refused.retryable) throw error;
        await wait(refused?.retryAfterMs ?? this.backoff(attempt));
      }
    }
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const { code, reason } = await this.connection();
      this.lost();
      if (this.stopped) return;
      // 44xx: not by itself. 4408 and 4409 are what a slow machine and a gateway that died leave behind.
      if (code >= 4400 && code < 4500 && code !== 4408 && code !== 4409) {
        this.problem(`was closed for good: ${code} ${reason}`);
        this.stopped = true;
        this.becomesLive.resolve();
        return;
      }
      this.gateway = (this.gateway + 1) % this.options.gateways.length;
      await wait(this.backoff(this.failures++));
    }
  }

  private backoff(failures: number): number {
    return this.options.random.next() * Math.min(BACKOFF.toMs, BACKOFF.fromMs * 2 ** failures);
  }

  /** Resolves when it is over. */
  private connection(): Promise<{ code: number; reason: string }> {
    const url = `${this.options.gateways[this.gateway]}/bridge`;
    const settings = { perMessageDeflate: false, handshakeTimeout: CONNECT_WITHIN_MS };
    const socket = new WebSocket(url, ['drawbridge.v1'], settings);
    this.socket = socket;
    this.counts.connections++;
    socket.on('error', () => {});
    socket.on('message', (bytes) => {
      if (socket === this.socket) this.take(JSON.parse(String(bytes)) as Frame);
    });
    return new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  private lost(): void {
    if (this.live) this.becomesLive = Promise.withResolvers();
    this.live = false;
    this.socket = undefined;
    for (const { reject } of this.waiting.values()) reject(new Error('The connection was lost'));
    this.waiting.clear();
  }

  private open(): Promise<unknown> {
    const { token } = this.options;
    const resume = this.epoch === undefined ? {} : { resume: { epoch: this.epoch, after: this.lastSeq } };
    const data = { token, client: { name: 'chaos', version: '1' }, ...resume };
    return this.request<Opened>('session.open', data, ({ mailbox }) => {
      if (this.epoch !== undefined) return;
      this.epoch = mailbox.epoch;
      this.lastSeq = mailbox.head;
    });
  }

  /** `onOk` is called before any frame that came after the reply is looked at. */
  private request<T>(event: string, data: object, onOk?: (data: T) => void): Promise<T> {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error('The connection is lost'));
    const id = String(++this.frames);
    const reply = new Promise<T>((resolve, reject) => {
      const ok = (replied: T) => {
        onOk?.(replied);
        resolve(replied);
      };
      this.waiting.set(id, { resolve: ok, reject });
    });
    socket.send(JSON.stringify({ event, id, data }));
    const timer = setTimeout(() => socket.terminate(), REPLY_WITHIN_MS);
    return reply.finally(() => clearTimeout(timer));
  }

  private take(frame: Frame): void {
    const { event, id, seq, data } = frame;
    if (id !== undefined) {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (event === 'ok') waiting?.resolve(data as never);
      else waiting?.reject(new Refused(event, data));
      return;
    }
    if (seq !== undefined) this.event(frame, seq);
    // The close that follows says the rest.
    else if (event === 'hello') this.open().catch(() => {});
    else if (event === 'mailbox.reset') this.reset(data as { epoch: string; head: number });
    else if (event === 'mailbox.live') this.nowLive();
    else if (event === 'error') this.problem(`an error that answers nothing: ${JSON.stringify(data)}`);
  }

  private event({ event, prev, data }: Frame, seq: number): void {
    this.counts.events++;
    if (prev !== this.lastSeq) this.problem(`prev of ${seq} is ${prev}, and the last was ${this.lastSeq}`);
    if (seq <= this.lastSeq) this.problem(`seq ${seq} came after ${this.lastSeq}`);
    this.lastSeq = seq;
    if (!event.startsWith('message.')) return;
    const message = data.message as WireMessage;
    this.held.take(event, seq, message);
    if (event === 'message.created') this.options.onCreated(this, message);
  }

  private nowLive(): void {
    this.live = true;
    this.failures = 0;
    this.becomesLive.resolve();
  }

  /** What it shows is loaded anew. */
  private reset({ epoch, head }: { epoch: string; head: number }): void {
    this.counts.resets++;
    this.epoch = epoch;
    this.lastSeq = head;
    this.held.clear();
    this.reload().catch((error: Error) => this.problem(`could not load anew: ${error.message}`));
  }

  private async reload(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.do<{ conversations: { id: string }[]; next?: string }>('conversation.list', {
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { id } of page.conversations)
        await this.history(id, (messages, asOf) => this.held.page(messages, asOf));
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** All of a conversation, page by page, newest first. */
  async history(conversation: string, page: (messages: readonly WireMessage[], asOf: number) => void): Promise<void> {
    let before: number | undefined;
    do {
      const read = await this.do<{ messages: WireMessage[]; asOf: number; next?: unknown }>('conversation.history', {
        conversation,
        limit: PAGE,
        ...(before === undefined ? {} : { before }),
      });
      page(read.messages, read.asOf);
      before = read.next === undefined ? undefined : read.messages.at(-1)?.position;
    } while (before !== undefined);
  }

  private problem(text: string): void {
    this.options.onProblem(`${this.name}: ${text}`);
  }
}
