import type { ConsentSession } from '@drawbridge/consent';
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
import { type Counted, RateLimits } from '../limits/rate-limits.js';
import { GatewayMetrics, type OutcomeCounts } from '../metrics/gateway-metrics.js';
import type { CommandRule } from './command.js';
import { CommandError, commandErrorOf, OverLimit } from './command-error.js';
import { CommandTable } from './command-table.js';
import type { Connection } from './connection.js';
import { sessionOf } from './open-session.js';
import { RefusedPermits } from './refused-permits.js';
import { OpenRefused } from './sessions.js';

/** A `@SubscribeMessage` handler with all that its decorators say, found once. */
export interface DispatchedCommand {
  readonly rule: CommandRule;
  readonly guards: readonly CanActivate[];
  readonly gateway: object;
  readonly handler: (connection: Connection, data: object) => object | Promise<object>;
  readonly counts: OutcomeCounts;
}

/**
 * From a frame to its handler and back to exactly one reply. It takes the place of Nest's own way of a message (a
 * promise and an observable for each step), which costs as much again as all the rest of the gateway's work.
 */
@Injectable()
export class Dispatcher {
  private readonly log = new Logger('Dispatcher');

  constructor(
    private readonly table: CommandTable,
    private readonly metrics: GatewayMetrics,
    private readonly limits: RateLimits,
    private readonly refusedPermits: RefusedPermits,
  ) {}

  frame(connection: Connection, text: string): void {
    this.metrics.frameReceived();
    const frame = parseCommandFrame(text);
    if (!frame) {
      this.metrics.unknownCommand.bad_frame += 1;
      connection.badFrame();
      return;
    }
    const command = this.table.find(frame.event);
    const refused = notTaken(connection, frame.id);
    if (refused) {
      (command?.counts ?? this.metrics.unknownCommand)[refused] += 1;
      connection.refuse(frame.id, refused);
      return;
    }
    const waitMs = this.waitMs(connection, command);
    if (waitMs === 0) {
      this.take(connection, frame, command);
      return;
    }
    (command?.counts ?? this.metrics.unknownCommand).rate_limited += 1;
    connection.refuse(frame.id, 'rate_limited', { retryAfterMs: waitMs });
    this.wasOverLimit(connection);
  }

  /** Not 0: there are too many commands, and another one may come after so long. */
  private waitMs({ inFlight, pace }: Connection, command: DispatchedCommand | undefined): number {
    if (inFlight.size >= LIMITS.maxCommandsInFlight) {
      this.limits.refusals.in_flight += 1;
      return LIMITS.retryAfterMs;
    }
    // Signing out never comes too soon: it is the end of all the others.
    return command?.rule.signsOut ? 0 : this.limits.command(pace);
  }

  /** Whoever does not listen has to come anew (4529). */
  private wasOverLimit(connection: Connection): void {
    if (!this.limits.isFarOver(connection.pace)) return;
    if (connection.state !== 'closing')
      this.log.warn(connection.ids, 'A client that kept sending far over its limit is closed');
    connection.close('rate_limited');
  }

  private take(connection: Connection, { id, data: given }: CommandFrame, command?: DispatchedCommand): void {
    connection.inFlight.add(id);
    if (!command) {
      const code = connection.state === 'open' ? 'unknown_event' : 'not_open';
      this.metrics.unknownCommand[code] += 1;
      connection.fail(id, code);
      return;
    }
    const { rule } = command;
    try {
      this.guard(command, connection, given);
      if (rule.countsAs) this.count(rule.countsAs, connection);
      const data = checkData(rule.data, given);
      if (Array.isArray(data)) throw new CommandError('invalid_data', { issues: data as Issue[] });
      if (rule.signsOut) connection.signsOut(id);
      const result = this.run(command, connection, data);
      if (result instanceof Promise) this.answerLater(connection, id, command, result);
      else this.answer(connection, id, command, result);
    } catch (error) {
      this.failed(connection, id, command, error);
    }
  }

  /** Guards of the gateway see the same context as Nest would give them, but must decide at once. */
  private guard(command: DispatchedCommand, connection: Connection, data: unknown): void {
    const { gateway, handler, guards } = command;
    const context = new ExecutionContextHost([connection, data], gateway.constructor as never, handler);
    context.setType('ws');
    for (const guard of guards) if (guard.canActivate(context) !== true) throw new CommandError('internal');
  }

  /** Before anything is looked at: what is refused here has cost nothing and changed nothing (I5). */
  private count(what: Counted, connection: Connection): void {
    const { consent } = sessionOf(connection);
    const waitMs = this.countOf(what, consent);
    if (waitMs > 0) throw new OverLimit(Math.max(waitMs, this.limits.commandWaitMs(connection.pace)));
  }

  private countOf(what: Counted, { person, app, grant }: ConsentSession): number {
    if (what === 'sends') return this.limits.send(person.key, app.id);
    if (what === 'conversations') return this.limits.conversation(person.key, app.id);
    if (what === 'contacts') return this.limits.contactsPage(grant, person.key);
    return this.limits.messagesPage(grant, person.key);
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

  private answerLater(connection: Connection, id: string, command: DispatchedCommand, result: Promise<object>): void {
    const consent = command.rule.changes ? connection.session?.consent : undefined;
    const { answeredEveryMs } = command.rule;
    const cameAt = performance.now();
    result.then(
      (value) => {
        consent?.done();
        const answer = () => this.answer(connection, id, command, value);
        if (answeredEveryMs === undefined) answer();
        else setTimeout(answer, untilMultiple(answeredEveryMs, performance.now() - cameAt));
      },
      (error: unknown) => {
        consent?.done();
        if (!this.refusedPermits.concerns(error, connection)) return this.failed(connection, id, command, error);
        void this.refusedPermits
          .explain(error, connection, command.rule)
          .then((explained) => this.failed(connection, id, command, explained));
      },
    );
  }

  private answer(connection: Connection, id: string, { rule, counts }: DispatchedCommand, result: object): void {
    counts.ok += 1;
    connection.reply(id, rule, result);
    rule.replied?.(connection);
  }

  private failed(connection: Connection, id: string, { rule, counts }: DispatchedCommand, error: unknown): void {
    const refused = commandErrorOf(error);
    counts[refused?.code ?? 'internal'] += 1;
    const what = { ...connection.ids, command: rule.event };
    if (refused) this.log.debug({ ...what, code: refused.code }, 'A command was refused');
    else this.log.error({ ...what, err: error }, 'A command failed');
    connection.fail(id, refused?.code ?? 'internal', refused?.details);
    if (error instanceof OverLimit) this.wasOverLimit(connection);
    if (rule.signsOut) connection.signsOut(undefined);
    if (rule.opens && refused?.code !== 'already_open') connection.close(closeAfter(refused));
  }
}

/** Why a command is not even begun. One of the same id that is still in flight gets its own reply all the same. */
function notTaken({ inFlight, draining }: Connection, id: string): ErrorCode | undefined {
  if (inFlight.has(id)) return 'conflict';
  return draining ? 'unavailable' : undefined;
}

function untilMultiple(everyMs: number, sinceMs: number): number {
  return Math.ceil(sinceMs / everyMs) * everyMs - sinceMs;
}

/** A failed open ends in a close (protocol 5.1). */
function closeAfter(refused: CommandError | undefined): CloseReason {
  if (refused instanceof OpenRefused) return refused.close;
  return refused ? 'unauthenticated' : 'internal';
}
