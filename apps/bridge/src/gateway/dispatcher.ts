import {
  type CloseReason,
  type CommandFrame,
  checkData,
  type ErrorCode,
  type Issue,
  LIMITS,
  parseCommandFrame,
} from '@drawbridge/protocol';
import { type CanActivate, Injectable, Logger } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { CommandRule } from './command.js';
import { CommandError, commandErrorOf } from './command-error.js';
import { CommandTable } from './command-table.js';
import type { Connection } from './connection.js';
import { OpenRefused } from './sessions.js';

/** What `rate_limited` advises while too many commands of one connection are under way. */
const RETRY_AFTER_MS = 1_000;

/** A `@SubscribeMessage` handler with all that its decorators say, found once. */
export interface DispatchedCommand {
  readonly rule: CommandRule;
  readonly guards: readonly CanActivate[];
  readonly gateway: object;
  readonly handler: (connection: Connection, data: object) => object | Promise<object>;
}

/**
 * From a frame to its handler and back to exactly one reply. It takes the place of Nest's own way of a message (a
 * promise and an observable for each step), which costs as much again as all the rest of the gateway's work.
 */
@Injectable()
export class Dispatcher {
  private readonly log = new Logger('Dispatcher');

  constructor(private readonly table: CommandTable) {}

  frame(connection: Connection, text: string): void {
    const frame = parseCommandFrame(text);
    if (!frame) {
      connection.badFrame();
      return;
    }
    const refused = notTaken(connection, frame.id);
    if (refused)
      connection.refuse(frame.id, refused, refused === 'rate_limited' ? { retryAfterMs: RETRY_AFTER_MS } : {});
    else this.take(connection, frame);
  }

  private take(connection: Connection, { id, event, data: given }: CommandFrame): void {
    connection.inFlight.add(id);
    const command = this.table.find(event);
    if (!command) {
      connection.fail(id, connection.state === 'open' ? 'unknown_event' : 'not_open');
      return;
    }
    const { rule } = command;
    try {
      this.guard(command, connection, given);
      const data = checkData(rule.data, given);
      if (Array.isArray(data)) throw new CommandError('invalid_data', { issues: data as Issue[] });
      if (rule.signsOut) connection.signsOut(id);
      const result = this.run(command, connection, data);
      if (result instanceof Promise) this.answerLater(connection, id, rule, result);
      else this.answer(connection, id, rule, result);
    } catch (error) {
      this.failed(connection, id, rule, error);
    }
  }

  /** Guards of the gateway see the same context as Nest would give them, but must decide at once. */
  private guard(command: DispatchedCommand, connection: Connection, data: unknown): void {
    const { gateway, handler, guards } = command;
    const context = new ExecutionContextHost([connection, data], gateway.constructor as never, handler);
    context.setType('ws');
    for (const guard of guards) if (guard.canActivate(context) !== true) throw new CommandError('internal');
  }

  private run({ rule, gateway, handler }: DispatchedCommand, connection: Connection, data: object) {
    if (rule.changes) connection.session?.consent.began();
    try {
      return handler.call(gateway, connection, data);
    } catch (error) {
      if (rule.changes) connection.session?.consent.done();
      throw error;
    }
  }

  private answerLater(connection: Connection, id: string, rule: CommandRule, result: Promise<object>): void {
    const consent = rule.changes ? connection.session?.consent : undefined;
    result.then(
      (value) => {
        consent?.done();
        this.answer(connection, id, rule, value);
      },
      (error: unknown) => {
        consent?.done();
        this.failed(connection, id, rule, error);
      },
    );
  }

  private answer(connection: Connection, id: string, rule: CommandRule, result: object): void {
    connection.reply(id, rule, result);
    rule.replied?.(connection);
  }

  private failed(connection: Connection, id: string, rule: CommandRule, error: unknown): void {
    const refused = commandErrorOf(error);
    if (!refused) this.log.error(`${rule.event} failed`, error instanceof Error ? error.stack : String(error));
    connection.fail(id, refused?.code ?? 'internal', refused?.details);
    if (rule.signsOut) connection.signsOut(undefined);
    if (rule.opens && refused?.code !== 'already_open') connection.close(closeAfter(refused));
  }
}

/** Why a command is not even begun. One of the same id that is still in flight gets its own reply all the same. */
function notTaken({ inFlight, draining }: Connection, id: string): ErrorCode | undefined {
  if (inFlight.has(id)) return 'conflict';
  if (draining) return 'unavailable';
  return inFlight.size >= LIMITS.maxCommandsInFlight ? 'rate_limited' : undefined;
}

/** A failed open ends in a close (protocol 5.1). */
function closeAfter(refused: CommandError | undefined): CloseReason {
  if (refused instanceof OpenRefused) return refused.close;
  return refused ? 'unauthenticated' : 'internal';
}
