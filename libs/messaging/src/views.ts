import { LIMITS } from '@drawbridge/protocol';
import { type RawBuilder, sql } from 'kysely';
import type { Title } from './content.js';
import { deliveredTo } from './sql/acknowledge.js';

/** A message as it is on the wire (protocol 5.3). Keys in this order, so that live and stored events are the same bytes. */
export interface MessageView {
  id: string;
  conversation: string;
  position: number;
  from: { id: string; name: string };
  kind: 'text' | 'recommendation';
  /** These three are gone with a deletion. */
  text?: string;
  title?: Title;
  note?: string;
  replyTo?: string;
  via?: { app: string };
  reactions: ReactionView[];
  sentAt: string;
  editedAt?: string;
  deletedAt?: string;
}

export interface ReactionView {
  emoji: string;
  count: number;
  /** The public ids of the first who reacted so. */
  people: string[];
}

export interface MemberView {
  id: string;
  handle: string;
  name: string;
}

export interface ReceiptView {
  person: string;
  /** Never below readUpTo. */
  deliveredUpTo?: number;
  readUpTo?: number;
}

/** A conversation as it is on the wire. In events without `lastMessage`, `unread`, `readUpTo`; `receipts` from conversation.get only. */
export interface ConversationView {
  id: string;
  kind: 'direct' | 'group';
  title?: string;
  memberCount: number;
  members: MemberView[];
  lastMessage?: MessageView;
  unread?: number;
  readUpTo?: number;
  updatedAt: string;
  receipts?: ReceiptView[];
}

/** What a message says that is a recommendation. */
export interface Recommended {
  readonly title: Title;
  readonly note?: string | undefined;
}

export interface MessageRow {
  id: string;
  conversation: string;
  position: number;
  text: string;
  /** Of a recommendation; `{}` when it is deleted. */
  recommended: Partial<Recommended> | null;
  reply_to: string | null;
  app: string;
  client_id: string;
  sender: number;
  sender_seq: number;
  sent_at_ms: number;
  edited_at_ms: number | null;
  deleted_at_ms: number | null;
  reactions: ReactionView[] | null;
  from_id: string;
  from_name: string;
  app_name: string | null;
}

/**
 * Rows of messages, with the names of today, as whoever left with this revision of the group saw them, and everybody else
 * sees them where it is null. A deletion shows to all of them. To be followed by joins and a `where` on `m`.
 */
export function messageRows(leftRevision: RawBuilder<unknown>): RawBuilder<MessageRow> {
  const then = sql`${leftRevision} <= m.text_revision`;
  const version = sql`from message_version v where v.conversation = m.conversation and v.position = m.position
                       and v.revision < ${leftRevision} and v.until_revision >= ${leftRevision}`;
  return sql`
  select m.id, m.conversation, m.position, m.recommended, m.reply_to, m.app, m.client_id, m.sender, m.sender_seq,
         (extract(epoch from m.sent_at) * 1000)::bigint as sent_at_ms,
         -- There is a version only of what somebody has left with, and none of a deleted text.
         case when ${then} then coalesce((select v.text ${version}), m.text) else m.text end as text,
         (extract(epoch from case when ${then} and exists (select ${version}) then (select v.edited_at ${version})
                                  else m.edited_at end) * 1000)::bigint as edited_at_ms,
         (extract(epoch from m.deleted_at) * 1000)::bigint as deleted_at_ms,
         (select json_agg(json_build_object('emoji', k.emoji, 'count', k.count, 'people', k.people) order by k.first)
            from (select r.emoji, count(*) as count, min(r.id) as first,
                         (array_agg(rp.id order by r.id))[1:${sql.lit(LIMITS.maxMembersShown)}] as people
                    from (select id, emoji, person from reaction
                           where conversation = m.conversation and position = m.position
                             and (${leftRevision} is null or revision < ${leftRevision})
                           union all
                          select id, emoji, person from past_reaction
                           where ${leftRevision} is not null and conversation = m.conversation and position = m.position
                             and revision < ${leftRevision} and until_revision >= ${leftRevision}) r
                    join person rp on rp.key = r.person group by r.emoji) k) as reactions,
         p.id as from_id, p.name as from_name, a.name as app_name
    from message m join person p on p.key = m.sender left join app a on a.client_id = m.app`;
}

/** The condition for the interval of membership `me` in which this person may see message `m`. */
export function seesMessage(person: unknown) {
  return sql`me.conversation = m.conversation and me.person = ${person}
    and m.position > me.joined_position and (me.left_position is null or m.position <= me.left_position)`;
}

/** messageRows as everybody sees them who has not left. */
export const MESSAGE_ROWS = messageRows(sql`null::bigint`);

/** messageRows for the interval of membership `me`. */
export const MESSAGE_ROWS_OF_MEMBER = messageRows(sql`me.left_revision`);

export function messageView(row: MessageRow): MessageView {
  return {
    id: row.id,
    conversation: row.conversation,
    position: row.position,
    from: { id: row.from_id, name: row.from_name },
    kind: row.recommended === null ? 'text' : 'recommendation',
    ...(row.recommended !== null
      ? recommendedView(row.recommended)
      : row.deleted_at_ms === null
        ? { text: row.text }
        : {}),
    ...(row.reply_to === null ? {} : { replyTo: row.reply_to }),
    ...(row.app === '' ? {} : { via: { app: row.app_name ?? row.app } }),
    reactions: row.reactions ?? [],
    sentAt: new Date(row.sent_at_ms).toISOString(),
    ...(row.edited_at_ms === null || row.deleted_at_ms !== null
      ? {}
      : { editedAt: new Date(row.edited_at_ms).toISOString() }),
    ...(row.deleted_at_ms === null ? {} : { deletedAt: new Date(row.deleted_at_ms).toISOString() }),
  };
}

