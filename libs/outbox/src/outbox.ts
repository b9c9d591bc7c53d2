import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';

/** Something that happened, to be told to the host platform; those of one key in their order. */
export interface OutboxEvent {
  readonly id: number;
  /** The same at every attempt, so that the receiver can tell a repetition. */
  readonly publicId: string;
  readonly key: string;
  readonly type: string;
  /** What it is about: the id of a message, or of a grant. */
  readonly subject: string;
  /** ms since 1970 */
  readonly atMs: number;
  readonly attempts: number;
  /** How long it has been tried for. */
  readonly triedForMs: number;
}

/** One that could not be told, and is tried again; what has the same key waits behind it. */
export interface FailingEvent {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly subject: string;
  readonly at: Date;
  readonly attempts: number;
  readonly lastError: string | null;
  /** At the latest. */
  readonly nextTryAt: Date | null;
}

export interface ParkedEvent {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly subject: string;
  readonly at: Date;
  readonly parkedAt: Date;
  readonly attempts: number;
  readonly lastError: string | null;
}

export interface OutboxState {
  readonly wanted: boolean;
  /** At most MAX_COUNTED. */
  readonly waiting: number;
  readonly oldestAt: Date | null;
  readonly failing: number;
  readonly lastError: string | null;
  readonly parked: number;
}

/** Beyond this nobody waits for an exact number. */
export const MAX_COUNTED = 100_000;
/** What was parked is listed for so long, and then removed. */
export const PARKED_DAYS = 30;

const COLUMNS = sql`e.id, e.public_id as "publicId", e.key, e.type, e.subject, e.attempts,
  (extract(epoch from e.at) * 1000)::bigint as "atMs",
  (extract(epoch from clock_timestamp() - coalesce(e.first_tried_at, clock_timestamp())) * 1000)::bigint as "triedForMs"`;

/** Events that wait in the database until they are told: a restart loses none (I3). */
export class Outbox {
  constructor(private readonly database: Database) {}

  /** Whether there is somebody to tell, from the next change on. Gives what it was before. */
  async setWanted(wanted: boolean): Promise<boolean> {
    const { rows } = await sql<{ before: boolean }>`
      update outbox_setting s set wanted = ${wanted}::boolean from (select wanted from outbox_setting) b
      returning b.wanted as before`.execute(this.database.tables());
    return rows[0]?.before ?? false;
  }

  /** Whether this process is the one that tells, for `leaseMs` from before the call. */
  async lead(instance: string, leaseMs: number): Promise<boolean> {
    const { rows } = await sql`
      insert into outbox_leader as l (instance, until)
      values (${instance}::uuid, clock_timestamp() + ${leaseMs}::double precision * interval '1 ms')
          on conflict (single) do update set instance = excluded.instance, until = excluded.until
       where l.instance = excluded.instance or l.until < clock_timestamp() returning 1`.execute(this.database.tables());
    return rows.length === 1;
  }

  async resign(instance: string): Promise<void> {
    await sql`delete from outbox_leader where instance = ${instance}::uuid`.execute(this.database.tables());
  }

  /** The oldest that wait, but for those of some keys. */
  async waiting(limit: number, but: readonly string[]): Promise<OutboxEvent[]> {
    const { rows } = await sql<OutboxEvent>`
      select ${COLUMNS} from outbox_event e where e.parked_at is null and not e.key = any (${but}::text[])
       order by e.id limit ${limit}::integer`.execute(this.database.tables());
    return rows;
  }

  async told(events: readonly Pick<OutboxEvent, 'id'>[]): Promise<void> {
    const ids = events.map(({ id }) => id);
    if (ids.length === 0) return;
    await sql`delete from outbox_event where id = any (${ids}::bigint[])`.execute(this.database.tables());
  }

  /** It is tried again in so many milliseconds. */
  async failed({ id }: OutboxEvent, error: string, againInMs: number): Promise<void> {
    await sql`
      update outbox_event set attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, clock_timestamp()),
             next_try_at = clock_timestamp() + ${againInMs}::double precision * interval '1 ms', last_error = ${error}::text
       where id = ${id}::bigint`.execute(this.database.tables());
  }

  async park({ id }: OutboxEvent, error: string): Promise<void> {
    await sql`
      update outbox_event set attempts = attempts + 1, last_error = ${error}::text, parked_at = clock_timestamp()
       where id = ${id}::bigint`.execute(this.database.tables());
  }

  /** Removes some of what was parked long ago. */
  async removeOldParked(): Promise<void> {
    await sql`
      delete from outbox_event where id in (
        select id from outbox_event where parked_at < clock_timestamp() - ${PARKED_DAYS}::integer * interval '1 day'
         order by parked_at limit 1000)`.execute(this.database.tables());
  }

  async state(): Promise<OutboxState> {
    const { rows } = await sql<OutboxState>`
      select outbox_wanted() as wanted,
             (select count(*)::integer from (select 1 from outbox_event where parked_at is null limit ${MAX_COUNTED}::integer) w)
               as waiting,
             (select at from outbox_event where parked_at is null order by id limit 1) as "oldestAt",
             (select count(*)::integer from outbox_event where parked_at is null and attempts > 0) as failing,
             (select last_error from outbox_event where parked_at is null and attempts > 0 order by id limit 1) as "lastError",
             (select count(*)::integer from (select 1 from outbox_event where parked_at is not null limit ${MAX_COUNTED}::integer) p)
               as parked`.execute(this.database.tables());
    return rows[0]!;
  }

  /** Oldest first. */
  async failing(limit: number): Promise<FailingEvent[]> {
    const { rows } = await sql<FailingEvent>`
      select public_id as id, type, key, subject, at, attempts, last_error as "lastError", next_try_at as "nextTryAt"
        from outbox_event where parked_at is null and attempts > 0 order by id limit ${limit}::integer`.execute(
      this.database.tables(),
    );
    return rows;
  }

  /** Oldest first. */
  async parked(limit: number): Promise<ParkedEvent[]> {
    const { rows } = await sql<ParkedEvent>`
      select public_id as id, type, key, subject, at, parked_at as "parkedAt", attempts, last_error as "lastError"
        from outbox_event where parked_at is not null order by parked_at, id limit ${limit}::integer`.execute(
      this.database.tables(),
    );
    return rows;
  }

  /** What was parked waits again, as if it had never been tried; these, or all. Gives how many. */
  async replay(ids: readonly string[] | undefined): Promise<number> {
    const which = ids === undefined ? sql`true` : sql`public_id = any (${ids}::uuid[])`;
    const { rows } = await sql<{ replayed: number }>`
      with replayed as (
        update outbox_event set parked_at = null, attempts = 0, first_tried_at = null, next_try_at = null, last_error = null
         where parked_at is not null and ${which} returning 1)
      select count(*)::integer as replayed from replayed`.execute(this.database.tables());
    return rows[0]?.replayed ?? 0;
  }
}
