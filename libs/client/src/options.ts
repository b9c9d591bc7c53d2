import type { Backoff } from './backoff.js';
import type { Cursor } from './events.js';
import type { OutboxStore } from './outbox/outbox.js';
import type { WebSocketClass } from './socket.js';
import type { TokenCallback } from './tokens.js';

export interface ClientOptions {
  /** The bridge's public address, such as `https://bridge.example`. */
  readonly url: string;
  /** Gives an access token when one is needed; null where nobody is signed in. */
  readonly token: TokenCallback;
  /** What this program calls itself; people read the name on Connected apps. */
  readonly client?: { readonly name: string; readonly version: string };
  /** Where what is to be sent is kept: `memoryOutbox()` by default, which forgets it with the program. */
  readonly outbox?: OutboxStore;
  /** Where events for `on` begin: the last place that you have stored. Without it: with what comes from now on. */
  readonly resume?: Cursor;
  /** Closes the bridge when it is aborted. */
  readonly signal?: AbortSignal;
  /** Whether to connect at once. True by default; otherwise with `open()`. */
  readonly autoOpen?: boolean;
  /** How long a command is tried, over reconnects. 30,000 by default. */
  readonly requestTimeoutMs?: number;
  /** How long a connection and its session may take to open. 15,000 by default. */
  readonly openTimeoutMs?: number;
  /** How long the answer to a `ping` may take before the connection is given up. 10,000 by default. */
  readonly pongTimeoutMs?: number;
  /** How long `close` and `await using` wait for what is still to be sent while there is a connection. 5,000 by default. */
  readonly drainTimeoutMs?: number;
  /** The bounds of full jitter between reconnects: `{ baseMs: 500, maxMs: 30_000 }` by default. */
  readonly backoff?: Partial<Backoff>;
  /** How many may wait in the outbox before `outbox_full`. 1,000 by default. */
  readonly maxOutbox?: number;
  /** Another WebSocket than the platform's own, such as that of `ws`. */
  readonly webSocket?: WebSocketClass;
}

export const DEFAULTS = {
  client: { name: '@drawbridge/client', version: '0.1.0' },
  requestTimeoutMs: 30_000,
  openTimeoutMs: 15_000,
  pongTimeoutMs: 10_000,
  drainTimeoutMs: 5_000,
  maxOutbox: 1_000,
} as const;
