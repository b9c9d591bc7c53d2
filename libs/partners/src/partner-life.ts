import type { Database } from '@drawbridge/database';
import { appendEntry, type EntryKind } from '@drawbridge/ledger';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { checkLinks, inOrder } from './checks.js';
import { PartnersError } from './errors.js';
import type { Partner } from './partners.js';
import { type PartnerStatus, type PartnersTables, tablesOf } from './tables.js';

/** A partner as operators see it. */
export interface ReviewedPartner extends Partner {
  /** When it is suspended by itself unless somebody has reviewed it. */
  reviewDueAt: Date | null;
  /** Why it is going to end, where that is planned. */
  endsReason: string | null;
  createdAt: Date;
  /** Since when it has had its status, by whose doing, and why. */
  statusSince: Date;
  statusBy: string | null;
  statusReason: string | null;
}

/** What operators change about a partner, beside its ceiling and its status; what is left out stays. */
export interface PartnerChanges {
  name?: string;
  homepage?: string;
  privacyUrl?: string;
  contact?: string;
  /** Null: no review is due. */
  reviewDueAt?: Date | null;
  /** Null takes a planned end back. */
  endsAt?: null;
}

/** Where a list goes on: after this one. */
export interface PartnerPosition {
  name: string;
  id: string;
}

/** A partner that time has come to. */
export interface DuePartner {
  id: string;
  status: 'suspended' | 'ended';
  note: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Partners that one round of a sweep comes to. */
const MAX_DUE = 50;

interface Row {
  id: string;
  name: string;
  homepage: string;
  privacyUrl: string;
  contact: string;
  scopes: string[];
  status: PartnerStatus;
  reviewDueAt: Date | null;
  endsAt: Date | null;
  endsReason: string | null;
  createdAt: Date;
  statusSince: Date | null;
  statusBy: string | null;
  statusReason: string | null;
}

/**
 * The life of partners: `pending → approved ⇄ suspended → ended`. What gives is here, each with its entry of the record
 * in the same transaction; what takes consent away (suspending, ending, a lower ceiling) is done where consent is.
 */
export class PartnerLife {
  constructor(private readonly database: Database) {}

  /** By name; `limit` at most. */
  async list(page: {
    after?: PartnerPosition | undefined;
    limit: number;
    status?: PartnerStatus | undefined;
  }): Promise<ReviewedPartner[]> {
    const { after, limit, status } = page;
    const conditions = [
      ...(after ? [sql`(p.name, p.id) > (${after.name}::text, ${after.id}::uuid)`] : []),
      ...(status ? [sql`p.status = ${status}::text`] : []),
    ];
    const { rows } = await select(conditions, limit).execute(this.database.tables());
    return rows.map(partnerOf);
  }

  /** Undefined for an id that is no partner's. */
  async find(id: string): Promise<ReviewedPartner | undefined> {
    if (!UUID.test(id)) return undefined;
    const { rows } = await select([sql`p.id = ${id}::uuid`], 1).execute(this.database.tables());
    return rows[0] && partnerOf(rows[0]);
  }

  /** PartnersError `unknown_partner`, `wrong_status` for one that has ended, `invalid` for a link. */
  async change(id: string, changes: PartnerChanges, by: string): Promise<void> {
    checkLinks({ homepage: changes.homepage, privacyUrl: changes.privacyUrl });
    await this.changing(id, async (tx, before) => {
      if (before.status === 'ended') throw wrongStatus(before, 'is not changed any more');
      const columns = columnsOf(changes);
      const changed = Object.keys(columns).filter(
        (column) => !same(before[column as Column], columns[column as Column]),
      );
      if (changed.length === 0) return;
      await tx.updateTable('partner').set(columns).where('id', '=', id).execute();
      const data = Object.fromEntries(
        changed.map((column) => [
          PROPERTIES[column as Column],
          { from: before[column as Column], to: columns[column as Column] },
        ]),
      );
      await appendEntry(tx, { kind: 'partner_changed', actor: by, partner: id, data });
    });
  }

  /** Lets a pending partner begin. PartnersError `unknown_partner`, `wrong_status`, `review_overdue`. */
  approve(id: string, by: string, note?: string): Promise<void> {
    return this.allow(id, { from: 'pending', kind: 'partner_approved', by, note });
  }

  /** Lets a suspended partner go on; no grant that ended comes back. The same errors. */
  resume(id: string, by: string, note?: string): Promise<void> {
    return this.allow(id, { from: 'suspended', kind: 'partner_resumed', by, note });
  }

  /** Sets the day on which the partner ends with all its grants. PartnersError `unknown_partner`, `wrong_status`. */
  async planEnd(id: string, at: Date, by: string, note: string): Promise<void> {
    await this.changing(id, async (tx, before) => {
      if (before.status === 'ended') throw wrongStatus(before, 'is not ended again');
      await tx.updateTable('partner').set({ ends_at: at }).where('id', '=', id).execute();
      await appendEntry(tx, { kind: 'partner_end_planned', actor: by, partner: id, data: { at, note } });
    });
  }