/** The keys in one order, which jsonb does not keep. */
function recommendedView({ title, note }: Partial<Recommended>): Partial<Recommended> {
  if (!title) return {};
  const { kind, id, name, url } = title;
  return { title: { kind, id, name, url }, ...(note === undefined ? {} : { note }) };
}

/** The `data` of message events, serialised once for everybody; the sender's own copy of message.created gets `clientId` at the write. */
export function messageData(message: MessageView): Buffer {
  return Buffer.from(`{"message":${JSON.stringify(message)}}`);
}

export interface ConversationRow {
  id: string;
  kind: 'direct' | 'group';
  title: string | null;
  member_count: number;
  updated_at_ms: number;
  members: MemberView[];
  /** Counts who came and went, and titles. */
  revision: number;
}

/**
 * What everybody in a conversation `c` sees of it alike; and whoever has left it, as it was then. `me` is the member, or
 * NOBODY_IN_PARTICULAR.
 */
export const CONVERSATION_COLUMNS = sql`
  c.id, c.kind, c.revision, case when me.left_revision is null then c.title else me.left_title end as title,
  (extract(epoch from coalesce(me.left_at, c.updated_at)) * 1000)::bigint as updated_at_ms,
  case when me.left_revision is null then c.member_count else
    (select count(*)::integer from ${membersOf('c.id')} x) end as member_count,
  (select json_agg(json_build_object('id', p.id, 'handle', coalesce(p.handle, p.id), 'name', p.name) order by s.place)
     from (select x.person, x.place from ${membersOf('c.id')} x
            order by x.place limit ${sql.lit(LIMITS.maxMembersShown)}) s
     join person p on p.key = s.person) as members`;

/**
 * Those who are in a conversation now, or were before `me` left and stayed in it. Apart, because of those who have not left
 * there is an index: somebody who leaves and comes back day after day leaves a row each time.
 */
export function membersOf(conversation: string) {
  const of = sql.raw(conversation);
  return sql`(
    select * from member where conversation = ${of} and left_position is null and me.left_revision is null
    union all
    select * from member where conversation = ${of} and me.left_revision is not null
       and joined_revision < me.left_revision and (left_revision is null or left_revision > me.left_revision))`;
}

export const NOBODY_IN_PARTICULAR = sql`(values (null::bigint, null::text, null::timestamptz)) me(left_revision, left_title, left_at)`;

export interface PersonalConversationRow extends ConversationRow {
  joined_position: number;
  read_up_to: number;
  top: number;
  /** Messages up to this position are no longer kept. */
  gone_up_to: number;
  last: MessageRow | null;
}

/** What one member `me` of `c` sees beside that. Nothing of one's own is after read_up_to, so unread is a difference. */
export const PERSONAL_COLUMNS = sql`
  me.joined_position, me.read_up_to, coalesce(me.left_position, c.last_position) as top,
  coalesce((select k.position - 1 from message k where k.conversation = c.id order by k.position limit 1), c.last_position) as gone_up_to,
  (select row_to_json(l) from (${MESSAGE_ROWS_OF_MEMBER}
     where m.conversation = c.id and m.position = coalesce(me.left_position, c.last_position)
       and m.position > me.joined_position) l) as last`;

export function sharedView(row: ConversationRow): ConversationView {
  return {
    id: row.id,
    kind: row.kind,
    ...(row.title === null ? {} : { title: row.title }),
    memberCount: row.member_count,
    members: row.members ?? [],
    updatedAt: new Date(row.updated_at_ms).toISOString(),
  };
}

export function personalView(row: PersonalConversationRow): ConversationView {
  const { updatedAt, ...shared } = sharedView(row);
  return {
    ...shared,
    ...(row.last ? { lastMessage: messageView(row.last) } : {}),
    unread: Math.max(0, row.top - Math.max(row.read_up_to, row.joined_position, row.gone_up_to)),
    ...(row.read_up_to > 0 ? { readUpTo: row.read_up_to } : {}),
    updatedAt,
  };
}

/** How far messages have reached member `alias`; see deliveredTo. */
export function deliveredUpTo(alias: string) {
  return sql.raw<number>(deliveredTo(alias));
}

/** Whether one of two people has blocked the other: in a direct conversation receipts are for neither of them then. */
export function blocked(one: string, other: string) {
  const [a, b] = [sql.raw(one), sql.raw(other)];
  return sql`(exists (select from block where person = ${a} and blocked = ${b})
    or exists (select from block where person = ${b} and blocked = ${a}))`;
}

/** Positions, 0 for none. */
export interface Receipt {
  person: string;
  deliveredUpTo: number;
  readUpTo: number;
}

export function receiptView({ person, deliveredUpTo, readUpTo }: Receipt): ReceiptView {
  return { person, ...(deliveredUpTo > 0 ? { deliveredUpTo } : {}), ...(readUpTo > 0 ? { readUpTo } : {}) };
}

/** The `data` of receipt.updated. */
export function receiptData({ conversation, ...receipt }: Receipt & { conversation: string }): Buffer {
  return Buffer.from(JSON.stringify({ conversation, ...receiptView(receipt) }));
}

/** The `data` of conversation events. */
export function conversationData(row: ConversationRow): Buffer {
  return Buffer.from(`{"conversation":${JSON.stringify(sharedView(row))}}`);
}
