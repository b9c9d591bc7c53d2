import { Database } from '@drawbridge/database';
import { Activities, type ActivityPage, PresenceStore, readContacts } from '@drawbridge/people';
import { ActivityList, ContactsList, LIMITS, Nothing } from '@drawbridge/protocol';
import { UseGuards } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { Command } from './command.js';
import { CommandError } from './command-error.js';
import type { Connection } from './connection.js';
import { ConsentGuard } from './consent.guard.js';
import { Reads } from './reads.js';

/** Whom somebody knows, and who of them is online. */
@WebSocketGateway({ path: '/bridge' })
@UseGuards(ConsentGuard)
export class PeopleCommands {
  private readonly activities: Activities;

  constructor(
    private readonly database: Database,
    private readonly presence: PresenceStore,
    private readonly reads: Reads,
  ) {
    this.activities = new Activities(database);
  }

  @Command({ event: 'contacts.list', data: ContactsList, scope: 'contacts.read', countsAs: 'contacts' })
  async contacts(connection: Connection, { cursor, limit = LIMITS.defaultPage }: ContactsList): Promise<object> {
    const page = await this.reads.take(connection, (person) => readContacts(this.database, person, { cursor, limit }));
    return page ?? refuseCursor();
  }

  /** Public, and shared by the people it is about: a page of it is not on the record, which is of messages. */
  @Command({ event: 'activity.list', data: ActivityList, scope: 'public.read', countsAs: 'contacts' })
  async activity(connection: Connection, request: ActivityList): Promise<ActivityPage> {
    const { about, cursor, limit = LIMITS.defaultPage } = request;
    const page = await this.reads.take(connection, (person) => this.activities.list(person, { about, cursor, limit }));
    return page ?? refuseCursor();
  }

  @Command({ event: 'presence.list', data: Nothing, scope: 'presence.read', countsAs: 'contacts' })
  async presenceList(connection: Connection): Promise<object> {
    return { people: await this.reads.take(connection, (person) => this.presence.ofContacts(person)) };
  }
}

function refuseCursor(): never {
  throw new CommandError('invalid_data', {
    issues: [{ path: 'cursor', problem: 'is not one that the bridge gave' }],
  });
}
