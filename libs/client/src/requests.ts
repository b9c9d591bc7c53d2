import type { WireCommands } from '@drawbridge/protocol';
import { type Backoff, fullJitter } from './backoff.js';
import { type BridgeError, clientError } from './errors.js';
import type { Link } from './link.js';
import { boundedMs } from './waits.js';

export interface RequestOptions {
  /** Takes the command back; what was sent already may still take effect. */
  readonly signal?: AbortSignal;
  /** How long to try, over reconnects and refusals that may pass. 30 s by default. */
  readonly timeoutMs?: number;
}

export type CommandName = Exclude<keyof WireCommands, 'session.open' | 'session.refresh'>;

/** However long the bridge asks to wait. */
const MAX_PAUSE_MS = 600_000;

/** What another connection may have changed meanwhile is not repeated without being asked to. */
const ONCE: ReadonlySet<string> = new Set<CommandName>([
  'message.edit',
  'reaction.add',
  'reaction.remove',
  'conversation.update',
]);

/** Sends a command and waits for its answer, through whatever happens to the connection. */
export class Requests {
  constructor(
    private readonly link: Link,
    private readonly backoff: Backoff,
    private readonly timeoutMs: number,
  ) {}

  async request<Name extends CommandName>(
    command: Name,
    data: WireCommands[Name]['data'],
    { signal, timeoutMs = this.timeoutMs }: RequestOptions = {},
  ): Promise<WireCommands[Name]['reply']> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(clientError('timeout')), boundedMs(timeoutMs));
    const signals = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
    try {
      return await this.untilAnswered(command, data, signals);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Without a limit but the signal, and never for somebody else than who was signed in when it was asked for. */
  async untilAnswered<Name extends CommandName>(
    command: Name,
    data: WireCommands[Name]['data'],
    signal: AbortSignal,
  ): Promise<WireCommands[Name]['reply']> {
    const { era } = this.link;
    for (let attempt = 0; ; attempt++) {
      const connection = await this.link.whenOpen(signal);
      if (era.over) throw era.over;
      try {
        const answer = connection.request(command, data) as Promise<WireCommands[Name]['reply']>;
        return await unlessAborted(answer, signal);
      } catch (error) {
        const { code, retryable, retryAfterMs } = error as BridgeError;
        // Of the connection's token, which is followed by its close, and says nothing of the command.
        const mayPass = retryable || code === 'unauthenticated';
        if (signal.aborted || !mayPass || (code === 'connection_lost' && ONCE.has(command))) throw error;
        // A lost connection is waited for by the link.
        if (code !== 'connection_lost')
          await pause(boundedMs(retryAfterMs, 0, MAX_PAUSE_MS) + fullJitter(this.backoff, attempt), signal);
      }
    }
  }
}

/** Rejects when the signal says so, whatever the work does. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return unlessAborted(promise, signal).finally(() => clearTimeout(timer));
}
