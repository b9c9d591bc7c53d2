import type { Generated } from 'kysely';

export interface AuthorityTables {
  oidc_artifact: {
    model: string;
    id: string;
    payload: string;
    grant_id: string | null;
    uid: string | null;
    user_code: string | null;
    expires_at: Date | null;
    consumed_at: Date | null;
  };
  secret: { name: string; value: string; created_at: Generated<Date> };
}