  /** Those whose review is overdue, and those whose planned end has come; a few at a time. */
  async due(): Promise<DuePartner[]> {
    const { rows } = await sql<{ id: string; ends: boolean; note: string | null }>`
      select p.id, p.ends_at <= clock_timestamp() is true as ends, planned.note
      from partner p ${lastPlan}
      where (p.status <> 'ended' and p.ends_at <= clock_timestamp())
         or (p.status = 'approved' and p.review_due_at <= clock_timestamp())
      order by p.id limit ${MAX_DUE}::integer`.execute(this.database.tables());
    return rows.map(({ id, ends, note }) => ({
      id,
      status: ends ? 'ended' : 'suspended',
      note: ends ? (note ?? 'planned end') : 'review overdue',
    }));
  }

  private async allow(
    id: string,
    step: { from: PartnerStatus; kind: EntryKind; by: string; note: string | undefined },
  ): Promise<void> {
    const { from, kind, by, note } = step;
    await this.changing(id, async (tx, before) => {
      if (before.status !== from) {
        throw wrongStatus(
          before,
          `${kind === 'partner_approved' ? 'only a pending one is approved' : 'only a suspended one is resumed'}`,
        );
      }
      const { rows } = await sql<{ overdue: boolean }>`
        select review_due_at <= clock_timestamp() is true as overdue from partner where id = ${id}::uuid`.execute(tx);
      if (rows[0]?.overdue) {
        throw new PartnersError('review_overdue', `The review of ${before.name} is overdue: set reviewDueAt first.`);
      }
      await tx.updateTable('partner').set({ status: 'approved' }).where('id', '=', id).execute();
      await appendEntry(tx, { kind, actor: by, partner: id, data: note === undefined ? {} : { note } });
    });
  }

  /** One at a time for each partner, in one transaction. */
  private async changing(
    id: string,
    work: (tx: Kysely<PartnersTables>, before: PartnerRow) => Promise<void>,
  ): Promise<void> {
    await tablesOf(this.database)
      .transaction()
      .execute(async (tx) => {
        const before = UUID.test(id)
          ? await tx.selectFrom('partner').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
          : undefined;
        if (!before) throw new PartnersError('unknown_partner', `There is no partner ${id}.`);
        await work(tx, before);
      });
  }
}

type PartnerRow = { [column in Column]: unknown } & { name: string; status: PartnerStatus };

/** What the record calls a column. */
const PROPERTIES = {
  name: 'name',
  homepage: 'homepage',
  privacy_url: 'privacyUrl',
  contact: 'contact',
  review_due_at: 'reviewDueAt',
  ends_at: 'endsAt',
} as const;
type Column = keyof typeof PROPERTIES;

function columnsOf(changes: PartnerChanges) {
  return Object.fromEntries(
    Object.entries(PROPERTIES).flatMap(([column, property]) =>
      changes[property] === undefined ? [] : [[column, changes[property]]],
    ),
  ) as { [column in Column]?: (typeof changes)[(typeof PROPERTIES)[column]] };
}

function same(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

function wrongStatus({ name, status }: PartnerRow, why: string): PartnersError {
  return new PartnersError('wrong_status', `${name} ${STATUS_WORDS[status]}: ${why}.`);
}

const STATUS_WORDS: Readonly<Record<PartnerStatus, string>> = {
  pending: 'is pending',
  approved: 'is approved',
  suspended: 'is suspended',
  ended: 'has ended',
};

/** The record says who did it and why; a partial index finds the last entry among all those of the grants. */
const lastStep = sql`left join lateral (
  select e.at, e.actor, e.data ->> 'note' as note from ledger_entry e
  where e.partner = p.id
    and e.kind in ('partner_created', 'partner_approved', 'partner_suspended', 'partner_resumed', 'partner_ended')
  order by e.id desc limit 1
) step on true`;
const lastPlan = sql`left join lateral (
  select e.data ->> 'note' as note from ledger_entry e
  where e.partner = p.id and e.kind = 'partner_end_planned' and p.ends_at is not null
  order by e.id desc limit 1
) planned on true`;

function select(conditions: readonly RawBuilder<unknown>[], limit: number): RawBuilder<Row> {
  const where = conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
  return sql<Row>`
    select p.id, p.name, p.homepage, p.privacy_url as "privacyUrl", p.contact, p.scopes, p.status,
      p.review_due_at as "reviewDueAt", p.ends_at as "endsAt", planned.note as "endsReason", p.created_at as "createdAt",
      step.at as "statusSince", step.actor as "statusBy", step.note as "statusReason"
    from partner p ${lastStep} ${lastPlan}
    where ${where} order by p.name, p.id limit ${limit}::integer`;
}

function partnerOf(row: Row): ReviewedPartner {
  const planned = row.status === 'ended' ? { endsAt: null, endsReason: null } : {};
  return { ...row, ...planned, scopes: inOrder(row.scopes), statusSince: row.statusSince ?? row.createdAt };
}
