import type { Scope, Session, WireEvents } from '@drawbridge/protocol';
import { type Backoff, fullJitter, withinDeparture } from './backoff.js';
import { closeMeans, isConsentOver } from './closes.js';
import type { Connection, EventFrame } from './connection.js';
import { BridgeError, clientError } from './errors.js';
import type { Events } from './events.js';
import { Line, type LineListener, type LineOptions } from './line.js';
import { type Action, type Input, type State, TRANSITIONS } from './state.js';
import type { Tokens } from './tokens.js';
import { boundedMs } from './waits.js';

export interface LinkOptions extends LineOptions {
  readonly url: string;
  readonly backoff: Backoff;
}

/** So long a connection must have lasted for the next loss to count as a first one. */
const STABLE_MS = 5_000;
/** What was asked on a connection that another has taken the place of is waited for so long. */
const RETIRE_MS = 5_000;
/** So often one connection is given another token at most. */
const REFRESH_AGAIN_MS = 5_000;
/** However long `going_away` allows. */
const MAX_DEPARTURE_MS = 600_000;

interface Why {
  readonly reason: string;
  readonly docs?: string | undefined;
}

/** From one opening by the app to what ends it: what was asked in one is not asked in the next, which may be somebody else's. */
interface Era {
  /** Who is signed in. */
  person?: string;
  /** Who was in the one before, if it may be the same person. */
  before?: string | undefined;
  /** Why it is over. */
  over?: BridgeError;
}

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
}

