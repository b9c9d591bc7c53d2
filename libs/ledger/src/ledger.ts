import { type QueryExecutorProvider, sql } from 'kysely';

/** What the record tells of. Beside these there are the access windows and the pages of history read. */
export type EntryKind =
  | 'grant_created'
  | 'grant_narrowed'
  | 'grant_ended'
  | 'grants_viewed'
  | 'partner_created'
  | 'partner_changed'
  | 'partner_approved'
  | 'partner_suspended'
  | 'partner_resumed'
  | 'partner_end_planned'
  | 'partner_ended'
  | 'partner_narrowed'
  | 'partner_voided'
  | 'app_created'
  | 'app_changed'
  | 'app_narrowed'
  | 'app_ended'
  | 'operator_created'
  | 'operator_removed'
  | 'gateway_drained'
  | 'data_restored'
  | 'webhooks_replayed'
  | 'person_erased';

export interface Entry {
  readonly kind: EntryKind;
  /** Who did it: `person`, `app`, `bridge`, or an operator's name. */
  readonly actor: string;
  /** The internal key of the person whom it concerns. */
  readonly person?: number;
  readonly grant?: string;
  readonly app?: string;
  readonly partner?: string;
  /** Anything else; nothing in it may identify a person. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Appends to the record, in the transaction of what it records: `db` is that transaction. */
export async function appendEntry(db: QueryExecutorProvider, entry: Entry): Promise<void> {
  const { kind, actor, person, grant, app, partner, data = {} } = entry;
  await sql`select ledger_append(${kind}::text, ${actor}::text, ${person ?? null}::bigint, ${grant ?? null}::uuid,
    ${app ?? null}::text, ${partner ?? null}::uuid, ${JSON.stringify(data)}::jsonb)`.execute(db);
}
