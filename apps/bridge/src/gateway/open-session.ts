import { CommandError } from './command-error.js';
import type { Connection, OpenSession } from './connection.js';

/** The guard has seen to it that the session is open. */
export function sessionOf(connection: Connection): OpenSession {
  if (!connection.session) throw new CommandError('not_open');
  return connection.session;
}
