import { randomUUID } from 'node:crypto';
import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { GatewayHarness, type Name, type SignedIn } from './gateway-harness.js';

interface PageRow {
  grant: string;
  person: number;
  command: string;
  conversations: string[];
  from: number[];
  to: number[];
}

describe.each(everyDatabase)('What a reply shows, on %s', (kind) => {
  let bridge: GatewayHarness;
  let alice: SignedIn;
  let bob: SignedIn;
  let conversation: string;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
    alice = await bridge.client('alice');
    bob = await bridge.client('bob');
    conversation = await bridge.direct(alice.client, 'bob');
    for (const text of ['one', 'two', 'three', 'four']) {
      await alice.client.request('message.send', { conversation, text, clientId: randomUUID() });
    }
  });
  afterAll(async () => {
    await Promise.all([alice.client.close(), bob.client.close()]);
    await bridge[Symbol.asyncDispose]();
  });
  const tables = () => bridge.database.tables<object>();
  beforeEach(() => sql`delete from access_page`.execute(tables()));

  const pages = async () =>
    (
      await sql<PageRow>`
        select grant_id as grant, person, command, conversations, from_positions as "from", to_positions as "to"
        from access_page order by id`.execute(tables())
    ).rows;
  const pageOf = (who: SignedIn, name: Name, command: string, from: number, to: number): PageRow => ({
    grant: who.grant,
    person: bridge.key(name),
    command,
    conversations: [conversation],
    from: [from],
    to: [to],
  });

  test('is on the record: pages of history, and the last messages of conversations (I8)', async () => {
    await bob.client.request('conversation.history', { conversation, limit: 2 });
    await bob.client.request('conversation.history', { conversation, before: 3 });
    await bob.client.request('conversation.history', { conversation, before: 1 });
    await bob.client.request('conversation.get', { conversation });
    await alice.client.request('conversation.list', {});
    await bob.client.request('conversation.create', { members: ['alice'], clientId: randomUUID() });
    expect(await pages()).toEqual([
      pageOf(bob, 'bob', 'conversation.history', 3, 4),
      pageOf(bob, 'bob', 'conversation.history', 1, 2),
      pageOf(bob, 'bob', 'conversation.get', 4, 4),
      pageOf(alice, 'alice', 'conversation.list', 4, 4),
      pageOf(bob, 'bob', 'conversation.create', 4, 4),
    ]);
  });

  test('is not on the record where nothing is shown: an empty list, nobody’s conversation, no messages.read', async () => {
    const carol = await bridge.client('carol');
    await carol.client.request('conversation.list', {});
    await expect(carol.client.request('conversation.history', { conversation })).rejects.toThrow('not_found');
    const blind = await bridge.client('bob', { scopes: ['messages.send'] });
    await blind.client.request('conversation.create', { members: ['alice'], clientId: randomUUID() });
    await Promise.all([carol.client.close(), blind.client.close()]);
    expect(await pages()).toEqual([]);
  });

  test('is not shown where it cannot be put on the record (I6, I8)', async () => {
    await sql`alter table access_page rename to access_page_lost`.execute(tables());
    try {
      for (const [command, data] of [
        ['conversation.history', { conversation }],
        ['conversation.get', { conversation }],
        ['conversation.list', {}],
        ['conversation.create', { members: ['alice'], clientId: randomUUID() }],
      ] as const) {
        const before = bob.client.frames.length;
        await expect(bob.client.request(command, data)).rejects.toThrow('unavailable');
        expect(JSON.stringify(bob.client.frames.slice(before))).not.toContain('four');
      }
    } finally {
      await sql`alter table access_page_lost rename to access_page`.execute(tables());
    }
    await bob.client.request('conversation.history', { conversation });
    expect(await pages()).toEqual([pageOf(bob, 'bob', 'conversation.history', 1, 4)]);
  });

  test('many readers at once are many pages on the record', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        (n % 2 ? alice : bob).client.request('conversation.history', { conversation, limit: 1 + (n % 4) }),
      ),
    );
    expect((await pages()).map(({ command, from, to }) => [command, from[0], to[0]]).sort()).toEqual(
      Array.from({ length: 60 }, (_, n) => ['conversation.history', 4 - (n % 4), 4]).sort(),
    );
  });

  test('is on the record where a send is repeated, since it may be another app’s words by now (I8)', async () => {
    const again = { conversation, text: 'five', clientId: randomUUID() };
    const { message } = await alice.client.request<{ message: { id: string } }>('message.send', again);
    const elsewhere = await bridge.client('alice');
    await elsewhere.client.request('message.edit', { message: message.id, text: 'not this app’s words' });
    await sql`delete from access_page`.execute(tables());
    const reply = await alice.client.request<{ message: { text: string } }>('message.send', again);
    expect(reply).toMatchObject({ duplicate: true, message: { text: 'not this app’s words' } });
    expect(await pages()).toEqual([pageOf(alice, 'alice', 'message.send', 5, 5)]);
    await elsewhere.client.close();
  });
});

test('I8 a page waits for its commit on the record, and nothing of it is written before', async () => {
  await using bridge = await GatewayHarness.start('postgres');
  const { client } = await bridge.client('alice');
  const conversation = await bridge.direct(client, 'bob');
  await client.request('message.send', { conversation, text: 'written down first', clientId: randomUUID() });
  const locked = Promise.withResolvers<void>();
  const unlock = Promise.withResolvers<void>();
  const holding = bridge.database
    .tables<object>()
    .transaction()
    .execute(async (tx) => {
      await sql`lock table access_page in exclusive mode`.execute(tx);
      locked.resolve();
      await unlock.promise;
    });
  await locked.promise;
  const before = client.frames.length;
  const page = client.request('conversation.history', { conversation });
  // The insert is seen to wait, so the page has been read; and a whole round trip later nothing has come of it.
  await waitsForLock(bridge);
  await client.request('ping', {});
  expect(client.frames.slice(before).map(({ data }) => Object.keys(data))).toEqual([['at']]);
  unlock.resolve();
  await holding;
  expect(JSON.stringify(await page)).toContain('written down first');
  await client.close();
});

async function waitsForLock(bridge: GatewayHarness): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select 1 from pg_locks l where l.relation = 'access_page'::regclass and not l.granted`.execute(
      bridge.database.tables(),
    );
    if (rows.length > 0) return;
  }
}
