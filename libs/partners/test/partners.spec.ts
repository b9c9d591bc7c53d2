import type { Database } from '@drawbridge/database';
import { everyDatabase, testDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { type AppToCreate, Partners } from '../src/index.js';

describe.each(everyDatabase)('Partners on %s', (kind) => {
  let database: Database;
  let partners: Partners;
  let partner: string;

  beforeAll(async () => {
    database = await testDatabase(kind);
    partners = new Partners(database);
  });
  beforeEach(async () => {
    // Another database for each of fifty tests is most of what they take.
    await sql`truncate partner cascade`.execute(database.tables());
    const created = await partners.createPartner({
      name: 'Tunebox',
      homepage: 'https://tunebox.example',
      privacyUrl: 'https://tunebox.example/privacy',
      contact: 'team@tunebox.example',
      scopes: ['messages.send', 'messages.read'],
    });
    partner = created.id;
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const app = (over: Partial<AppToCreate> = {}): AppToCreate => ({
    clientId: 'tunebox-desktop',
    partner,
    name: 'Tunebox',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: ['messages.read'],
    ...over,
  });

  test('an app is found with its partner, pending until somebody approves it', async () => {
    await partners.createApp(app());
    expect(await partners.app('tunebox-desktop')).toMatchObject({
      clientId: 'tunebox-desktop',
      kind: 'native',
      scopes: ['messages.read'],
      partner: { id: partner, name: 'Tunebox', status: 'pending', scopes: ['messages.read', 'messages.send'] },
    });
    expect(await partners.app('another')).toBeUndefined();
  });

  test('an app may not have what its partner may not have', async () => {
    await expect(partners.createApp(app({ scopes: ['contacts.read'] }))).rejects.toMatchObject({
      code: 'scopes_exceed_partner',
    });
  });

  test.each([
    ['native', 'http://127.0.0.1:8080/callback'],
    ['native', 'http://localhost/callback'],
    ['native', 'https://tunebox.example/callback'],
    ['native', 'http://127.0.0.1/callback#here'],
    ['web', 'http://tunebox.example/callback'],
    ['web', 'javascript:alert(1)'],
    ['web', 'https://user:secret@tunebox.example/callback'],
    ['web', '/callback'],
  ] as const)('RFC 8252 section 7.3, RFC 9700 section 2.1: a %s app cannot register %s', async (appKind, uri) => {
    await expect(partners.createApp(app({ kind: appKind, redirectUris: [uri] }))).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  test('a link of a partner is a web address', async () => {
    const bad = {
      name: 'x',
      homepage: 'javascript:alert(1)',
      privacyUrl: 'https://x.example',
      contact: 'x',
      scopes: [],
    };
    await expect(partners.createPartner(bad)).rejects.toMatchObject({ code: 'invalid' });
  });
});
