import type { Database } from '@drawbridge/database';
import { withinReply } from '@drawbridge/protocol';
import { sql } from 'kysely';
import { bridgeId } from './content.js';
import { notFound } from './errors.js';
import type { DurableEvent } from './events.js';
import { type ListPosition, listCursor, listPosition, pageLimit, placeCursor, placeOf } from './pages.js';
import {
  blocked,
  CONVERSATION_COLUMNS,
  type ConversationRow,
  type ConversationView,
  conversationData,
  deliveredUpTo,
  type MemberView,
  membersOf,
  NOBODY_IN_PARTICULAR,
  PERSONAL_COLUMNS,
  type PersonalConversationRow,
  personalView,
  type Receipt,
  type ReceiptView,
  receiptView,
} from './views.js';

export interface MembersRequest {
  readonly conversation: string;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

export interface MembersPage {
  members: MemberView[];
  next?: string;
}

export interface ConversationPage {
  conversations: ConversationView[];
  /** The mailbox position that the page was read at. */
  asOf: number;
  next?: string;
}

/** Of a conversation somebody has left, nothing later than that is known to them. */
const LAST_ACTIVE = sql`coalesce(me.left_at, c.updated_at)`;

/** What people see of the conversations they are in, or were. */
export class Conversations {
  constructor(private readonly database: Database) {}

  /** MessagingError `not_found`. With everybody's receipts. */
  async get(person: number, conversation: string): Promise<ConversationView> {
    const id = bridgeId(conversation);
    if (id === undefined) throw notFound('conversation');
    const row = await this.personalRow(person, id);
    if (!row) throw notFound('conversation');
    return { ...personalView(row), receipts: await this.receipts(person, id) };
  }

  /** In the order of joining. MessagingError `not_found` for who was never in it; who has left sees who was there then. */
  async members(person: number, request: MembersRequest): Promise<MembersPage> {
    const limit = pageLimit(request.limit);
    const after = request.cursor === undefined ? -1 : placeOf(request.cursor);
    const conversation = bridgeId(request.conversation);
    if (conversation === undefined) throw notFound('conversation');
    const { rows } = await sql<{ place: number | null } & MemberView>`
      select x.place, p.id, coalesce(p.handle, p.id) as handle, p.name
        from (select * from member m where m.conversation = ${conversation} and m.person = ${person}
               order by m.joined_position desc limit 1) me
        left join lateral ${membersOf('me.conversation')} x on x.place > ${after}
        left join person p on p.key = x.person
       order by x.place limit ${limit + 1}`.execute(this.database.tables());
    if (rows.length === 0) throw notFound('conversation');
    const found = rows.filter(({ place }) => place !== null);
    const page = found.slice(0, limit);
    const last = page.at(-1)?.place ?? null;
    return {
      members: page.map(({ id, handle, name }) => ({ id, handle, name })),
      ...(found.length > page.length && last !== null ? { next: placeCursor(last) } : {}),
    };
  }

  /**
   * Newest activity first. A conversation that becomes active while somebody pages moves to the front, which is behind
   * the cursor: nothing comes twice, and its event is after the first page's `asOf`.
   */
  async list(
    person: number,
    page: { cursor?: string | undefined; limit?: number | undefined },
  ): Promise<ConversationPage> {
    const limit = pageLimit(page.limit);
    const after: ListPosition | undefined = page.cursor === undefined ? undefined : listPosition(page.cursor);
    const beyond = after
      ? sql`where (${LAST_ACTIVE}, c.id) < (to_timestamp(${after.updatedAtMs}::double precision / 1000)::timestamptz(3), ${after.id}::uuid)`
      : sql``;
    const { rows } = await sql<{ as_of: number } & (PersonalConversationRow | { id: null })>`
      with page as materialized (
        select c.id, me.joined_position, me.left_position, me.read_up_to, me.left_revision, me.left_title, me.left_at
          from (select distinct on (m.conversation) m.* from member m where m.person = ${person}
                 order by m.conversation, m.joined_position desc) me
          join conversation c on c.id = me.conversation ${beyond}
         order by ${LAST_ACTIVE} desc, c.id desc limit ${limit + 1})
      select coalesce(b.head, 0) as as_of, v.*
        from (values (1)) one left join mailbox b on b.owner = ${person}
        left join (select ${LAST_ACTIVE} as last_active, ${CONVERSATION_COLUMNS}, ${PERSONAL_COLUMNS}
                     from page me join conversation c on c.id = me.id) v on true
       order by v.last_active desc, v.id desc`.execute(this.database.tables());
    const found = rows.filter((row): row is typeof row & PersonalConversationRow => row.id !== null);
    const conversations = withinReply(found.slice(0, limit).map(personalView));
    const last = conversations.at(-1);
    const more = last !== undefined && conversations.length < found.length;
    return {
      conversations,
      asOf: rows[0]?.as_of ?? 0,
      ...(more ? { next: listCursor({ updatedAtMs: Date.parse(last.updatedAt), id: last.id }) } : {}),
    };
  }

