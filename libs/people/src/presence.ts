import type { Database } from '@drawbridge/database';
import { sql } from 'kysely';

/** Every bound of what one statement does (I9). */
export const PRESENCE_STORE_LIMITS = {
  /** People whose presence one statement changes: with all that are told of each it is half a million, and no more in one answer. */
  people: 100,
  /** Mutual contacts of one person who are told of a change. */
  told: 5_000,
  /** People that `presence.list` has: the reply has an end, and no pages. Those online come first, then the last seen. */
  listed: 2_000,
} as const;

/** As the wire has it (protocol 5.3). `lastSeen` is when they were online last; absent while they are, and for who never was. */
export interface PresenceView {
  id: string;
  online: boolean;
  lastSeen?: string;
}

export interface PresenceChange {
  readonly person: PresenceView;
  /** Keys of their mutual contacts, who are told. */
  readonly told: readonly number[];
}

interface PackedChange {
  id: string;
  online: boolean;
  lastSeen: number | null;
  told: number[];
}

/** Who is online, in the database: for all gateways the same. */
export class PresenceStore {
  constructor(private readonly database: Database) {}

  /**
   * These people have come to the gateway of this lease, and those have left it. Each may be said again without harm, `people`
   * of them at once. Gives who is online by that and was not before; undefined where the lease row is gone.
   */
  async moved(
    instance: string,
    came: readonly number[],
    left: readonly number[],
  ): Promise<PresenceChange[] | undefined> {
    const { rows } = await sql<{ changes: PackedChange[] | null }>`
      select presence_moved(${instance}::uuid, ${keys(came)}::bigint[], ${keys(left)}::bigint[],
        ${PRESENCE_STORE_LIMITS.told}::integer) as changes`.execute(this.database.tables());
    return rows[0]?.changes?.map(changeOf);
  }

  /** Who of these the store has not as online through this lease. */
  async lacking(instance: string, people: readonly number[]): Promise<number[]> {
    const { rows } = await sql<{ person: number }>`
      select k.person from unnest(${keys(people)}::bigint[]) as k(person)
      where not exists (select from presence s join presence_at a on a.person = s.person and a.instance = ${instance}::uuid
                        where s.person = k.person and s.online)`.execute(this.database.tables());
    return rows.map(({ person }) => person);
  }

  /** Who has been without a gateway for `debounceMs`, or whose gateway has died. `more`: there may be more to do at once. */
  async settled(debounceMs: number): Promise<{ changes: PresenceChange[]; more: boolean }> {
    const { people, told } = PRESENCE_STORE_LIMITS;
    const { rows } = await sql<{ settled: { changes: PackedChange[]; more: boolean } }>`
      select presence_settled(${debounceMs}::integer, ${people}::integer, ${told}::integer) as settled`.execute(
      this.database.tables(),
    );
    const { changes, more } = rows[0]!.settled;
    return { changes: changes.map(changeOf), more };
  }

  /** The mutual contacts of a person. Of anybody else nothing is said, not even that they are there. */
  async ofContacts(person: number): Promise<PresenceView[]> {
    const { rows } = await sql<{ id: string; online: boolean; lastSeen: Date | null }>`
      select p.id, coalesce(s.online, false) as online, ms_up(s.last_seen) as "lastSeen"
      from mutual_contacts(${person}::bigint) as m(contact) join person p on p.key = m.contact
      left join presence s on s.person = p.key
      where p.erased_at is null
      order by coalesce(s.online, false) desc, s.last_seen desc nulls last, p.id
      limit ${PRESENCE_STORE_LIMITS.listed}::integer`.execute(this.database.tables());
    return rows.map(({ id, online, lastSeen }) => viewOf(id, online, lastSeen));
  }
}

function changeOf({ id, online, lastSeen, told }: PackedChange): PresenceChange {
  return { person: viewOf(id, online, lastSeen === null ? null : new Date(lastSeen)), told };
}

function viewOf(id: string, online: boolean, lastSeen: Date | null): PresenceView {
  return online || lastSeen === null ? { id, online } : { id, online, lastSeen: lastSeen.toISOString() };
}

/** As PostgreSQL reads an array. */
function keys(people: readonly number[]): string {
  return `{${people.join(',')}}`;
}
