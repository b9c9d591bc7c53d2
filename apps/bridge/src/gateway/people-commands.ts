import { Database } from '@drawbridge/database';
import { readContacts } from '@drawbridge/people';
import { ContactsList, LIMITS } from '@drawbridge/protocol';
import { UseGuards } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Command } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';
import { ConsentGuard } from './consent.guard.js';
import { Reads } from './reads.js';

/** Whom somebody knows. */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class PeopleCommands {
  constructor(
    private readonly database: Database,
    private readonly reads: Reads,
  ) {}

  @Command({ event: 'contacts.list', data: ContactsList, scope: 'contacts.read' })
  async contacts(connection: Connection, { cursor, limit = LIMITS.defaultPage }: ContactsList): Promise<object> {
    const page = await this.reads.take(connection, (person) => readContacts(this.database, person, { cursor, limit }));
    if (page) return page;
    throw new CommandError('invalid_data', {
      issues: [{ path: 'cursor', problem: 'is not one that the bridge gave' }],
    });
  }
}
