import { randomUUID } from 'node:crypto';
import { cursorOf, type Database, positionIn } from '@drawbridge/database';
import { withinReply } from '@drawbridge/protocol';
import { type Kysely, sql } from 'kysely';
import { PeopleError } from './people-error.js';
import type { PeopleTables } from './tables.js';

/** What an activity is about: a dish, a film, a record. */
export interface ActivityObject {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly url?: string | undefined;
}

export interface NewActivity {
  /** As in "Bob rated Lentil soup". */
  readonly verb: string;
  readonly object: ActivityObject;
  readonly at: Date;
  /** Only `public` is ever shown to an app; what else there is, is the platform's own. */
  readonly audience: string;
}

/** As on the wire. */
export interface ActivityView {
  person: { id: string; name: string };
  verb: string;
  object: { kind: string; id: string; name: string };
  at: string;
  url?: string;
}

export interface ActivityPage {
  activities: ActivityView[];
  /** Opaque: where the next page begins. */
  next?: string;
}

export interface ActivityRequest {
  readonly about?: { readonly kind: string; readonly id: string } | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

interface ActivityRow {
  id: string;
  person_id: string;
  person_name: string;
  verb: string;
  object_kind: string;
  object_id: string;
  object_name: string;
  url: string | null;
  at_ms: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What people shared on the host platform. */
export class Activities {
  constructor(private readonly database: Database) {}

  private get tables(): Kysely<PeopleTables> {
    return this.database.tables<PeopleTables>();
  }

  /**
   * Gives the id of it. The same of the same moment again is one activity, and stays as it is: a retry that comes late makes
   * nothing public again. PeopleError `unknown_person`.
   */
  async share(person: string, { verb, object, at, audience }: NewActivity): Promise<{ id: string; made: boolean }> {
    const { kind, id, name, url } = object;
    // A second look where somebody else stored the same after this statement began.
    for (let look = 1; look <= 2; look++) {
      // With this lock whoever erases the person waits, and removes it with the rest.
      const { rows } = await sql<{ id: string; made: boolean }>`
        with owner as materialized (
          select key from person where id = ${person} and erased_at is null for key share
        ), made as (
          insert into activity (id, person, verb, object_kind, object_id, object_name, url, at, audience)
          select ${randomUUID()}::uuid, key, ${verb}, ${kind}, ${id}, ${name}, ${url ?? null}, ${at}::timestamptz, ${audience}
            from owner on conflict (person, verb, object_kind, object_id, at) do nothing returning id
        )
        select id, true as made from made
        union all
        select a.id, false from owner o join activity a on a.person = o.key and a.verb = ${verb} and a.object_kind = ${kind}
           and a.object_id = ${id} and a.at = ${at}::timestamptz(3)`.execute(this.tables);
      if (rows[0]) return rows[0];
    }
    throw new PeopleError('unknown_person', `There is no person ${person}.`);
  }

  /** For whom it is from now on. False where the person has no such activity. */
  async setAudience(person: string, activity: string, audience: string): Promise<boolean> {
    if (!UUID.test(activity)) return false;
    const { numAffectedRows } = await sql`
      update activity set audience = ${audience} from person p
       where activity.id = ${activity}::uuid and p.key = activity.person and p.id = ${person}`.execute(this.tables);
    return numAffectedRows === 1n;
  }

  /** False where the person has no such activity. */
  async remove(person: string, activity: string): Promise<boolean> {
    if (!UUID.test(activity)) return false;
    const { numAffectedRows } = await sql`
      delete from activity using person p
       where activity.id = ${activity}::uuid and p.key = activity.person and p.id = ${person}`.execute(this.tables);
    return numAffectedRows === 1n;
  }

  /**
   * What those on somebody's contact list share with everybody, newest first: of nobody who has blocked the person, or whom
   * the person has blocked. Undefined for a cursor that is none of ours. Read from the newest of each contact, so that it
   * costs by contacts and not by how much they share.
   */
  async list(viewer: number, { about, cursor, limit }: ActivityRequest): Promise<ActivityPage | undefined> {
    const after = cursor === undefined ? undefined : positionIn(cursor, 'number', 'string');
    if (cursor !== undefined && !(after && isMoment(after[0]) && UUID.test(after[1]))) return undefined;
    const further = after
      ? sql`and (a.at, a.id) < (to_timestamp(${after[0]}::double precision / 1000)::timestamptz(3), ${after[1]}::uuid)`
      : sql``;
    const ofIt = about ? sql`and a.object_kind = ${about.kind} and a.object_id = ${about.id}` : sql``;
    const { rows } = await sql<ActivityRow>`
      select x.id, p.id as person_id, p.name as person_name, x.verb, x.object_kind, x.object_id, x.object_name, x.url,
             (extract(epoch from x.at) * 1000)::bigint as at_ms
        from contact c
        join person p on p.key = c.contact and p.erased_at is null
       cross join lateral (
         select a.* from activity a where a.person = c.contact and a.audience = 'public' ${ofIt} ${further}
          order by a.at desc, a.id desc limit ${limit + 1}::integer) x
       where c.person = ${viewer}::bigint
         and not exists (select from block b where b.person = c.contact and b.blocked = c.person)
         and not exists (select from block b where b.person = c.person and b.blocked = c.contact)
       order by x.at desc, x.id desc limit ${limit + 1}::integer`.execute(this.tables);
    const activities = withinReply(rows.slice(0, limit).map(viewOf));
    const last = rows[activities.length - 1];
    const more = last !== undefined && activities.length < rows.length;
    return { activities, ...(more ? { next: cursorOf([last.at_ms, last.id]) } : {}) };
  }
}

/** What PostgreSQL and RFC 3339 both know as a time. */
function isMoment(ms: number): boolean {
  return (
    Number.isSafeInteger(ms) && ms >= Date.parse('0001-01-01T00:00:00Z') && ms <= Date.parse('9999-12-31T23:59:59Z')
  );
}

function viewOf(row: ActivityRow): ActivityView {
  return {
    person: { id: row.person_id, name: row.person_name },
    verb: row.verb,
    object: { kind: row.object_kind, id: row.object_id, name: row.object_name },
    at: new Date(row.at_ms).toISOString(),
    ...(row.url === null ? {} : { url: row.url }),
  };
}
