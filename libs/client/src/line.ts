import type { Session, WireCommands, WireEvents } from '@drawbridge/protocol';
import { Connection, type EventFrame } from './connection.js';
import { BridgeError } from './errors.js';
import type { Cursor } from './events.js';
import { SUBPROTOCOL, type WebSocketClass } from './socket.js';
import type { Token } from './tokens.js';

export interface LineOptions {
  readonly address: string;
  readonly webSocket: WebSocketClass;
  readonly client: { readonly name: string; readonly version: string };
  readonly openMs: number;
  readonly pongMs: number;
}

export interface LineListener {
  opened(line: Line): void;
  event(line: Line, frame: EventFrame): void;
  closed(line: Line, code: number, reason: string): void;
}

/** A connection with a session: opened with a token, and held to the promise that nothing is missing and nothing comes twice. */
export class Line {
  readonly connection: Connection;
  session: Session | undefined;
  /** Why the bridge refused the opening. */
  refusal: BridgeError | undefined;
  /** Everything that was missed has come. */
  isLive = false;
  /** After which place its events begin. */
  start: Cursor | undefined;
  epoch = '';
  #seq: number | undefined;
  /** While another token is asked for, and a while after it: so often at most. */
  isRefreshing = false;
  /** The bridge asked for another meanwhile, or there was none. */
  wantsToken = false;
  /** What its `going_away` allows. */
  departureMs: number | undefined;
  readonly #overdue: ReturnType<typeof setTimeout>;
  #later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly options: LineOptions,
    public token: Token,
    private readonly resume: Cursor | undefined,
    private readonly listener: LineListener,
  ) {
    const socket = new options.webSocket(options.address, SUBPROTOCOL);
    const closed = (code: number, reason: string) => {
      clearTimeout(this.#overdue);
      clearTimeout(this.#later);
      listener.closed(this, code, reason);
    };
    this.#overdue = setTimeout(() => this.connection.drop('timeout'), options.openMs);
    this.connection = new Connection(socket, { event: (frame) => this.#event(frame), closed }, options.pongMs);
    void this.#open();
  }

  /** Goes on with another token. */
  async refresh(token: Token): Promise<WireCommands['session.refresh']['reply']> {
    const shown = await this.#shown(token);
    const reply = (await this.connection.request('session.refresh', shown)) as WireCommands['session.refresh']['reply'];
    this.token = token;
    return reply;
  }

  /** Lets go of it when everything that was asked is answered, but not much later. */
  retire(withinMs: number): void {
    const since = performance.now();
    const look = () => {
      if (this.connection.pending === 0 || performance.now() - since > withinMs) this.connection.close();
      else this.after(20, look);
    };
    look();
  }

  /** Unless it is closed before. */
  after(ms: number, act: () => void): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(act, ms);
  }

  async #open(): Promise<void> {
    await this.connection.hello;
    const { client } = this.options;
    const resume = this.resume ? { resume: { epoch: this.resume.epoch, after: this.resume.after } } : {};
    try {
      const data: WireCommands['session.open']['data'] = { ...(await this.#shown(this.token)), client, ...resume };
      await this.connection.request('session.open', data, (session: Session) => this.#opened(session));
    } catch (error) {
      // The bridge closes, with the code that counts; what it said goes with it. It does not know of a proof that failed.
      if (error instanceof BridgeError) this.refusal = error;
      else this.connection.drop('proof_failed');
    }
  }

  #opened(session: Session): void {
    const { mailbox, person, grant } = session;
    // What everything else counts on; the connection ends where it is not so.
    if (typeof person.id !== 'string' || !Array.isArray(grant.scopes)) throw new TypeError('No session.');
    if (mailbox) checkPlace(mailbox);
    clearTimeout(this.#overdue);
    this.session = session;
    if (mailbox) this.start = this.resume ?? { epoch: mailbox.epoch, after: mailbox.head };
    this.epoch = this.start?.epoch ?? '';
    this.#seq = this.start?.after;
    this.isLive = mailbox === undefined;
    this.listener.opened(this);
  }

  async #shown(token: Token): Promise<{ token: string; proof?: string }> {
    if (typeof token === 'string') return { token };
    return { token: token.accessToken, proof: await token.prove({ nonce: this.connection.nonce }) };
  }

  /** I4, looked at from this side: `prev` is what came before. What came already is passed over; a gap ends the line. */
  #event(frame: EventFrame): void {
    const { seq, prev } = frame;
    if (frame.event === 'mailbox.live') this.isLive = true;
    if (frame.event === 'mailbox.reset') {
      const { epoch, head } = checkPlace(frame.data as WireEvents['mailbox.reset']);
      this.epoch = epoch;
      this.#seq = head;
      this.isLive = false;
    }
    if (seq !== undefined && this.#seq !== undefined) {
      if (seq <= this.#seq) return;
      if (prev !== this.#seq) {
        this.connection.drop('gap');
        return;
      }
      this.#seq = seq;
    }
    this.listener.event(this, frame);
  }
}

function checkPlace<Place extends { epoch: string; head: number }>(place: Place): Place {
  if (typeof place.epoch !== 'string' || !Number.isSafeInteger(place.head)) throw new TypeError('No place.');
  return place;
}
