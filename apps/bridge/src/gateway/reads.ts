import { AccessPages } from '@drawbridge/ledger';
import type { MessageView } from '@drawbridge/messaging';
import { Injectable } from '@nestjs/common';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';
import { sessionOf } from './open-session.js';
import { ReadTurns } from './read-turns.js';
import { READ } from './scope-bits.js';
import { recordShown } from './shown-pages.js';

/** A command that reads, and the messages that its reply shows. */
interface Reading<T> {
  readonly command: string;
  read(person: number): Promise<T>;
  messages(result: T): readonly MessageView[];
}

/** How commands read for a client: in turns, and with what they show on the record first. */
@Injectable()
export class Reads {
  constructor(
    private readonly turns: ReadTurns,
    private readonly pages: AccessPages,
  ) {}

  /** What shows no message. */
  take<T>(connection: Connection, read: (person: number) => Promise<T>): Promise<T> {
    const { consent } = sessionOf(connection);
    return this.turns.take(consent.grant, async () => {
      if (connection.state !== 'open') throw new CommandError('unavailable');
      return read(consent.person.key);
    });
  }

  /** In its turn, and not at all for a connection that is gone by then. The messages it shows are on the record first (I8). */
  async read<T>(connection: Connection, { command, read, messages }: Reading<T>): Promise<T> {
    const result = await this.take(connection, read);
    // What the reply would be refused for anyway was not read by anybody, and is not said to have been.
    const refused = connection.refusal(READ);
    if (refused) throw new CommandError(refused);
    await recordShown(this.pages, sessionOf(connection).consent, { command, messages: messages(result) });
    return result;
  }

  /** What the reply of a command that changes something is about to show, where it may show anything (I8). */
  async shows(connection: Connection, command: string, messages: readonly MessageView[]): Promise<void> {
    const { consent } = sessionOf(connection);
    if (consent.scopes & READ) await recordShown(this.pages, consent, { command, messages });
  }
}
