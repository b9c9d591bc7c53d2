import type { BoundToken, TokenReason, WebSocketLike } from '@drawbridge/client';
import type { Side, WireFrame } from '../wire/entry.js';

/** How long a replay waits for what has to come. */
export const WAIT_MS = 10_000;

/** So often one connection is given another token at most: some live shorter than the notice that they run out. */
const REFRESH_AGAIN_MS = 5_000;

export interface ReplayWorld {
  connect(side: Side): WebSocketLike;
  /** Null where nobody is signed in on this side. */
  token(side: Side, reason: TokenReason): Promise<BoundToken | null>;
}

type Data = { readonly [key: string]: unknown };
export interface Received extends WireFrame {
  readonly data: Data;
}
interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** One person in a replay: a connection at a time, without the SDK, and everything that came on it. */
export class Actor {
  /** Events with a `seq`, in order, that nothing was expected of so far. */
  readonly durable: Received[] = [];
  readonly passing: Received[] = [];
  /** How the last connection ended, where the bridge ended it. */
  closed: Closed | undefined;
  session: Data | undefined;
  lastSeq = 0;
  #socket: WebSocketLike | undefined;
  #epoch = '';
  /** The last that the bridge gave on this connection. */
  #nonce = '';
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #isOpen = false;
  #count = 0;
  #openId = '';
  #goesOn = false;
  #problem: string | undefined;
  readonly #replies = new Map<string, Received>();
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly side: Side,
    private readonly world: ReplayWorld,
    private readonly signal: AbortSignal,
  ) {}

  get isConnected(): boolean {
    return this.#isOpen;
  }

  /** A connection without a session. */
  async connect(): Promise<void> {
    this.drop();
    await this.#connect();
  }

  /** Resolves when the mailbox is live. Throws what the bridge refuses it with. */
  async open({ resume = false, isTokenBroken = false } = {}): Promise<Received> {
    this.drop();
    const token = await this.world.token(this.side, 'open');
    if (!token) throw new Error('Nobody is signed in here.');
    await this.#connect();
    const shownToken = isTokenBroken ? withBrokenSignature(token.accessToken) : token.accessToken;
    const proof = await token.prove({ nonce: this.#nonce });
    this.#goesOn = resume;
    const goesOn = resume ? { resume: { epoch: this.#epoch, after: this.lastSeq } } : {};
    const client = { name: 'Drawbridge console, replay', version: '1' };
    this.#openId = this.send('session.open', { token: shownToken, proof, client, ...goesOn });
    const reply = await this.reply(this.#openId);
    if (reply.event === 'error') return reply;
    if (reply.data.mailbox) {
      const live = await this.until('mailbox.live', () => this.#taken('mailbox.live'));
      // Where the mailbox begins anew, there is nothing to go on from.
      if (this.#taken('mailbox.reset')) throw new Error(`The mailbox was reset (seq ${live.data.seq}).`);
    }
    return reply;
  }

  /** Sends a command, and gives the id that the reply will have. */
  send(event: string, data: object): string {
    const id = `replay-${++this.#count}`;
    this.write(JSON.stringify({ event, id, data }));
    return id;
  }

  write(text: string): void {
    if (!this.#isOpen || !this.#socket) throw new Error('There is no connection.');
    this.#socket.send(text);
  }

  reply(id: string): Promise<Received> {
    return this.until('the reply', () => this.#replies.get(id));
  }

  /** The data of `ok`; throws the code of an `error`. */
  async request(event: string, data: object): Promise<Data> {
    const reply = await this.reply(this.send(event, data));
    if (reply.event === 'error') throw new Error(`${event} was refused: ${reply.data.code} (${reply.data.message}).`);
    return reply.data;
  }

  async close(code = 1000, reason = ''): Promise<void> {
    this.#socket?.close(code, reason);
    await this.until('the end of the connection', () => !this.#isOpen || undefined);
  }

  /** As when a cable is pulled: nothing more is heard on it. */
  drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.close(1000);
  }

  /**
   * Everything that was on its way has arrived after it: what the bridge wrote before it answered a ping, and what is in
   * the mailbox and was not written yet, which a new connection brings before `mailbox.live`.
   */
  async settle(): Promise<void> {
    // Nothing is told on a connection without a session.
    if (!this.session) return;
    await this.request('ping', {});
    if (!this.session.mailbox) return;
    const reply = await this.open({ resume: true });
    if (reply.event === 'error') throw new Error(`The last connection was refused: ${reply.data.code}.`);
  }

  /** Waits for something, and not for a time; but not for ever. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      this.signal.throwIfAborted();
      if (this.#problem) throw new Error(this.#problem);
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what} did not come within ${WAIT_MS / 1_000} s.`);
      if (this.closed && what !== 'the close')
        throw new Error(`The connection was closed with ${this.closed.code} ${this.closed.reason}.`);
      await this.#change(left);
    }
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
      this.signal.addEventListener('abort', done);
    });
  }

  #connect(): Promise<Received> {
    const socket = this.world.connect(this.side);
    this.#socket = socket;
    this.closed = undefined;
    this.session = undefined;
    this.#replies.clear();
    this.passing.length = 0;
    socket.addEventListener('open', () => {
      if (socket === this.#socket) this.#isOpen = true;
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (socket === this.#socket) this.#take(JSON.parse(String(data)) as Received);
    });
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', ({ code, reason }: Closed) => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      this.#isOpen = false;
      this.closed = { code, reason };
      this.#told();
    });
    return this.until('hello', () => this.#taken('hello'));
  }

  #take(frame: Received): void {
    const { event, id, seq, prev, data } = frame;
    if (typeof data.nonce === 'string') this.#nonce = data.nonce;
    if (event === 'session.expiring') void this.#refresh();
    if (id !== undefined && (event === 'ok' || event === 'error')) {
      if (this.#replies.has(id)) this.#problem ??= `A second reply came to ${id}.`;
      this.#replies.set(id, frame);
      if (id === this.#openId && event === 'ok') this.#opened(data);
    } else if (seq !== undefined) {
      // I4: in order, nothing missing, nothing twice.
      if (seq <= this.lastSeq)
        this.#problem ??= `${event} with seq ${seq} came again, or late: ${this.lastSeq} was before it.`;
      else if (prev !== this.lastSeq)
        this.#problem ??= `prev of seq ${seq} is ${prev}, but ${this.lastSeq} was before it.`;
      this.lastSeq = seq;
      this.durable.push(frame);
    } else this.passing.push(frame);
    this.#told();
  }

  /** As the SDK does. Where it cannot be, the connection is closed when the token has run out, and that says so. */
  async #refresh(): Promise<void> {
    const socket = this.#socket;
    const early = this.#refreshedAt + REFRESH_AGAIN_MS - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    if (socket !== this.#socket) return;
    this.#refreshedAt = performance.now();
    try {
      const token = await this.world.token(this.side, 'expiring');
      const proof = await token?.prove({ nonce: this.#nonce });
      if (token && socket === this.#socket) this.send('session.refresh', { token: token.accessToken, proof });
    } catch {
      // As above.
    }
  }

  #opened(session: Data): void {
    this.session = session;
    const { epoch, head } = (session.mailbox ?? {}) as { readonly epoch?: string; readonly head?: number };
    // A connection that does not go on from another begins at the head.
    if (head !== undefined && !this.#goesOn) this.lastSeq = head;
    this.#epoch = epoch ?? '';
  }

  #taken(event: string): Received | undefined {
    const index = this.passing.findIndex((frame) => frame.event === event);
    return index < 0 ? undefined : this.passing.splice(index, 1)[0];
  }

  #told(): void {
    for (const done of [...this.#waiting]) done();
  }
}

/** Of the first character of a signature no bit is padding, so another one is another signature. */
function withBrokenSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
}
