import { randomBytes } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { hashOf } from './hash.js';
import type { AuthorityTables } from './tables.js';

/** The device flow's limits (I9): RFC 8628 sections 3.5, 5.1 and 5.2. */
export const DEVICE_LIMITS = {
  codeS: 600,
  /** How long a device waits between two polls, and what each poll that is too early adds to that. */
  intervalS: 5,
  slowDownS: 5,
  intervalMaxS: 60,
  /** Networks are uneven: a poll may come so much too early. */
  earlyMs: 500,
  /** Wrong passwords at one code; the last one ends it. */
  wrongTries: 5,
  /** Codes that nobody was given, typed by one browser, and from one network, within 15 minutes. */
  wrongCodesPerBrowser: 5,
  wrongCodesPerNetwork: 30,
} as const;

/** From where a code was asked for, as far as that is known. */
export interface DeviceInfo {
  /** As limits count it: an IPv4 address, or an IPv6 network. */
  network: string;
  userAgent: string;
}

/** A code that a device was given, and what became of it. */
export interface DeviceRequest {
  /** Its id in the database. */
  id: string;
  userCode: string;
  clientId: string;
  /** As the app asked, whatever it may have. */
  scopes: string[];
  askedAt: Date;
  askedFrom: DeviceInfo;
  /** What the device learns at its next poll; undefined while it is to wait. */
  answer: 'allowed' | 'refused' | undefined;
  /** Somebody has decided, or too much was wrong. */
  outcome: 'allowed' | 'denied' | 'spoilt' | null;
  expired: boolean;
}

/** Somebody who has signed in for a code with the browser that holds its cookie. */
export interface DeviceVisit {
  request: DeviceRequest;
  /** The browser, as the database knows it. */
  browser: string;
  personId: string;
  signedInAt: Date;
  /** The id that the grant will have. */
  grantId: string;
  /** It was this browser that allowed it. */
  allowedHere: boolean;
}

interface Row {
  id: string;
  payload: string;
  outcome: DeviceRequest['outcome'];
  expired: boolean;
}

interface Payload {
  clientId: string;
  userCode: string;
  iat: number;
  params?: { scope?: string };
  deviceInfo?: DeviceInfo;
  accountId?: string;
  error?: string;
}

/** Fields of oidc-provider's DeviceCode that its token endpoint reads. */
export type DeviceAnswer =
  | { accountId: string; grantId: string; authTime: number; scope: string; resource: string }
  | { error: 'access_denied'; errorDescription: string };

/**
 * What oidc-provider's DeviceCode does not know of a code: how its device polls, who is at it with which browser, and
 * what was decided. All of it is in the database, so that any process can go on, and one statement decides.
 */
export class DeviceCodes {
  constructor(private readonly database: Database) {}

  private get tables(): Kysely<AuthorityTables> {
    return this.database.tables<AuthorityTables>();
  }

  /** A device was given the code with this id. */
  async begin(id: string, userCode: string): Promise<void> {
    await this.tables
      .insertInto('device_sign_in')
      .values({ code: id, user_code: userCode, interval_s: DEVICE_LIMITS.intervalS })
      .onConflict((conflict) => conflict.column('code').doNothing())
      .execute();
  }

  /** Notes that the device asks now. True: too early, and from now on it has to wait for longer (`slow_down`). */
  async pollsTooEarly(id: string): Promise<boolean> {
    const { earlyMs, slowDownS, intervalMaxS } = DEVICE_LIMITS;
    const early = sql`coalesce(polled_at > clock_timestamp() - (interval_s * 1000 - ${earlyMs}::integer) * interval '1 ms', false)`;
    const { rows } = await sql<{ early: boolean }>`
      update device_sign_in set polled_at = clock_timestamp(), polled_early = ${early},
        interval_s = case when ${early} then least(interval_s + ${slowDownS}::integer, ${intervalMaxS}::integer) else interval_s end
      where code = ${id} returning polled_early as early`.execute(this.tables);
    return rows[0]?.early ?? false;
  }

  /** The request with this code, over or not; undefined where no device was given it. */
  async find(userCode: string): Promise<DeviceRequest | undefined> {
    if (userCode === '') return undefined;
    const { rows } = await sql<Row>`select ${columns} from ${joined} where d.user_code = ${userCode}`.execute(
      this.tables,
    );
    return rows[0] && requestOf(rows[0]);
  }

  /**
   * Somebody has signed in for this code. The result is for the browser's cookie, and new: whoever planted or read the
   * one before has no part in what follows.
   */
  async signedIn({ id }: DeviceRequest, personId: string, grantId: string): Promise<string> {
    const cookie = randomBytes(32).toString('base64url');
    await this.tables
      .insertInto('device_visit')
      .values({ browser: hashOf(cookie), code: id, person: personId, grant_id: grantId })
      .execute();
    return cookie;
  }

