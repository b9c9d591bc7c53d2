import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InProcessBus } from '@drawbridge/bus';
import { Endings, Grants } from '@drawbridge/consent';
import type { Database } from '@drawbridge/database';
import { People } from '@drawbridge/people';
import { type DatabaseKind, testDatabase } from '@drawbridge/testing';
import { Logger } from '@nestjs/common';
import express from 'express';
import { sql } from 'kysely';
import { ADMIN_PATH, adminApi } from '../../src/admin/admin-api.js';

export const ROOT_TOKEN = 'root-token-of-the-tests';
export const UNKNOWN = '00000000-0000-4000-8000-000000000000';
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export interface Answered<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

/** An operator with a token, and nothing but HTTP. */
export class AdminClient {
  constructor(
    private readonly internalUrl: string,
    readonly token: string | undefined = ROOT_TOKEN,
  ) {}

  as(token: string | undefined): AdminClient {
    return new AdminClient(this.internalUrl, token);
  }

  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answered<T>> {
    const response = await this.raw(method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }

  raw(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const authorization: Record<string, string> = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    return fetch(`${this.internalUrl}${ADMIN_PATH}${path}`, {
      ...init,
      method,
      headers: { ...authorization, ...(init.headers as Record<string, string>) },
    });
  }

  /** One that is expected to do what was asked. */
  async done<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async refused(method: string, path: string, body?: unknown): Promise<string> {
    const { status, body: problem } = await this.call<{ code: string }>(method, path, body);
    return `${status} ${problem.code}`;
  }

  async partner(over: object = {}): Promise<string> {
    const { id } = await this.done<{ id: string }>('POST', '/partners', { ...PARTNER, ...over });
    return id;
  }

  /** An approved partner with one app. */
  async approved(clientId: string, over: object = {}): Promise<string> {
    const id = await this.partner(over);
    await this.done('POST', `/partners/${id}/approve`, { reason: 'reviewed' });
    await this.done('POST', `/partners/${id}/apps`, { ...APP, clientId });
    return id;
  }
}

export const PARTNER = {
  name: 'Reelhouse',
  homepage: 'https://reelhouse.example',
  privacyUrl: 'https://reelhouse.example/privacy',
  contact: 'bridge@reelhouse.example',
  scopes: ['messages.read', 'messages.send', 'profile'],
};
export const APP = {
  name: 'Reelhouse Desktop',
  kind: 'native',
  redirectUris: ['http://127.0.0.1/callback'],
  scopes: ['messages.read', 'messages.send'],
};

/** The API over HTTP, on a database that the test can look into; without a gateway, so every end takes effect at once. */
export class AdminHarness extends AdminClient implements AsyncDisposable {
  private constructor(
    readonly origin: string,
    private readonly server: Server,
    readonly database: Database,
    readonly endings: Endings,
  ) {
    super(origin);
  }

  /** An empty `adminToken` is none. */
  static async start(kind: DatabaseKind, adminToken = ROOT_TOKEN): Promise<AdminHarness> {
    return AdminHarness.on(await testDatabase(kind), adminToken);
  }

  static async on(database: Database, adminToken = ROOT_TOKEN): Promise<AdminHarness> {
    Logger.overrideLogger(['error', 'fatal']);
    const endings = new Endings({ database, bus: new InProcessBus(), leaseMs: 300, marginMs: 200, idleDays: 30 });
    const server = createServer(
      express().use(
        ADMIN_PATH,
        adminApi(database, endings, { adminToken: adminToken || undefined, webhooks: undefined }),
      ),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new AdminHarness(`http://127.0.0.1:${port}`, server, database, endings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.endings.stop();
    await this.database.close();
  }

  person(id: string): Promise<{ key: number }> {
    return new People(this.database).put({ id, handle: id, name: id });
  }

  async grant(person: number, partner: string, clientId: string): Promise<string> {
    const scopes = ['messages.read', 'messages.send'];
    const made = { person, clientId, partner, scopes, authTime: new Date(), days: 90 };
    return (await new Grants(this.database).create(made)).id;
  }

  async count(table: string): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::integer as n from ${sql.table(table)}`.execute(
      this.database.tables(),
    );
    return rows[0]!.n;
  }

  /** Kind and actor of what the record has of some kinds, the oldest first. */
  async record(
    like: string,
  ): Promise<{ kind: string; actor: string; data: Record<string, unknown>; person: number }[]> {
    const { rows } = await sql<{ kind: string; actor: string; data: Record<string, unknown>; person: number }>`
      select kind, actor, data, person from ledger_entry where kind like ${like} order by id`.execute(
      this.database.tables(),
    );
    return rows;
  }
}
