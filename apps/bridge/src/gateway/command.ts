import { type DataClass, type Scope, type ScopeSet, scopeBit } from '@drawbridge/protocol';
import { applyDecorators, SetMetadata } from '@nestjs/common';
import { SubscribeMessage } from '@nestjs/websockets';
import type { Counted } from '../limits/rate-limits.js';
import type { Connection } from './connection.js';

/** What the wire contract says of one command. */
export interface CommandOptions<Data extends object, Result> {
  readonly event: string;
  readonly data: DataClass<Data>;
  /** The scope it takes, in and for its reply; none: an open session is enough. */
  readonly scope?: Scope;
  /** Only `session.open`. */
  readonly opens?: true;
  /** Only `session.close`: answered just before the close that it brings about. */
  readonly signsOut?: true;
  /** Its statements change something: the acknowledgement of an end waits for them (I2). */
  readonly changes?: true;
  /** What it counts as, where so many are allowed in a time. */
  readonly countsAs?: Counted;
  /** What of the result may be shown with these scopes; run when the reply is written, not when it is computed. */
  readonly shown?: (result: Result, scopes: ScopeSet) => object;
  /** The reply leaves at a multiple of so many ms after the command came, so that its time tells nothing. */
  readonly answeredEveryMs?: number;
  /** Run once the reply stands in the queue, so that what follows from it comes after it. */
  readonly replied?: (connection: Connection) => void;
}

/** The same, as the gateway keeps it: nothing is left to be worked out for each frame. */
export interface CommandRule extends CommandOptions<object, never> {
  readonly scopeBits: ScopeSet;
}

const COMMAND = 'drawbridge:command';

type Handler<Data, Result> = (connection: Connection, data: Data) => Result | Promise<Result>;

/** Marks a `@SubscribeMessage` handler with the rule of its command. */
export function Command<Data extends object, Result>(options: CommandOptions<Data, Result>) {
  const rule = { ...options, scopeBits: options.scope ? scopeBit(options.scope) : 0 };
  const decorate = applyDecorators(SubscribeMessage(options.event), SetMetadata(COMMAND, rule));
  return <T extends Handler<Data, Result>>(target: object, key: string, descriptor: TypedPropertyDescriptor<T>) =>
    decorate(target, key, descriptor);
}

export function commandRule(handler: object): CommandRule | undefined {
  return Reflect.getMetadata(COMMAND, handler);
}