  async visit(cookie: string): Promise<DeviceVisit | undefined> {
    const browser = hashOf(cookie);
    const { rows } = await sql<
      Row & { person: string; signedInAt: Date; grantId: string; allowedHere: boolean | null }
    >`
      select ${columns}, v.person, v.signed_in_at as "signedInAt", v.grant_id as "grantId",
             d.decided_by = v.browser as "allowedHere"
      from ${joined} join device_visit v on v.code = d.code where v.browser = ${browser}`.execute(this.tables);
    const row = rows[0];
    return (
      row && {
        request: requestOf(row),
        browser,
        personId: row.person,
        signedInAt: row.signedInAt,
        grantId: row.grantId,
        allowedHere: row.allowedHere ?? false,
      }
    );
  }

  /**
   * Counts a try at the code's sign-in before it is looked at; which one it is, or undefined when there are no more.
   * `giveBack` where it was not wrong.
   */
  async takeTry({ id }: DeviceRequest): Promise<number | undefined> {
    const { rows } = await sql<{ wrong_tries: number }>`
      update device_sign_in set wrong_tries = wrong_tries + 1
      where code = ${id} and outcome is null and wrong_tries < ${DEVICE_LIMITS.wrongTries}::integer
      returning wrong_tries`.execute(this.tables);
    return rows[0]?.wrong_tries;
  }

  async giveBack({ id }: DeviceRequest): Promise<void> {
    await sql`update device_sign_in set wrong_tries = greatest(0, wrong_tries - 1) where code = ${id}`.execute(
      this.tables,
    );
  }

  /** Refuses the device, unless something was decided before. */
  async refuse(request: DeviceRequest, outcome: 'denied' | 'spoilt', why: string): Promise<boolean> {
    return this.settle(request, sql`outcome is null`, outcome, { error: 'access_denied', errorDescription: why });
  }

  /** True for the one browser that may allow now; for that one again, should it come twice. */
  async claim({ request, browser }: DeviceVisit): Promise<boolean> {
    const { rows } = await sql`
      update device_sign_in d set outcome = 'allowed', decided_by = ${browser} from oidc_artifact a
      where d.code = ${request.id} and (d.outcome is null or (d.outcome = 'allowed' and d.decided_by = ${browser}))
        and a.model = 'DeviceCode' and a.id = d.code and a.expires_at > clock_timestamp()
      returning d.code`.execute(this.tables);
    return rows.length > 0;
  }

  /** What the device gets, after `claim`. */
  async answer({ request, browser }: DeviceVisit, answer: DeviceAnswer): Promise<void> {
    const outcome = 'error' in answer ? 'denied' : 'allowed';
    await this.settle(request, sql`outcome = 'allowed' and decided_by = ${browser}`, outcome, answer);
  }

  /** The decision and what the device reads of it are one statement. */
  private async settle(
    { id }: DeviceRequest,
    condition: RawBuilder<unknown>,
    outcome: 'allowed' | 'denied' | 'spoilt',
    answer: DeviceAnswer,
  ): Promise<boolean> {
    const artifact = await this.tables
      .selectFrom('oidc_artifact')
      .select('payload')
      .where('model', '=', 'DeviceCode')
      .where('id', '=', id)
      .executeTakeFirst();
    if (!artifact) return false;
    const payload = JSON.stringify({ ...(JSON.parse(artifact.payload) as Payload), ...answer });
    const grantId = 'error' in answer ? null : answer.grantId;
    const { rows } = await sql`
      with decided as (
        update device_sign_in set outcome = ${outcome}::text where code = ${id} and ${condition} returning code
      )
      update oidc_artifact a set payload = ${payload}, grant_id = ${grantId}::text
      from decided where a.model = 'DeviceCode' and a.id = decided.code and a.consumed_at is null
      returning a.id`.execute(this.tables);
    return rows.length > 0;
  }
}

const columns = sql`d.code as id, a.payload, d.outcome, a.expires_at <= clock_timestamp() as expired`;
const joined = sql`device_sign_in d join oidc_artifact a on a.model = 'DeviceCode' and a.id = d.code`;

function requestOf({ id, payload, outcome, expired }: Row): DeviceRequest {
  const { clientId, userCode, iat, params, deviceInfo, accountId, error } = JSON.parse(payload) as Payload;
  return {
    id,
    userCode,
    clientId,
    scopes: (params?.scope ?? '').split(' '),
    askedAt: new Date(iat * 1000),
    askedFrom: deviceInfo ?? { network: '', userAgent: '' },
    answer: error ? 'refused' : accountId ? 'allowed' : undefined,
    outcome,
    expired,
  };
}
