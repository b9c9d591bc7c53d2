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
  device_sign_in: {
    /** The id of its DeviceCode. */
    code: string;
    user_code: string;
    interval_s: number;
    polled_at: Date | null;
    polled_early: Generated<boolean>;
    wrong_tries: Generated<number>;
    outcome: 'allowed' | 'denied' | 'spoilt' | null;
    decided_by: string | null;
  };
  device_visit: {
    browser: string;
    code: string;
    person: string;
    signed_in_at: Generated<Date>;
    grant_id: string;
  };
  secret: { name: string; value: string; created_at: Generated<Date> };
}
