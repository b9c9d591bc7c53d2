import type { Generated } from 'kysely';

export interface PeopleTables {
  person: { key: Generated<number>; id: string; handle: string | null; name: string; erased_at: Date | null };
  login: { login: string; person: number; password_hash: string };
  erased_id: { hash: string };
  contact: { person: number; contact: number };
  block: { person: number; blocked: number };
  activity: { id: string; person: number };
  sign_in_failure: { id: Generated<number>; subject: string; at: Generated<Date> };
  person_session: {
    token_hash: string;
    person: number;
    created_at: Generated<Date>;
    last_seen_at: Generated<Date>;
  };
}
