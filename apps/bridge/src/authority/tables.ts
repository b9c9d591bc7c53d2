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
  issuer_sign_in: {
    /** Its `state`, hashed. */
    state: string;
    /** The cookie of the browser that it began in, hashed. */
    browser: string;
    purpose: 'app' | 'device' | 'connected-apps';
    /** Whose sign-in it is: the address of an app's, or a device's code. */
    target: string;
    started_at: Generated<Date>;
  };
  secret: { name: string; value: string; created_at: Generated<Date> };
}
