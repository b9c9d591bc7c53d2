import type { LoggerService } from '@nestjs/common';
import pino from 'pino';
import type { LogLevel } from '../config/settings.js';
import { errorFields, framesOf } from './error-fields.js';
import { Repeats } from './repeats.js';

export interface LogOptions {
  readonly level: LogLevel;
  /** GATEWAY_ID, on every line. */
  readonly gateway: string;
  /** Instead of stdout. */
  readonly destination?: pino.DestinationStream;
}

/** Lines that wait for a slow reader of stdout, in bytes; more are dropped: no log is worth a lapsed lease (I9). */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** So long the last lines may take before the process exits. */
const LAST_LINES_MS = 250;
/** What Nest says of itself while it starts: one line for each of its parts. */
const NESTS_OWN = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'WebSocketsController',
]);

type Fields = Readonly<Record<string, unknown>>;

/**
 * The process's log: JSON lines, with ids and never with a text, a token or a password. Every part of the bridge writes
 * through Nest's `Logger`: `log.warn({ grant, err: error }, 'What happened')`, or just the sentence. A sentence is the
 * same whenever the same thing happens; what differs goes into the fields.
 */
export class Log implements LoggerService {
  private readonly pino: pino.Logger;
  private readonly repeats = new Repeats();
  private readonly stdout: ReturnType<typeof pino.destination> | undefined;

  constructor({ level, gateway, destination }: LogOptions) {
    if (!destination) this.stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
    this.pino = pino(
      {
        level,
        base: { gateway, pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: errorFields },
      },
      destination ?? this.stdout,
    );
  }

  /**
   * Resolves when the last line is written, or nobody reads stdout any more, or it takes too long. After it the process may exit:
   * what is not written by then is given up. At the exit itself it would be tried without end, also where its reader is gone.
   */
  async lastLines(): Promise<void> {
    const { stdout } = this;
    if (!stdout) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LAST_LINES_MS);
      stdout.once('drain', resolve).once('error', () => resolve());
    });
    stdout.flushSync = () => {};
  }

  log(message: unknown, ...params: unknown[]): void {
    this.write('info', message, params);
  }

  fatal(message: unknown, ...params: unknown[]): void {
    this.write('fatal', message, params);
  }

  error(message: unknown, ...params: unknown[]): void {
    this.write('error', message, params);
  }

  warn(message: unknown, ...params: unknown[]): void {
    this.write('warn', message, params);
  }

  debug(message: unknown, ...params: unknown[]): void {
    this.write('debug', message, params);
  }

  verbose(message: unknown, ...params: unknown[]): void {
    this.write('trace', message, params);
  }

  /** Nest hands on what was logged and, last, the part of the program that logged it. */
  private write(wanted: Exclude<LogLevel, 'silent'>, message: unknown, params: readonly unknown[]): void {
    const rest = params.filter((param) => typeof param === 'string');
    const part = rest.at(-1);
    const level = wanted === 'info' && part !== undefined && NESTS_OWN.has(part) ? 'trace' : wanted;
    if (!this.pino.isLevelEnabled(level)) return;
    const [fields, text] = said(message, rest.length > 1 ? rest[0] : undefined);
    const repeated = level === 'warn' || level === 'error' ? this.repeats.count(`${part} ${text}`) : 0;
    if (repeated === 'enough') return;
    this.pino[level]({ ...(part ? { part } : {}), ...fields, ...(repeated > 0 ? { repeated } : {}) }, text);
  }
}

/** `second` is a sentence after fields; after a sentence Nest itself puts a stack there. */
function said(message: unknown, second: string | undefined): [Fields, string] {
  if (message instanceof Error) return [{ err: message }, 'Something failed'];
  if (typeof message === 'object' && message !== null) return [message as Fields, second ?? ''];
  const stack = framesOf(second);
  return [stack ? { stack } : {}, String(message)];
}