  /** What everybody who is in them sees alike. */
  async rows(
    conversations: readonly string[],
    database = this.database.tables(),
  ): Promise<Map<string, ConversationRow>> {
    const { rows } = await sql<ConversationRow>`
      select ${CONVERSATION_COLUMNS} from conversation c cross join ${NOBODY_IN_PARTICULAR}
       where c.id = any (${conversations}::uuid[])`.execute(database);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /**
   * The events of what made this revision of a conversation, and how many people are in it. Where it has a later one by
   * now, each of those who are told may have left since, and sees it as it was then.
   */
  async told(
    conversation: string,
    revision: number,
    all: readonly (Pick<DurableEvent, 'name' | 'recipients'> & { gone?: boolean })[],
  ): Promise<{ people: number; events: DurableEvent[] }> {
    const row = (await this.rows([conversation])).get(conversation)!;
    const data = conversationData(row);
    const events: DurableEvent[] = [];
    for (const { name, recipients, gone } of all) {
      if (recipients.length === 0) continue;
      const isLatest = row.revision === revision;
      if (isLatest && !gone) {
        events.push({ name, data, recipients });
        continue;
      }
      // Who went with the same change sees the same.
      const runs = isLatest ? [recipients] : recipients.map((recipient) => [recipient]);
      const seen = await this.rowsFor(runs.map(([first]) => ({ person: first!.owner, conversation })));
      for (const [n, run] of runs.entries())
        events.push({ name, data: seen[n] ? conversationData(seen[n]) : data, recipients: run });
    }
    return { people: row.member_count, events };
  }

  /** What each of these members sees of the conversation, in or gone; one answer for each, in order. */
  async rowsFor(
    members: readonly { person: number; conversation: string }[],
  ): Promise<(ConversationRow | undefined)[]> {
    const asked = JSON.stringify(members.map(({ person, conversation }, i) => ({ i, p: person, c: conversation })));
    const { rows } = await sql<ConversationRow & { asked: number }>`
      select a.i as asked, ${CONVERSATION_COLUMNS}
        from jsonb_to_recordset(${asked}::text::jsonb) as a(i integer, p bigint, c uuid)
       cross join lateral (select * from conversation where id = a.c offset 0) c
       cross join lateral (select * from member m where m.conversation = a.c and m.person = a.p
                            order by m.joined_position desc limit 1) me`.execute(this.database.tables());
    const found: (ConversationRow | undefined)[] = members.map(() => undefined);
    for (const { asked: index, ...row } of rows) found[index] = row;
    return found;
  }

  async sizes(conversations: readonly string[]): Promise<Map<string, number>> {
    const { rows } = await sql<{ id: string; member_count: number }>`
      select id, member_count from conversation where id = any (${conversations}::uuid[])`.execute(
      this.database.commits(),
    );
    return new Map(rows.map((row) => [row.id, row.member_count]));
  }

  async personalRow(person: number, conversation: string): Promise<PersonalConversationRow | undefined> {
    const { rows } = await sql<PersonalConversationRow>`
      select ${CONVERSATION_COLUMNS}, ${PERSONAL_COLUMNS}
        from conversation c
        join lateral (select * from member m where m.conversation = c.id and m.person = ${person}
                       order by m.joined_position desc limit 1) me on true
       where c.id = ${conversation}`.execute(this.database.tables());
    return rows[0];
  }

  private async receipts(person: number, conversation: string): Promise<ReceiptView[]> {
    const { rows } = await sql<Receipt>`
      select p.id as person, coalesce(r.delivered, 0) as "deliveredUpTo", coalesce(r.read, 0) as "readUpTo"
        from (select * from member m where m.conversation = ${conversation} and m.person = ${person}
               order by m.joined_position desc limit 1) me
        join conversation c on c.id = me.conversation
        left join left_receipts l on l.conversation = me.conversation and l.revision = me.left_revision
       cross join lateral ${membersOf('me.conversation')} x
        join person p on p.key = x.person
        left join lateral (select case when l.receipts is null then ${deliveredUpTo('x')}
                                       else (l.receipts->x.person::text->>0)::bigint end as delivered,
                                  case when l.receipts is null then x.read_up_to
                                       else (l.receipts->x.person::text->>1)::bigint end as read
                            where c.kind = 'group' or x.person = me.person or not ${blocked('x.person', 'me.person')}) r on true
       order by x.place`.execute(this.database.tables());
    return rows.map(receiptView);
  }
}
