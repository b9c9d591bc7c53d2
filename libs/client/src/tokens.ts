import { BridgeError, clientError } from './errors.js';

/** Why a token is asked for: for a first connection, because the last one runs out or has, or because it was refused. */
export type TokenReason = 'open' | 'expiring' | 'expired' | 'rejected';

export interface TokenRequest {
  readonly reason: TokenReason;
  /** Aborted when the bridge is closed meanwhile. */
  readonly signal: AbortSignal;
}

/** A token that is bound to a key (DPoP, RFC 9449), with what makes a proof for one connection. */
export interface BoundToken {
  readonly accessToken: string;
  prove(connection: { readonly nonce: string }): Promise<string>;
}

export type Token = string | BoundToken;

/** Gives a token, or null where nobody is signed in. What it throws is tried again, unless it says `retryable: false`. */
export type TokenCallback = (request: TokenRequest) => Promise<Token | null | undefined> | Token | null | undefined;

/** A token that has less than this to live is not worth opening a session with. */
const WORTH_SHOWING_MS = 5_000;

/** How long the app may take to give one. */
const GIVEN_WITHIN_MS = 60_000;

const textOf = (token: Token) => (typeof token === 'string' ? token : token.accessToken);

/** Keeps the token, so that the app is asked only when another is needed, and once at a time. */
export class Tokens {
  #token: Token | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;
  #refused: string | undefined;
  #asking: Promise<Token | undefined> | undefined;
  #lastFailure: string | undefined;

  constructor(private readonly callback: TokenCallback) {}

  /** The one that is there, or a new one. Undefined where nobody is signed in. */
  async get(signal: AbortSignal): Promise<Token | undefined> {
    if (this.#token !== undefined && this.#expiresAt - Date.now() > WORTH_SHOWING_MS) return this.#token;
    const reason = this.#refused !== undefined ? 'rejected' : this.#token === undefined ? 'open' : 'expired';
    return this.ask(reason, signal);
  }

  /** A new one. A failure is thrown; it is final (`retryable: false`) when it says so, or is the same twice in a row. */
  ask(reason: TokenReason, signal: AbortSignal): Promise<Token | undefined> {
    const asking = this.#asking ?? this.#askOnce(reason, signal);
    this.#asking = asking;
    const done = () => {
      if (this.#asking === asking) this.#asking = undefined;
    };
    asking.then(done, done);
    return asking;
  }

  /** The bridge took it. */
  accepted(token: Token, expiresAt: string): void {
    if (this.#token !== undefined && this.#token !== token) return;
    this.#refused = undefined;
    this.#expiresAt = Date.parse(expiresAt);
  }

  /** Another than this one, asked for if need be: two connections may both be told that it runs out. */
  async after(token: Token, signal: AbortSignal): Promise<Token | undefined> {
    return this.#token === undefined || this.#token === token ? this.ask('expiring', signal) : this.#token;
  }

  /** The bridge refused it. False when another makes no sense: it was a second one in a row. */
  rejected(token: Token): boolean {
    if (this.#token !== undefined && this.#token !== token) return true;
    if (this.#asking) {
      // Another is on its way already, and was asked for before anybody knew: what becomes of it says more.
      this.#token = undefined;
      return true;
    }
    const isFirst = this.#refused === undefined;
    this.#refused = textOf(token);
    this.#token = undefined;
    return isFirst;
  }

  /** Whoever signs in next has other tokens. */
  forget(): void {
    this.#token = this.#refused = this.#lastFailure = this.#asking = undefined;
  }

  async #askOnce(reason: TokenReason, signal: AbortSignal): Promise<Token | undefined> {
    let token: Token | null | undefined;
    try {
      token = await this.#given(reason, signal);
    } catch (error) {
      throw signal.aborted ? error : this.#judged(error);
    }
    // It may be of somebody who has signed out meanwhile.
    signal.throwIfAborted();
    this.#lastFailure = undefined;
    this.#expiresAt = Number.POSITIVE_INFINITY;
    if (token === null || token === undefined) return undefined;
    if (textOf(token) === this.#refused) throw refusedAgain();
    this.#token = token;
    return token;
  }

  /** One that never comes is asked for again. */
  async #given(reason: TokenReason, signal: AbortSignal): Promise<Token | null | undefined> {
    const limit = new AbortController();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = clientError('timeout');
      limit.abort(error);
      reject(error);
    }, GIVEN_WITHIN_MS);
    try {
      return await Promise.race([this.callback({ reason, signal: AbortSignal.any([signal, limit.signal]) }), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Networks fail twice in the same way (fetch throws TypeErrors), and are tried again; anything else that does is stopped. */
  #judged(error: unknown): unknown {
    const { retryable, code, message } = (error ?? {}) as { retryable?: boolean; code?: string; message?: string };
    if (retryable !== undefined || error instanceof TypeError) return error;
    const failure = `${code} ${message}`;
    if (failure !== this.#lastFailure) {
      this.#lastFailure = failure;
      return error;
    }
    return Object.assign(clientError('token_failed'), { cause: error });
  }
}

function refusedAgain(): BridgeError {
  const message = 'The token callback gave a refused token again.';
  return new BridgeError({ code: 'unauthenticated', message, retryable: false });
}
