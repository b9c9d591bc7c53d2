import { randomBytes, randomUUID } from 'node:crypto';
import { Database } from '@drawbridge/database';
import { SCOPES, type Scope } from '@drawbridge/protocol';
import {
  type BridgeProcess,
  type DeviceCode,
  freePort,
  postgresUrl,
  signIn,
  startBridge,
  type Tokens,
} from '@drawbridge/testing';
import { type RawBuilder, sql } from 'kysely';
import { TestIssuer } from '../authority/issuer.js';

export const PASSWORD = 'drawbridge';
const ADMIN_TOKEN = 'a-token-of-the-pages';
const PLATFORM_TOKEN = 'another-token-of-the-pages';
const REDIRECT = 'http://127.0.0.1:49152/callback';
const DAY_MS = 86_400_000;

export interface StagePerson {
  readonly id: string;
  readonly name: string;
}

export interface StageApp {
  readonly clientId: string;
  readonly partner: string;
  readonly scopes: readonly Scope[];
}

interface AppToMake {
  readonly name: string;
  readonly partner?: string;
  readonly kind?: 'native' | 'device';
  readonly scopes?: readonly Scope[];
  /** Its partner waits for its review: nobody can be connected. */
  readonly pending?: boolean;
}

/**
 * What every page is shown by: a bridge with the demo, and one without it where people sign in at a provider, as two
 * built programs on PostgreSQL. People and apps come by the HTTP APIs and grants by sign-ins; SQL only lets time pass.
 */
export class Stage implements AsyncDisposable {
  private constructor(
    readonly bridge: BridgeProcess,
    readonly bridgeWithProvider: BridgeProcess,
    readonly provider: TestIssuer,
    private readonly database: Database,
  ) {}

