import { createHash, randomBytes } from 'node:crypto';
import { InProcessBus } from '@drawbridge/bus';
import { Endings, Grants } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { People } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { type DeviceCode, FormBrowser, type FormPage, formWith, freePort, testDatabase } from '@drawbridge/testing';
import { Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { sql } from 'kysely';
import { AuthorityModule } from '../../src/authority/authority.module.js';
import { mountAuthority } from '../../src/authority/mount.js';
import { Config } from '../../src/config/config.js';
import { Secrets } from '../../src/secrets.js';

export const PASSWORD = 'drawbridge';
export const DESKTOP = 'tunebox-desktop';
export const WEB = 'tunebox-web';
/** Registered as requiring DPoP. */
export const BOUND = 'tunebox-bound';
export const TV = 'tunebox-tv';
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const DESKTOP_REDIRECT = 'http://127.0.0.1:49152/callback';
export const WEB_ORIGIN = 'https://app.tunebox.example';
const SCOPES: Scope[] = ['messages.read', 'messages.send', 'contacts.read', 'presence.read', 'profile'];

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token?: string;
  scope: string;
  expires_in: number;
  token_type: string;
}

/** The real Nest module on a real database, over HTTP on a free port. */
export class AuthorityHarness implements AsyncDisposable {
  private constructor(
    readonly origin: string,
    readonly app: INestApplication,
    readonly database: Database,
    readonly endings: Endings,
  ) {}

  static async start(kind: 'pglite' | 'postgres', over: Partial<Config> = {}): Promise<AuthorityHarness> {
    const database = await testDatabase(kind);
    await seed(database);
    return AuthorityHarness.on(database, over);
  }

