import { type EndReason, scopeBit } from '@drawbridge/protocol';
import { type QueryExecutorProvider, sql } from 'kysely';
import type { FeedPosition } from './feed.js';
import { isUuid } from './grants.js';
import { openWindow } from './lease-store.js';
import type { ConsentSession, OpenRequest } from './session.js';
import { shownName } from './shown-name.js';
import { ceiling, type StandingRow, standingColumns, standingTables, whyEnded } from './standing.js';

/** Why a session cannot be opened. `unknown`: no such grant of this app and person, or none for a token without a key. */
export type Refusal = EndReason | 'unknown' | 'unverifiable';

/** The process as it is registered: its lease row, and how far it has applied the feed. */
export interface Registration {
  instance: string;
  position: FeedPosition;
  timeline?: string;
}

export interface Admitting {
  readonly db: QueryExecutorProvider;
  /** GATEWAY_ID. */
  readonly gateway: string;
  /** At this moment; undefined while there is none. */
  registration(): Registration | undefined;
}

const READ = scopeBit('messages.read');

/** An opening that the feed overtakes reads again; so often at most. */
const MAX_READS = 10;

/** Grant, app, partner and person, and the head of the feed, in one snapshot. */
type OpeningRow = { feed: number } & (StandingRow | { [column in keyof StandingRow]: null });

async function readOpening(db: QueryExecutorProvider, grant: string): Promise<OpeningRow> {
  const id = isUuid(grant) ? grant : null;
  const { rows } = await sql<OpeningRow>`
    select c.number as feed, ${standingColumns}
    from consent_feed_counter c left join ${standingTables} on g.id = ${id}::uuid`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('The consent feed has no counter.');
  return row;
}

/**
 * Reads what the grant allows, into the session, and puts its access window on the record (I8). Gives the refusal, or
 * nothing. The session is in the index already: what the feed brings from now on finds it.
 */
export async function admit(
  session: ConsentSession,
  request: OpenRequest,
  { db, gateway, registration }: Admitting,
): Promise<Refusal | undefined> {
  for (let reads = 0; reads < MAX_READS; reads++) {
    const row = await readOpening(db, request.grant);
    const registered = registration();
    if (!session.live || !registered) return 'unverifiable';
    // Rows up to the position were applied when this session knew nothing yet: they must be in what was read.
    if (row.feed < registered.position.number) continue;
    if (row.id === null || row.clientId !== request.clientId || row.personId !== request.personId) return 'unknown';
    const ended = whyEnded(row);
    if (ended) return ended;
    // Of before the app was registered so.
    if (row.appRequiresDpop && !request.keyShown) return 'unknown';
    // Rows above `feed` that come from here on are applied on top.
    session.admit({
      version: row.feed,
      partnerId: row.partner,
      person: { key: row.person, id: row.personId, handle: row.personHandle ?? row.personId, name: row.personName },
      app: { id: row.clientId, name: row.appName, partner: row.partnerName },
      grantExpiresAt: row.expiresAt,
      ceiling: ceiling(row),
    });
    const window = await openWindow(db, {
      grant: request.grant,
      instance: registered.instance,
      gateway,
      clientName: request.clientName === undefined ? undefined : shownName(request.clientName),
      reads: (session.scopes & READ) !== 0,
      fromSeq: request.fromSeq,
    });
    if (!window) continue;
    session.window = window.id;
    session.fromSeq = window.fromSeq ?? undefined;
    return undefined;
  }
  return 'unverifiable';
}
