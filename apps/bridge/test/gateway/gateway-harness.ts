import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { type Bus, InProcessBus, RedisBus } from '@drawbridge/bus';
import { ConsentLease, Endings, Grants, type Receipt } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Messaging } from '@drawbridge/messaging';
import { Partners } from '@drawbridge/partners';
import { People } from '@drawbridge/people';
import { type EndReason, SCOPES, type Scope } from '@drawbridge/protocol';
import {
  BridgeClient,
  type ConnectOptions,
  type DatabaseKind,
  testDatabase,
  UNLIMITED_RATES,
} from '@drawbridge/testing';
import { Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { importJWK, SignJWT } from 'jose';
import { SigningKeys } from '../../src/authority/signing-keys.js';
import { BUS } from '../../src/bus.js';
import { Config } from '../../src/config/config.js';
import { BridgeWsAdapter } from '../../src/gateway/bridge-ws-adapter.js';
import { Gateway } from '../../src/gateway/gateway.js';
import { GatewayModule } from '../../src/gateway/gateway.module.js';
import { RateLimits, rateLimits } from '../../src/limits/rate-limits.js';
import { Secrets } from '../../src/secrets.js';

export const PUBLIC_URL = 'https://bridge.example';
export const APP = 'tunebox-desktop';
export const WEB_APP = 'tunebox-web';
export const WEB_ORIGIN = 'https://app.tunebox.example';
const NAMES = { alice: 'Alice', bob: 'Bob', carol: 'Carol', dave: 'Dave' } as const;
export type Name = keyof typeof NAMES;

export interface TokenOptions {
  readonly scopes?: readonly Scope[];
  readonly clientId?: string;
  readonly livesS?: number;
  /** Claims and header to put in place of the right ones; undefined leaves one out. */
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

/** The real gateway module on a real database, with real sockets; only the authority's sign-in is passed over. */
export class GatewayHarness implements AsyncDisposable {
  /** The bridge's side of every connection, oldest first. */
  readonly sockets: Socket[] = [];

  private constructor(
    readonly app: INestApplication,
    readonly database: Database,
    readonly endings: Endings,
    readonly origin: string,
    private readonly people: ReadonlyMap<string, number>,
    private readonly partner: string,
    private readonly ownsDatabase: boolean,
  ) {
    app.getHttpServer().on('connection', (socket: Socket) => this.sockets.push(socket));
  }

  static async start(kind: DatabaseKind, settings: Record<string, string> = {}): Promise<GatewayHarness> {
    return GatewayHarness.on(await testDatabase(kind), settings, true);
  }

  /** A process of the bridge on a database that may have been used before. */
  static async on(
    database: Database,
    settings: Record<string, string> = {},
    ownsDatabase = false,
    bus: Bus = new InProcessBus(),
  ): Promise<GatewayHarness> {
    const config = Config.read({ PUBLIC_URL, GATEWAY_ID: 'gw-test', ...UNLIMITED_RATES, ...settings });
    const { leaseMs, leaseMarginMs: marginMs } = config;
    const endings = new Endings({ database, bus, leaseMs, marginMs, idleDays: 30 });

    @Global()
    @Module({
      providers: [
        { provide: Config, useValue: config },
        { provide: Database, useValue: database },
        { provide: Secrets, useFactory: () => Secrets.load(database) },
        { provide: BUS, useValue: bus },
        {
          provide: RateLimits,
          useFactory: (secrets: Secrets) =>
            rateLimits(config, secrets.key('limits'), bus instanceof RedisBus ? bus.buckets : undefined),
          inject: [Secrets],
        },
        { provide: Grants, useValue: new Grants(database) },
        { provide: Endings, useValue: endings },
      ],
      exports: [Config, Database, Secrets, BUS, RateLimits, Grants, Endings],
    })
    class SharedModule {}

    @Module({ imports: [SharedModule, GatewayModule] })
    class TestModule {}

    const app = await NestFactory.create(TestModule, { logger: ['error', 'fatal'], abortOnError: false });
    app.useWebSocketAdapter(new BridgeWsAdapter(app));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const { people, partner } = await seed(database);
    return new GatewayHarness(app, database, endings, `http://127.0.0.1:${port}`, people, partner, ownsDatabase);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.ownsDatabase) await this.database.close();
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.endings.stop();
  }

  get lease(): ConsentLease {
    return this.app.get(ConsentLease);
  }

  get messaging(): Messaging {
    return this.app.get(Messaging);
  }

  get gateway(): Gateway {
    return this.app.get(Gateway);
  }

  key(name: Name): number {
    return this.people.get(name)!;
  }

  async grant(name: Name, { scopes = SCOPES, clientId = APP }: TokenOptions = {}): Promise<string> {
    const { key: person, partner } = { key: this.key(name), partner: this.partner };
    const made = await new Grants(this.database).create({
      person,
      clientId,
      partner,
      scopes,
      authTime: new Date(),
      days: 90,
    });
    return made.id;
  }

  /** An access token as the authority makes them. */
  async token(name: Name, grant: string, options: TokenOptions = {}): Promise<string> {
    const { scopes = SCOPES, clientId = APP, livesS = 300, claims = {}, header = {} } = options;
    const key = this.app.get(SigningKeys).privateKeys[0]!;
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({
      iss: `${PUBLIC_URL}/oidc`,
      aud: `${PUBLIC_URL}/bridge`,
      sub: name,
      client_id: clientId,
      grant_id: grant,
      scope: `openid ${scopes.join(' ')}`,
      iat: now,
      exp: now + livesS,
      jti: randomUUID(),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid!, ...header })
      .sign(await importJWK(key, 'ES256'));
  }

  connect(options: ConnectOptions = {}): Promise<BridgeClient> {
    return BridgeClient.connect(this.origin, options);
  }

  /** A client with an open session on a grant of its own. */
  async client(name: Name, options: TokenOptions = {}): Promise<SignedIn> {
    const grant = await this.grant(name, options);
    const token = await this.token(name, grant, options);
    const client = await this.connect();
    const session = await client.open<Session>(token);
    return { client, grant, token, session };
  }

  async direct(client: BridgeClient, to: Name): Promise<string> {
    const { conversation } = await client.request<{ conversation: { id: string } }>('conversation.create', {
      members: [to],
      clientId: randomUUID(),
    });
    return conversation.id;
  }

  async end(grant: string, reason: EndReason = 'revoked_by_person'): Promise<Receipt> {
    const [receipt] = await this.endings.end({ grants: [grant], reason, by: 'person' });
    return receipt!;
  }

  /** As the person does on Connected apps. */
  async narrow(grant: string, scopes: readonly Scope[]): Promise<Receipt> {
    const receipt = await this.endings.narrow({ grant, scopes, by: 'person' });
    return receipt!;
  }
}

export interface Session {
  readonly nonce: string;
  readonly person: { id: string; handle?: string; name?: string };
  readonly grant: { id: string; scopes: Scope[]; expiresAt: string };
  readonly tokenExpiresAt: string;
  readonly mailbox?: { epoch: string; head: number };
}

export interface SignedIn {
  readonly client: BridgeClient;
  readonly grant: string;
  readonly token: string;
  readonly session: Session;
}

export interface Sent {
  readonly message: { id: string; conversation: string; position: number; text: string };
  readonly seq?: number;
  readonly duplicate: boolean;
}

export function send(client: BridgeClient, conversation: string, text: string, clientId = randomUUID()): Promise<Sent> {
  return client.request<Sent>('message.send', { conversation, text, clientId });
}

export async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'ok',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

async function seed(database: Database): Promise<{ people: Map<string, number>; partner: string }> {
  const registry = new People(database);
  const partners = new Partners(database);
  const known = await partners.app(APP);
  const people = new Map<string, number>();
  for (const [id, name] of Object.entries(NAMES)) people.set(id, (await registry.put({ id, handle: id, name })).key);
  if (known) return { people, partner: known.partner.id };
  const ids = Object.keys(NAMES);
  for (const id of ids) await registry.setContacts(id, ids);
  const { id: partner } = await partners.createPartner({
    name: 'Tunebox Inc.',
    homepage: 'https://tunebox.example',
    privacyUrl: 'https://tunebox.example/privacy',
    contact: 'security@tunebox.example',
    scopes: [...SCOPES],
    status: 'approved',
  });
  const app = { partner, scopes: [...SCOPES] };
  await partners.createApp({
    ...app,
    clientId: APP,
    name: 'Tunebox',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback'],
  });
  await partners.createApp({
    ...app,
    clientId: WEB_APP,
    name: 'Tunebox on the web',
    kind: 'web',
    redirectUris: [`${WEB_ORIGIN}/signed-in`],
  });
  return { people, partner };
}
