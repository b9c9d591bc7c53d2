import type { Database, Migration } from '@drawbridge/database';
import { type Generated, type Kysely, sql, type Transaction } from 'kysely';

export interface Tables {
  person: { id: string; handle: string; name: string; login: string; password_hash: string };
  session: { token_hash: string; person: string; expires_at: Date };
  failed_sign_in: { login: string; at: Generated<Date> };
  conversation: {
    id: string;
    /** What the bridge calls it; null until it knows it. */
    bridge_id: string | null;
    kind: 'direct' | 'group';
    title: string | null;
    members: string[];
    /** Of a direct one, so that there is one for two people. */
    pair: string | null;
    creator: string;
    /** The bridge's position up to which everything was read. */
    read_up_to: Generated<number>;
    updated_at: Generated<Date>;
  };
  message: {
    /** The `clientId` at the bridge, where it was written here. */
    id: string;
    bridge_id: string | null;
    n: Generated<number>;
    conversation: string;
    position: number | null;
    author: string;
    text: string | null;
    via: string | null;
    sent_at: Date;
    edited_at: Date | null;
    deleted_at: Date | null;
    /** What the bridge would not have of it, for good. */
    refusal: string | null;
  };
  /** What the bridge is to be told, in order. */
  outbox: { n: Generated<number>; kind: OutboxKind; subject: string };
  /** What the bridge has told. `applied_at` is null until it has been looked at. */
  webhook: { id: string; n: Generated<number>; body: string; received_at: Generated<Date>; applied_at: Date | null };
  connection: { id: string; person: string; app: string; ended_at: Date | null };
  secret: { name: string; value: string };
  oidc_artifact: { id: string; grant_id: string | null; uid: string | null; payload: object; expires_at: Date | null };
}

export type OutboxKind = 'person' | 'contacts' | 'group' | 'message' | 'edit' | 'delete';
export type Db = Kysely<Tables> | Transaction<Tables>;
export type Message = Omit<Tables['message'], 'n'> & { n: number };
export type Conversation = Omit<Tables['conversation'], 'read_up_to' | 'updated_at'> & {
  read_up_to: number;
  updated_at: Date;
};
export type Person = Pick<Tables['person'], 'id' | 'handle' | 'name'>;

const migrations: Record<string, Migration> = {
  'example-0001': {
    async up(db: Kysely<unknown>) {
      const statements = `
        create table person (id text primary key, handle text not null unique, name text not null, login text not null unique, password_hash text not null);
        create table session (token_hash text primary key, person text not null references person, expires_at timestamptz not null);
        create table failed_sign_in (login text not null, at timestamptz not null default now());
        create index on failed_sign_in (login, at);
        create table conversation (id uuid primary key, bridge_id text unique, kind text not null, title text, members text[] not null,
          pair text unique, creator text not null, read_up_to bigint not null default 0, updated_at timestamptz not null default now());
        create index on conversation using gin (members);
        create table message (id uuid primary key, bridge_id text unique, n bigint generated always as identity, conversation uuid not null references conversation,
          position bigint, author text not null, text text, via text, sent_at timestamptz not null, edited_at timestamptz, deleted_at timestamptz, refusal text);
        create index on message (conversation, position, n);
        create table outbox (n bigint generated always as identity primary key, kind text not null, subject text not null);
        create table webhook (id text primary key, n bigint generated always as identity, body text not null, received_at timestamptz not null default now(), applied_at timestamptz);
        create index on webhook (n) where applied_at is null;
        create table connection (id text primary key, person text not null, app text not null, ended_at timestamptz);
        create index on connection (person);
        create table secret (name text primary key, value text not null);
        create table oidc_artifact (id text primary key, grant_id text, uid text, payload jsonb not null, expires_at timestamptz);
        create index on oidc_artifact (grant_id)`;
      for (const statement of statements.split(';')) await sql.raw(statement).execute(db);
    },
  },
};

export async function migrate(database: Database): Promise<void> {
  await database.migrate(migrations);
}
