/**
 * Whoever has left a group keeps what was there until then, but for what is deleted. The order in which that is decided is
 * the group's `revision`, which counts who comes and goes: a change of a message at revision 5 is later than a leaving that
 * made it 5 and earlier than one that makes it 6, both having held the conversation's row.
 */
export const AS_OF_LEAVING: readonly string[] = [
  'alter table message add column text_revision bigint not null default 0',
  // A text that was changed later, at until_revision; only where somebody has left while it stood, and could see it.
  `create table message_version (
     conversation uuid not null,
     position bigint not null,
     revision bigint not null,
     until_revision bigint not null,
     text text not null,
     edited_at timestamptz(3),
     primary key (conversation, position, revision)
   )`,
  'alter table reaction add column revision bigint not null default 0',
  // One that was taken back later, on the same condition.
  `create table past_reaction (
     conversation uuid not null,
     position bigint not null,
     id bigint not null,
     emoji text collate "C" not null,
     person bigint not null,
     revision bigint not null,
     until_revision bigint not null,
     primary key (conversation, position, id)
   )`,
  // By person's key: how far messages had reached those who stayed, and how far they had read.
  `create table left_receipts (
     conversation uuid not null,
     revision bigint not null,
     receipts jsonb not null,
     primary key (conversation, revision)
   )`,
];