/** Holds the connection: carries out what the table of states says, and reports to it what happens. */
export class Link {
  state: State = { name: 'signed-out', retryable: false };
  /** Of the latest opening. */
  session: Session | undefined;
  era: Era = {};
  #primary: Line | undefined;
  /** Is being opened to take the primary's place. */
  #successor: Line | undefined;
  /** Those that others have taken the place of, and that wait for answers. */
  readonly #retired = new Set<Line>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #openedAt = 0;
  /** What `going_away` allows. */
  #departureMs: number | undefined;
  #abort = new AbortController();
  /** While a token is waited for: of which `#abort`. */
  #asking: AbortController | undefined;
  readonly #listener: LineListener = {
    opened: (line) => this.#opened(line),
    event: (line, frame) => this.#event(line, frame),
    closed: (line, code, reason) => this.#closed(line, code, reason),
  };
  readonly #waiters = new Set<Waiter>();

  constructor(
    private readonly options: LinkOptions,
    private readonly tokens: Tokens,
    private readonly events: Events,
    private readonly changed: (state: State) => void,
  ) {}

  open(): void {
    this.#step('open');
  }

  /** The network is there again: no need to wait any longer, or a reason to ask whether the bridge is. */
  nudge(): void {
    this.#step('retry');
    this.#primary?.connection.ping().catch(() => {});
  }

  close(): void {
    this.#step('close', { reason: 'closed' });
  }

  /** Somebody lacks what came before: a second connection brings it, and takes the place of this one. */
  rewind(): void {
    if (this.#primary?.session) this.#replace(0);
  }

  /** The connection, as soon as there is one with a session. */
  whenOpen(signal: AbortSignal): Promise<Connection> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const line = this.#primary;
    if (line?.session && line.connection.isOpen) return Promise.resolve(line.connection);
    if (this.state.name === 'ended') return Promise.reject(this.endError());
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const waiter: Waiter = { resolve, reject };
    const abort = () => {
      this.#waiters.delete(waiter);
      reject(signal.reason);
    };
    this.#waiters.add(waiter);
    signal.addEventListener('abort', abort);
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  /** Why it is over. */
  endError(): BridgeError {
    const { reason = 'closed', docs } = this.state;
    if (reason === 'closed') return clientError('closed');
    return new BridgeError({ code: reason, message: `It is over: ${reason}.`, retryable: false, docs });
  }

  #step(input: Input, why?: Why): void {
    const before = this.state.name;
    const [name, action] = TRANSITIONS[before][input];
    if (name === before && !action) return;
    const retryInMs = action === 'wait' ? this.#pauseMs() : undefined;
    const reason = why?.reason ?? (name === 'reconnecting' ? this.state.reason : undefined);
    const docs = why?.docs ?? (why === undefined && reason !== undefined ? this.state.docs : undefined);
    this.state = {
      name,
      retryable: name !== 'ended' && name !== 'signed-out',
      ...(reason === undefined ? {} : { reason }),
      ...(retryInMs === undefined ? {} : { retryInMs }),
      ...(docs === undefined ? {} : { docs }),
    };
    if (action) this.#act(action, retryInMs);
    if (name !== before && (name === 'ended' || name === 'signed-out')) this.#settle();
    if (name !== before || action === 'wait') this.changed(this.state);
  }

  #act(action: Action, retryInMs = 0): void {
    if (action === 'dial') this.#dial();
    else if (action === 'replace') this.#replaceInTime();
    else if (action === 'hang-up') this.#hangUp();
    else this.#after(retryInMs, () => this.#step('retry'));
  }

  #dial(): void {
    clearTimeout(this.#timer);
    // What was being made to take the place of a connection that is gone is as good as a new one.
    this.#primary ??= this.#successor;
    this.#successor = undefined;
    if (!this.#primary) void this.#connect();
    else if (this.#primary.session) this.#opened(this.#primary);
  }

  #replaceInTime(): void {
    this.#countAttempt();
    this.#replace(this.#departureWaitMs(this.#departureMs ?? 0));
  }

  #replace(afterMs: number): void {
    this.#after(afterMs, () => this.#successor ?? this.#connect());
  }

  async #connect(): Promise<void> {
    const abort = this.#abort;
    if (this.#asking === abort) return;
    this.#asking = abort;
    try {
      const token = await this.tokens.get(abort.signal);
      if (abort.signal.aborted) return;
      if (token === undefined) return this.#step('no-token', { reason: 'signed_out' });
      const line = new Line(this.options, token, this.events.resumeAt(), this.#listener);
      if (this.#primary) this.#successor = line;
      else this.#primary = line;
    } catch (error) {
      if (!abort.signal.aborted) this.#failed(error);
    } finally {
      if (this.#asking === abort) this.#asking = undefined;
    }
  }

  /** No token, or no socket. */
  #failed(error: unknown): void {
    const { code, retryable, docs } = (error ?? {}) as Partial<BridgeError>;
    const why = { reason: typeof code === 'string' ? code : 'token_unavailable', docs };
    if (this.#primary) {
      if (retryable !== false) this.#replaceAgain();
    } else this.#step(retryable === false ? 'stopped' : 'lost', why);
  }

  #opened(line: Line): void {
    const { session } = line;
    if (!session || (line !== this.#primary && line !== this.#successor)) return;
    const { era } = this;
    const { id } = session.person;
    const reason = 'person_changed';
    // The app's tokens are of somebody else now: what is under way is not theirs to do, nor to see.
    if ((era.person ?? id) !== id) return void this.#step('stopped', { reason });
    era.person = id;
    if ((era.before ?? id) !== id) {
      // The app has opened this anew, and knows; only the place to resume at was not theirs.
      era.before = undefined;
      this.events.forget();
      return void line.connection.drop(reason);
    }
    this.tokens.accepted(line.token, session.tokenExpiresAt);
    if (line !== this.#primary) return void (line.isLive && this.#swap(line));
    this.session = session;
    this.#openedAt = performance.now();
    this.#departureMs = undefined;
    if (line.start) this.events.begin(line.start);
    for (const { resolve } of this.#waiters) resolve(line.connection);
    this.#waiters.clear();
    this.#step(line.isLive ? 'opened-bare' : 'opened');
    // Whoever asked for older events while it was being opened.
    if (line.start && this.events.lacksBefore(line.start)) this.#replace(0);
    this.#leave(line);
  }

  /** Makes, then breaks. */
  #swap(line: Line): void {
    const before = this.#primary;
    this.#successor = undefined;
    this.#primary = line;
    this.#opened(line);
    this.#step('caught-up');
    if (!before) return;
    this.#retired.add(before);
    before.retire(RETIRE_MS);
  }

  #event(line: Line, frame: EventFrame): void {
    const isPrimary = line === this.#primary;
    switch (frame.event) {
      case 'mailbox.live':
        if (isPrimary) this.#step('caught-up');
        else if (line === this.#successor && line.session) this.#swap(line);
        return;
      case 'mailbox.reset':
        this.events.reset(frame);
        if (isPrimary) this.#step('reset');
        return;
      case 'going_away':
        if (line.departureMs !== undefined) return;
        line.departureMs = boundedMs((frame.data as WireEvents['going_away']).reconnectWithinMs, 0, MAX_DEPARTURE_MS);
        if (isPrimary) this.#leave(line);
        return;
      case 'session.expiring':
        return void this.#refresh(line);
      case 'grant.changed':
        if (isPrimary) this.#narrowed(line, [...(frame.data as WireEvents['grant.changed']).scopes]);
    }
    if (frame.seq !== undefined) this.events.durable({ ...frame, seq: frame.seq }, line.epoch);
    else if (isPrimary) this.events.passing(frame);
  }

  #narrowed(line: Line, scopes: Scope[]): void {
    if (line.session) this.session = { ...line.session, grant: { ...line.session.grant, scopes } };
    // Nothing more of the mailbox comes, so nothing is waited for.
    if (!scopes.includes('messages.read')) this.#step('opened-bare');
  }

  /** What takes its place may be told so before it does. */
  #leave(line: Line): void {
    this.#departureMs = line.departureMs;
    if (line.departureMs !== undefined) this.#step('leaving');
  }

  /** At once, and then not again for a while: tokens may be shorter than the notice that they run out. */
  async #refresh(line: Line): Promise<void> {
    line.wantsToken = line.isRefreshing;
    if (line.isRefreshing) return;
    line.isRefreshing = true;
    await this.#giveToken(line);
    if (!line.connection.isOpen) return;
    line.after(REFRESH_AGAIN_MS, () => {
      line.isRefreshing = false;
      if (line.wantsToken) void this.#refresh(line);
    });
  }

  async #giveToken(line: Line): Promise<void> {
    const { signal } = this.#abort;
    try {
      const token = await this.tokens.after(line.token, signal);
      if (signal.aborted || !line.connection.isOpen) return;
      if (token === undefined) return this.#step('no-token', { reason: 'signed_out' });
      const { tokenExpiresAt, grant } = await line.refresh(token);
      this.tokens.accepted(token, tokenExpiresAt);
      if (this.session && line === this.#primary) this.session = { ...this.session, grant, tokenExpiresAt };
    } catch (error) {
      // The connection works until the token has run out; then 4401 says so.
      line.wantsToken = (error as Partial<BridgeError> | undefined)?.retryable !== false;
    }
  }

  #closed(line: Line, code: number, closeReason: string): void {
    const meaning = closeMeans(code, line.refusal?.code);
    const isAcceptable = meaning !== 'token' || this.tokens.rejected(line.token);
    if (line === this.#successor) {
      this.#successor = undefined;
      // If it is over, the primary is closed too, and says so.
      if (meaning !== 'stop' && isAcceptable) this.#replaceAgain();
    }
    this.#retired.delete(line);
    if (line !== this.#primary) return;
    this.#primary = undefined;
    const reason =
      (line.refusal && meaning !== 'again' && code === 4401 ? line.refusal.code : closeReason) || 'connection_lost';
    const docs = code >= 4400 ? `${this.options.url}/errors/${reason}` : undefined;
    // A token that is taken and then refused at once would be asked for without end.
    const isInVain = meaning === 'token' && line.session !== undefined && !this.#wasStable();
    if (meaning === 'again' || (isInVain && isAcceptable)) this.#step('lost', { reason, docs });
    else this.#step(meaning === 'token' && isAcceptable ? 'rejected' : 'stopped', { reason, docs });
  }

  #replaceAgain(): void {
    this.#attempt++;
    this.#replace(this.#jitterMs());
  }

  #pauseMs(): number {
    this.#countAttempt();
    this.#openedAt = 0;
    const departureMs = this.#departureMs;
    this.#departureMs = undefined;
    if (this.#successor) return 0;
    return departureMs === undefined ? this.#jitterMs() : this.#departureWaitMs(departureMs);
  }

  /** Within the departure; later where one gateway after the other goes away. */
  #departureWaitMs(departureMs: number): number {
    return withinDeparture(departureMs) + (this.#attempt === 0 ? 0 : this.#jitterMs());
  }

  #jitterMs(): number {
    return fullJitter(this.options.backoff, this.#attempt);
  }

  #countAttempt(): void {
    this.#attempt = this.#wasStable() ? 0 : this.#attempt + 1;
  }

  #wasStable(): boolean {
    return this.#openedAt > 0 && performance.now() - this.#openedAt > STABLE_MS;
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  #hangUp(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    const lines = [this.#primary, this.#successor, ...this.#retired];
    this.#primary = this.#successor = undefined;
    for (const line of lines) line?.connection.close();
  }

  /** Nothing goes on by itself. */
  #settle(): void {
    const { name, reason } = this.state;
    this.#attempt = 0;
    this.session = undefined;
    this.tokens.forget();
    const error = name === 'ended' ? this.endError() : clientError('signed_out');
    this.events.end(error.code === 'closed' ? undefined : error);
    const isOver = name === 'signed-out' || reason === 'person_changed' || isConsentOver(reason);
    if (isOver) this.events.forget();
    // What was asked before anybody was signed in waits on.
    if (name === 'ended' || this.era.person !== undefined) {
      this.era.over = error;
      this.era = isOver ? {} : { before: this.era.person ?? this.era.before };
    }
    if (name !== 'ended') return;
    for (const { reject } of this.#waiters) reject(error);
    this.#waiters.clear();
  }
}