  static async start(): Promise<Stage> {
    const port = await freePort();
    const [provider, databaseUrl] = await Promise.all([TestIssuer.start(`http://127.0.0.1:${port}`), postgresUrl()]);
    const env = { ADMIN_TOKEN, PLATFORM_TOKEN, LOG_LEVEL: 'fatal', LEASE_MS: '2000', LEASE_MARGIN_MS: '1600' };
    const [bridge, bridgeWithProvider] = await Promise.all([
      startBridge({ database: 'postgres', databaseUrl, env: { ...env, GATEWAY_ID: 'gw-1' } }),
      startBridge({
        database: 'postgres',
        env: { ...env, ...provider.settings, PORT: String(port), DEMO: 'false' },
      }),
    ]);
    const database = await Database.open({ url: databaseUrl, poolSize: 1 });
    return new Stage(bridge, bridgeWithProvider, provider, database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database.close();
    await this.bridge[Symbol.asyncDispose]();
    await this.bridgeWithProvider[Symbol.asyncDispose]();
    await this.provider[Symbol.asyncDispose]();
  }

  /** Somebody new, who is in nobody else's way. */
  async person(name = 'Alice Moreau', on = this.bridge): Promise<StagePerson> {
    const id = `p-${randomBytes(4).toString('hex')}`;
    const person = on === this.bridge ? { handle: id, name, login: id, password: PASSWORD } : { handle: id, name };
    await call(on, PLATFORM_TOKEN, 'PUT', `/platform/v1/people/${id}`, person);
    return { id, name };
  }

  async erase({ id }: StagePerson, on = this.bridge): Promise<void> {
    await call(on, PLATFORM_TOKEN, 'DELETE', `/platform/v1/people/${id}`);
  }

  /** An app of a partner of its own. */
  async app(
    { name, partner: partnerName = name, kind = 'native', scopes = SCOPES, pending = false }: AppToMake,
    on = this.bridge,
  ): Promise<StageApp> {
    const { id: partner } = await call<{ id: string }>(on, ADMIN_TOKEN, 'POST', '/admin/v1/partners', {
      name: partnerName,
      homepage: 'https://partner.example/',
      privacyUrl: 'https://partner.example/privacy',
      contact: 'developers@partner.example',
      scopes,
    });
    const clientId = `app-${randomBytes(4).toString('hex')}`;
    await call(on, ADMIN_TOKEN, 'POST', `/admin/v1/partners/${partner}/apps`, {
      clientId,
      name,
      kind,
      redirectUris: kind === 'native' ? ['http://127.0.0.1/callback'] : [],
      scopes,
    });
    if (!pending) await call(on, ADMIN_TOKEN, 'POST', `/admin/v1/partners/${partner}/approve`, {});
    return { clientId, partner, scopes };
  }

  /** Plans the end of an app's partner, so many days from now. */
  async windDown({ partner }: StageApp, days = 30): Promise<void> {
    const at = new Date(Date.now() + days * DAY_MS).toISOString();
    await call(this.bridge, ADMIN_TOKEN, 'POST', `/admin/v1/partners/${partner}/end`, { at, reason: 'contract ended' });
  }

  connect({ id }: StagePerson, app: StageApp, scopes: readonly Scope[] = app.scopes): Promise<Tokens> {
    return signIn(this.bridge, { login: id, password: PASSWORD, clientId: app.clientId, scopes, bound: false });
  }

  /** Where an app sends a person. */
  authorization({ clientId, scopes }: StageApp, over: Record<string, string> = {}, on = this.bridge): string {
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT,
      state: 'a-state',
      scope: ['openid', ...scopes].join(' '),
      code_challenge: randomBytes(32).toString('base64url'),
      code_challenge_method: 'S256',
      ...over,
    });
    return `${on.publicUrl}/oidc/auth?${asked}`;
  }

  async deviceCode(
    { clientId, scopes }: StageApp,
    { on = this.bridge, userAgent = 'Reelhouse/7.1 (SmartTV; Linux)' } = {},
  ): Promise<DeviceCode> {
    const response = await fetch(`${on.publicUrl}/oidc/device/auth`, {
      method: 'POST',
      headers: { 'user-agent': userAgent },
      body: new URLSearchParams({ client_id: clientId, scope: ['openid', ...scopes].join(' ') }),
    });
    return (await answerOf(response)) as DeviceCode;
  }

  /** A device's code was asked for in another network. */
  async fromElsewhere({ user_code }: DeviceCode): Promise<void> {
    await this.run(sql`update oidc_artifact set payload = replace(payload, '127.0.0.1', '2001:db8:4711:cafe')
      where id = (select code from device_sign_in where user_code = ${user_code.replaceAll('-', '')})`);
  }

  /** Time passes for a device's code until it is over. */
  async expire({ user_code }: DeviceCode): Promise<void> {
    await this.run(sql`update oidc_artifact set expires_at = clock_timestamp() - interval '1 minute'
      where id = (select code from device_sign_in where user_code = ${user_code.replaceAll('-', '')})`);
  }

  /** Nobody touches Connected apps for longer than a session lasts. */
  async lapseSessions(): Promise<void> {
    await this.run(sql`update person_session set last_seen_at = last_seen_at - interval '15 minutes'`);
  }

  /** All wrong tries lie far enough back. */
  async forgetWrongTries(): Promise<void> {
    await this.run(sql`delete from sign_in_failure`);
  }

  /** A gateway that stopped a moment ago, and can confirm nothing: an end waits for its lease. */
  async deadGateway(): Promise<void> {
    await this.run(sql`insert into gateway_lease (instance, gateway, lease_ms, renewals, position)
      select ${randomUUID()}::uuid, 'gw-2', 2000, 1, number from consent_feed_counter`);
  }

  private async run(statement: RawBuilder<unknown>): Promise<void> {
    await statement.execute(this.database.tables());
  }

  /** Something of the database is out of order meanwhile. */
  async withoutSessions(work: () => Promise<void>): Promise<void> {
    await this.run(sql`alter table person_session rename to person_session_away`);
    try {
      await work();
    } finally {
      await this.run(sql`alter table person_session_away rename to person_session`);
    }
  }
}

async function call<T>(bridge: BridgeProcess, token: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(bridge.internalUrl + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await answerOf(response)) as T;
}

async function answerOf(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.status} of ${response.url}: ${await response.text()}`);
  return response.json();
}