  /** Another process of the same installation, as far as it matters here. */
  static async on(database: Database, over: Partial<Config> = {}): Promise<AuthorityHarness> {
    const port = over.port ?? (await freePort());
    const origin = `http://127.0.0.1:${port}`;
    const config = Object.assign(Object.create(Config.prototype) as Config, {
      publicUrl: origin,
      accessTokenS: 300,
      grantDays: 90,
      grantIdleDays: 30,
      ...over,
    });
    const endings = new Endings({ database, bus: new InProcessBus(), leaseMs: 300, marginMs: 200, idleDays: 30 });

    @Global()
    @Module({
      providers: [
        { provide: Config, useValue: config },
        { provide: Database, useValue: database },
        { provide: Secrets, useFactory: () => Secrets.load(database) },
        { provide: Grants, useValue: new Grants(database) },
        { provide: Endings, useValue: endings },
      ],
      exports: [Config, Database, Secrets, Grants, Endings],
    })
    class SharedModule {}

    @Module({ imports: [SharedModule, AuthorityModule] })
    class TestModule {}

    const app = await NestFactory.create(TestModule, { logger: ['error', 'fatal'], abortOnError: false });
    mountAuthority(app);
    await app.listen(port, '127.0.0.1');
    return new AuthorityHarness(origin, app, database, endings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeApp();
    await this.database.close();
  }

  async closeApp(): Promise<void> {
    await this.app.close();
    await this.endings.stop();
  }

  browser(headers: Record<string, string> = {}): FormBrowser {
    return new FormBrowser(this.origin, headers);
  }

  authorizationUrl(over: Record<string, string | undefined> = {}): { url: string; verifier: string } {
    const verifier = randomBytes(32).toString('base64url');
    const parameters: Record<string, string | undefined> = {
      response_type: 'code',
      client_id: DESKTOP,
      redirect_uri: DESKTOP_REDIRECT,
      state: 'a-state',
      scope: `openid ${SCOPES.join(' ')}`,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...over,
    };
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return { url: `/oidc/auth?${new URLSearchParams(given)}`, verifier };
  }

  /** The first page of a request that differs from a good one. */
  ask(over: Record<string, string | undefined>): Promise<FormPage> {
    return this.browser().get(this.authorizationUrl(over).url);
  }

  async toConsent(browser: FormBrowser, url: string, login = 'alice'): Promise<FormPage> {
    const page = await browser.get(url);
    return browser.submit(formWith(page, 'login'), { login, password: PASSWORD });
  }

  /** A code, by the forms alone. */
  async code(
    over: { login?: string; scopes?: string[]; browser?: FormBrowser; ask?: Record<string, string | undefined> } = {},
  ) {
    const browser = over.browser ?? this.browser();
    const { url, verifier } = this.authorizationUrl(over.ask);
    const consent = await this.toConsent(browser, url, over.login);
    const form = formWith(consent, 'scope');
    const scope = over.scopes ?? form.checkboxes.map((box) => box.value);
    const { left } = await browser.submit(form, { scope }, ['decision', 'allow']);
    if (!left) throw new Error('not sent back to the app');
    return { code: left.searchParams.get('code') ?? '', verifier, left };
  }

  token(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.origin}/oidc/token`, { method: 'POST', headers, body: new URLSearchParams(parameters) });
  }

  exchange(code: string, verifier: string, over: Record<string, string> = {}): Promise<Response> {
    return this.token({
      grant_type: 'authorization_code',
      client_id: DESKTOP,
      code,
      code_verifier: verifier,
      redirect_uri: DESKTOP_REDIRECT,
      ...over,
    });
  }

  /** A device asks for a code. */
  askForDevice(over: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
    const body = new URLSearchParams({ client_id: TV, scope: 'openid messages.read contacts.read', ...over });
    return fetch(`${this.origin}/oidc/device/auth`, { method: 'POST', headers, body });
  }

  async deviceCode(over: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<DeviceCode> {
    const response = await this.askForDevice(over, headers);
    if (response.status !== 200) throw new Error(await response.text());
    return (await response.json()) as DeviceCode;
  }

  /** The device asks whether somebody has answered. */
  poll({ device_code }: DeviceCode, over: Record<string, string> = {}): Promise<Response> {
    return this.token({ grant_type: DEVICE_GRANT, device_code, client_id: TV, ...over });
  }

  refresh(refresh_token: string, client_id = DESKTOP): Promise<Response> {
    return this.token({ grant_type: 'refresh_token', refresh_token, client_id });
  }

  revoke(token: string, client_id = DESKTOP): Promise<Response> {
    return fetch(`${this.origin}/oidc/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ token, client_id }),
    });
  }

  async signIn(over: Parameters<AuthorityHarness['code']>[0] = {}): Promise<Tokens & { grant: string }> {
    const { code, verifier } = await this.code(over);
    const response = await this.exchange(code, verifier);
    if (response.status !== 200) throw new Error(await response.text());
    const tokens = (await response.json()) as Tokens;
    return { ...tokens, grant: claimsOf(tokens.access_token).grant_id as string };
  }

  async setPartnerStatus(status: string): Promise<void> {
    await sql`update partner set status = ${status}`.execute(this.database.tables());
  }

  async grantRow(id: string): Promise<{ ended_at: Date | null; end_reason: string | null; effective_at: Date | null }> {
    const { rows } = await sql<{ ended_at: Date | null; end_reason: string | null; effective_at: Date | null }>`
      select g.ended_at, g.end_reason, r.effective_at from consent_grant g
      left join consent_receipt r on r.grant_id = g.id and r.kind = 'grant_ended' where g.id = ${id}`.execute(
      this.database.tables(),
    );
    return rows[0]!;
  }
}

export const INVALID_GRANT = { error: 'invalid_grant' };

export async function bodyOf(response: Response): Promise<object> {
  return { status: response.status, ...((await response.json()) as object) };
}

/** The payload, unverified: the signature has a test of its own. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>;
}

async function seed(database: Database): Promise<void> {
  const people = new People(database);
  for (const [id, name] of [
    ['alice', 'Alice Arden'],
    ['bob', 'Bob Brook'],
  ] as const) {
    await people.put({ id, handle: id, name, login: id, password: PASSWORD });
  }
  const partners = new Partners(database);
  const { id: partner } = await partners.createPartner({
    name: 'Tunebox Ltd',
    homepage: 'https://tunebox.example',
    privacyUrl: 'https://tunebox.example/privacy',
    contact: 'team@tunebox.example',
    scopes: SCOPES,
    status: 'approved',
  });
  await partners.createApp({
    clientId: DESKTOP,
    partner,
    name: 'Tunebox',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
    scopes: SCOPES,
  });
  await partners.createApp({
    clientId: BOUND,
    partner,
    name: 'Tunebox with a key',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: SCOPES,
    requiresDpop: true,
  });
  await partners.createApp({
    clientId: WEB,
    partner,
    name: 'Tunebox on the web',
    kind: 'web',
    redirectUris: [`${WEB_ORIGIN}/signed-in`],
    scopes: ['messages.read'],
  });
  await partners.createApp({
    clientId: TV,
    partner,
    name: 'Tunebox on TV',
    kind: 'device',
    redirectUris: [],
    scopes: ['messages.read', 'messages.send', 'contacts.read', 'profile'],
  });
}
