import { randomUUID } from 'node:crypto';
import type { Database } from '@drawbridge/database';
import { everyDatabase } from '@drawbridge/testing';
import { sql } from 'kysely';
import { GatewayHarness, type Sent, type SignedIn, send } from './gateway-harness.js';

/** Every column of every row of every table, as text. */
async function everyRow(database: Database): Promise<Map<string, string>> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_schema || '.' || table_name as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(
    database.tables(),
  );
  const dumps = new Map<string, string>();
  for (const { name } of tables) {
    const { rows } = await sql<{ all: string | null }>`
      select string_agg(t::text, E'\n') as all from ${sql.table(name)} t`.execute(database.tables());
    dumps.set(name, rows[0]!.all ?? '');
  }
  return dumps;
}

describe.each(everyDatabase)('A deleted text, on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  const where = async (secrets: readonly string[]) =>
    [...(await everyRow(bridge.database))].flatMap(([table, rows]) =>
      secrets.filter((secret) => rows.includes(secret)).map((secret) => `${secret.split('-')[0]} in ${table}`),
    );
  const mailboxOf = async (who: SignedIn) => {
    const client = await bridge.connect();
    await client.open(who.token, { epoch: who.session.mailbox!.epoch, after: 0 });
    await client.close();
    return client.frames;
  };

  test('is found in no table, page, backlog, retry or event from then on, whatever was done with it before', async () => {
    const [alice, bob, carol] = [
      await bridge.client('alice'),
      await bridge.client('bob'),
      await bridge.client('carol'),
    ];
    const phone = await bridge.client('bob');
    const all = [alice, bob, carol, phone];
    const secrets = ['first', 'second', 'third'].map((nth) => `${nth}-${randomUUID()}`);
    const [first, second, third] = secrets as [string, string, string];
    const { conversation } = await alice.client.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'carol'],
      title: 'Songs',
      clientId: randomUUID(),
    });
    const group = conversation.id;
    const clientId = randomUUID();
    const { message } = await send(alice.client, group, first, clientId);
    const change = (who: SignedIn, command: string, more: object = {}) =>
      who.client.request(command, { message: message.id, ...more });
    await change(alice, 'message.edit', { text: second });
    await change(bob, 'reaction.add', { emoji: '🎧' });
    await alice.client.request('conversation.update', { conversation: group, remove: ['carol'] });
    await change(alice, 'message.edit', { text: third });
    await change(bob, 'reaction.remove', { emoji: '🎧' });
    const reply = { conversation: group, text: 'a reply', clientId: randomUUID(), replyTo: message.id };
    const answered = await bob.client.request<Sent>('message.send', reply);
    for (const who of [bob, phone]) {
      const { seq } = await who.client.waitFor(({ data }) => JSON.stringify(data).includes(third));
      await who.client.request('mailbox.ack', { seq });
      await who.client.request('conversation.read', { conversation: group, upTo: message.position });
    }
    // The search finds what is there: the text of today, and the one that Carol left with.
    expect((await where(secrets)).toSorted()).toEqual(['second in public.message_version', 'third in public.message']);

    await change(alice, 'message.delete');
    const gone = all.map(({ client }) =>
      client.waitFor(({ event, data }) => event === 'message.deleted' && JSON.stringify(data).includes(message.id)),
    );
    const shown: unknown[] = await Promise.all(gone);
    for (const who of all) {
      const ask = (command: string, data: object = {}) => who.client.request(command, data);
      shown.push(
        await ask('conversation.history', { conversation: group }),
        await ask('conversation.get', { conversation: group }),
        await ask('conversation.list'),
        await mailboxOf(who),
      );
    }
    const retried = await send(alice.client, group, first, clientId);
    expect(retried).toMatchObject({ duplicate: true, message: { id: message.id, deletedAt: expect.any(String) } });
    shown.push(retried, await bob.client.request('message.send', reply));
    for (const secret of secrets) expect(JSON.stringify(shown)).not.toContain(secret);
    expect(await where(secrets)).toEqual([]);
    // What refers to it stays.
    expect(answered.message).toMatchObject({ replyTo: message.id });
    for (const { client } of all) {
      expect(client.problems).toEqual([]);
      await client.close();
    }
  });

  test('that was the last of a conversation keeps its place: in the list, in what is unread, and in what can be read', async () => {
    const [alice, bob] = [await bridge.client('alice'), await bridge.client('bob')];
    const direct = await bridge.direct(alice.client, 'bob');
    await send(alice.client, direct, 'stays');
    const { message } = await send(alice.client, direct, 'goes');
    await alice.client.request('message.delete', { message: message.id });
    const get = async () =>
      (await bob.client.request<{ conversation: object }>('conversation.get', { conversation: direct })).conversation;
    const { text: _, ...place } = message;
    const last = { ...place, deletedAt: expect.any(String) };
    expect(await get()).toMatchObject({ unread: 2, lastMessage: last });
    expect(await get()).not.toHaveProperty('lastMessage.text');
    const { messages } = await bob.client.request<{ messages: object[] }>('conversation.history', {
      conversation: direct,
    });
    expect(messages).toEqual([last, expect.objectContaining({ text: 'stays' })]);
    await bob.client.request('conversation.read', { conversation: direct, upTo: message.position });
    expect(await get()).toMatchObject({ unread: 0, readUpTo: message.position, lastMessage: last });
    await Promise.all([alice.client.close(), bob.client.close()]);
  });
});
