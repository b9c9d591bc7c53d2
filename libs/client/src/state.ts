/**
 * The state of a bridge, as a pure machine. All of it is the table: what each state does with each input. Whoever holds
 * the sockets and timers (link.ts) reports inputs and carries out actions, and decides nothing.
 */

export const STATES = ['signed-out', 'opening', 'catching-up', 'live', 'reconnecting', 'ended'] as const;
export type StateName = (typeof STATES)[number];

export const INPUTS = [
  /** The app asks for a connection. */
  'open',
  /** The app has no token to give: nobody is signed in. */
  'no-token',
  /** The session is open, and what was missed is on its way. */
  'opened',
  /** The session is open, and there is no mailbox to catch up with (no `messages.read`). */
  'opened-bare',
  /** Everything that was missed has come. */
  'caught-up',
  /** The mailbox cannot be gone on with from where we are. */
  'reset',
  /** The gateway is going away; the connection still works. */
  'leaving',
  /** The connection is gone, or could not be made: 45xx, 1001, 1006, silence, a gap. */
  'lost',
  /** The token was refused (4401), and another may be asked for. */
  'rejected',
  /** The time to try again has come, or the network has. */
  'retry',
  /** Trying again by itself is of no use: 44xx, or a second rejection. */
  'stopped',
  /** The app is done. */
  'close',
] as const;
export type Input = (typeof INPUTS)[number];

/** `dial`: ask for a token if need be, and connect. `wait`: with backoff, then `retry`. `replace`: make before it breaks. */
export type Action = 'dial' | 'wait' | 'replace' | 'hang-up';
export type Step = readonly [next: StateName, action?: Action];

const end: Step = ['ended', 'hang-up'];
const signOut: Step = ['signed-out', 'hang-up'];
const retry: Step = ['reconnecting', 'dial'];
const backOff: Step = ['reconnecting', 'wait'];

/** Every state with every input. A step to the same state without an action means that the input is of no concern there. */
export const TRANSITIONS: Readonly<Record<StateName, Readonly<Record<Input, Step>>>> = {
  'signed-out': {
    open: ['opening', 'dial'],
    'no-token': ['signed-out'],
    opened: ['signed-out'],
    'opened-bare': ['signed-out'],
    'caught-up': ['signed-out'],
    reset: ['signed-out'],
    leaving: ['signed-out'],
    lost: ['signed-out'],
    rejected: ['signed-out'],
    retry: ['signed-out'],
    stopped: ['signed-out'],
    close: ['ended'],
  },
  opening: {
    open: ['opening'],
    'no-token': signOut,
    opened: ['catching-up'],
    'opened-bare': ['live'],
    'caught-up': ['opening'],
    reset: ['opening'],
    leaving: ['opening'],
    lost: backOff,
    rejected: ['opening', 'dial'],
    retry: ['opening'],
    stopped: end,
    close: end,
  },
  'catching-up': {
    open: ['catching-up'],
    'no-token': signOut,
    opened: ['catching-up'],
    'opened-bare': ['live'],
    'caught-up': ['live'],
    reset: ['catching-up'],
    leaving: ['catching-up', 'replace'],
    lost: backOff,
    rejected: retry,
    retry: ['catching-up'],
    stopped: end,
    close: end,
  },
  live: {
    open: ['live'],
    'no-token': signOut,
    opened: ['live'],
    'opened-bare': ['live'],
    'caught-up': ['live'],
    reset: ['catching-up'],
    leaving: ['live', 'replace'],
    lost: backOff,
    rejected: retry,
    retry: ['live'],
    stopped: end,
    close: end,
  },
  reconnecting: {
    open: retry,
    'no-token': signOut,
    opened: ['catching-up'],
    'opened-bare': ['live'],
    'caught-up': ['reconnecting'],
    reset: ['reconnecting'],
    leaving: ['reconnecting'],
    lost: backOff,
    rejected: retry,
    retry,
    stopped: end,
    close: end,
  },
  ended: {
    open: ['opening', 'dial'],
    'no-token': ['ended'],
    opened: ['ended'],
    'opened-bare': ['ended'],
    'caught-up': ['ended'],
    reset: ['ended'],
    leaving: ['ended'],
    lost: ['ended'],
    rejected: ['ended'],
    retry: ['ended'],
    stopped: ['ended'],
    close: ['ended'],
  },
};

/** What the app is told. */
export interface State {
  readonly name: StateName;
  /** Why: a close reason or error code of the protocol, or one of the SDK's own (docs/sdk/states.md). */
  readonly reason?: string;
  /** Whether the SDK goes on by itself. */
  readonly retryable: boolean;
  /** When it tries again. */
  readonly retryInMs?: number;
  /** The address of the bridge's page about `reason`. */
  readonly docs?: string;
}
