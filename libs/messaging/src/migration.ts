import type { Migration } from '@drawbridge/database';
import { sql } from 'kysely';
import { ACKNOWLEDGE } from './sql/acknowledge.js';
import { AS_OF_LEAVING } from './sql/as-of-leaving.js';
import { CHANGE_MESSAGES } from './sql/change-messages.js';
import { COMMIT_SENDS } from './sql/commit-sends.js';
import { CREATE_CONVERSATION } from './sql/create-conversation.js';
import { MARK_READ } from './sql/mark-read.js';
import { SEND_RECOMMENDATION } from './sql/send-recommendation.js';
import { UPDATE_GROUP } from './sql/update-group.js';

const statements = [
  // direct_low < direct_high: the one direct conversation of two people.
  `create table conversation (
     id uuid primary key,
     kind text not null check (kind in ('direct', 'group')),
     title text,
     creator bigint not null,
     direct_low bigint,
     direct_high bigint check (direct_low < direct_high),
     member_count integer not null,
     last_position bigint not null default 0,
     created_at timestamptz(3) not null,
     updated_at timestamptz(3) not null,
     check ((kind = 'direct') = (direct_low is not null and direct_high is not null))
   ) with (fillfactor = 70)`,
  'create unique index conversation_direct on conversation (direct_low, direct_high)',
  // For the host platform, which lists all of them.
  'create index conversation_by_creation on conversation (created_at, id)',

  // An interval of positions: a member sees what is after joined_position and not after left_position. place is the
  // order of joining. read_up_to moves with one's own sends, so nothing after it is one's own.
  `create table member (
     conversation uuid not null,
     person bigint not null,
     joined_position bigint not null,
     left_position bigint,
     place integer not null,
     read_up_to bigint not null default 0,
     primary key (conversation, person, joined_position)
   ) with (fillfactor = 70)`,
  'create unique index member_now on member (conversation, person) where left_position is null',
  'create index member_by_person on member (person, conversation, joined_position)',

  // A mailbox is there from the first conversation on, and before the first entry.
  `create table mailbox (
     owner bigint primary key,
     head bigint not null default 0,
     trimmed bigint not null default 0,
     acked bigint not null default 0
   ) with (fillfactor = 50)`,
  // day: when it was written, in days since 2000, in two bytes that the alignment of what follows would leave empty.
  `create table mailbox_entry (
     owner bigint not null,
     seq bigint not null,
     kind smallint not null,
     day smallint not null default (current_date - date '2000-01-01'),
     conversation uuid not null,
     subject bigint not null,
     primary key (owner, seq)
   )`,

  // app is '' for the platform's own. content_hash is of what was sent, whatever becomes of the text later (I5).
  // recommended is what a recommendation says, which has no text; {} when it is deleted.
  // client_id is a UUID kept as text, so that the sender's own event has the very letters that were sent.
  `create table message (
     conversation uuid not null,
     position bigint not null,
     id uuid not null,
     sender bigint not null,
     app text collate "C" not null,
     client_id text collate "C" not null,
     content_hash bytea not null,
     sender_seq bigint not null,
     text text not null,
     recommended jsonb,
     reply_to uuid,
     sent_at timestamptz(3) not null,
     primary key (conversation, position)
   )`,
  'create unique index message_id on message (id)',
  // A recommendation's is one for several messages: recommendation_request remembers it.
  'create unique index message_sent on message (sender, app, lower(client_id)) where recommended is null',

  // client_id in lower case: no client gets it back.
  `create table conversation_request (
     person bigint not null,
     app text collate "C" not null,
     client_id text collate "C" not null,
     content_hash bytea not null,
     conversation uuid not null,
     created_at timestamptz(3) not null,
     primary key (person, app, client_id)
   )`,

  'create table mailbox_epoch (single boolean primary key default true check (single), id uuid not null)',
  'insert into mailbox_epoch (id) values (gen_random_uuid())',

  COMMIT_SENDS,
  CREATE_CONVERSATION,
];

/** Whose turn it is to remove what is no longer kept, and where the last one stopped. */
const upkeep = [
  `create table messaging_upkeep (
     chore text primary key,
     place text not null default '',
     due_at timestamptz not null default clock_timestamp()
   )`,
];

const run = (all: readonly string[]): Migration => ({
  async up(db) {
    for (const statement of all) await sql.raw(statement).execute(db);
  },
});

export const messagingMigrations: Record<string, Migration> = {
  '040_messaging': run(statements),
  '041_change_messages': run(CHANGE_MESSAGES),
  '042_update_group': run(UPDATE_GROUP),
  '043_mark_read': run(MARK_READ),
  '044_acknowledge': run(ACKNOWLEDGE),
  '045_as_of_leaving': run(AS_OF_LEAVING),
  '046_recommendations': run(SEND_RECOMMENDATION),
  '047_upkeep': run(upkeep),
};
