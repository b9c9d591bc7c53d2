import { randomUUID } from 'node:crypto';
import { ENTRY } from '@drawbridge/messaging';
import { sql } from 'kysely';
import { codeOf, type GatewayHarness, type SignedIn, send } from './gateway-harness.js';
import { TwoGateways } from './two-gateways.js';

describe('Receipts, with people on two gateways', () => {
  let gateways: TwoGateways;
  let here: GatewayHarness;
  let there: GatewayHarness;
  let alice: SignedIn;
  let bob: SignedIn;
  let carol: SignedIn;
  beforeAll(async () => {
    gateways = await TwoGateways.start();
    ({ here, there } = gateways);
    [alice, bob, carol] = [await here.client('alice'), await there.client('bob'), await there.client('carol')];
  });
  afterAll(async () => {
    await Promise.all([alice, bob, carol].map(({ client }) => client.close()));
    await gateways[Symbol.asyncDispose]();
  });

  const receipts = ({ client }: SignedIn, conversation: string) =>
    client.frames.filter(({ event, data }) => event === 'receipt.updated' && data.conversation === conversation);
  const told = ({ client }: SignedIn, conversation: string, person: string) =>
    client.waitFor(
      ({ event, data }) => event === 'receipt.updated' && data.conversation === conversation && data.person === person,
    );

  test('in a direct conversation the other person and the reader’s own connections are told, with a seq (I4)', async () => {
    const second = await here.client('bob');
    const direct = await here.direct(alice.client, 'bob');
    const { message } = await send(alice.client, direct, 'read me');
    await bob.client.request('conversation.read', { conversation: direct, upTo: message.position });
    for (const who of [alice, bob, second]) {
      const { data, seq } = await told(who, direct, 'bob');
      const { position } = message;
      expect(data).toEqual({ conversation: direct, person: 'bob', deliveredUpTo: position, readUpTo: position });
      expect(seq).toEqual(expect.any(Number));
      expect(who.client.problems).toEqual([]);
    }
    const { conversation } = await bob.client.request<{ conversation: object }>('conversation.get', {
      conversation: direct,
    });
    expect(conversation).toMatchObject({ unread: 0, readUpTo: message.position });
    await second.client.close();
  });

  test('what a client has stored is delivered: the sender and the own connections are told, once, and no loop comes of it (I4)', async () => {
    const second = await here.client('carol');
    const direct = await here.direct(alice.client, 'carol');
    let position = 0;
    for (let n = 0; n < 5; n++) ({ position } = (await send(alice.client, direct, `${n}`)).message);
    const { seq } = await carol.client.waitFor(
      ({ event, data }) =>
        event === 'message.created' &&
        (data.message as { position: number }).position === position &&
        (data.message as { conversation: string }).conversation === direct,
    );
    await carol.client.request('mailbox.ack', { seq });
    for (const who of [alice, carol, second]) {
      const { data, seq: place } = await told(who, direct, 'carol');
      expect(data).toEqual({ conversation: direct, person: 'carol', deliveredUpTo: position });
      await who.client.request('mailbox.ack', { seq: place });
    }
    // Whatever the receipts' own acknowledgements made would be before this.
    await carol.client.request('conversation.read', { conversation: direct, upTo: position });
    for (const who of [alice, carol, second]) {
      await who.client.waitFor(
        ({ event, data }) => event === 'receipt.updated' && data.conversation === direct && data.readUpTo !== undefined,
      );
      expect(receipts(who, direct)).toHaveLength(2);
      expect(who.client.problems).toEqual([]);
    }
    const sender = await here.client('carol', { scopes: ['messages.send'] });
    expect(await codeOf(sender.client.request('mailbox.ack', { seq: 1 }))).toBe('scope_missing');
    await Promise.all([second.client.close(), sender.client.close()]);
  });

  test('in a group the others are told in passing, of one reader in a second, and their mailboxes do not fill', async () => {
    const made = await alice.client.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    const group = made.conversation.id;
    for (let n = 0; n < 10; n++) await send(alice.client, group, `${n}`);
    const startedAt = performance.now();
    const { seq: stored } = await carol.client.waitFor(
      ({ event, data }) =>
        event === 'message.created' && (data.message as { conversation: string }).conversation === group,
    );
    await carol.client.request('mailbox.ack', { seq: stored });
    expect((await told(bob, group, 'carol')).data).toMatchObject({ deliveredUpTo: expect.any(Number) });
    const read = (who: SignedIn, upTo: number) =>
      who.client.request('conversation.read', { conversation: group, upTo });
    for (let n = 1; n <= 10; n++) await Promise.all([read(bob, n), read(carol, n)]);
    await Promise.all([told(alice, group, 'bob'), told(alice, group, 'carol')]);
    const heard = receipts(alice, group);
    expect(heard.every(({ seq }) => seq === undefined)).toBe(true);
    expect(heard.length).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 1_000);
    expect(receipts(bob, group).every(({ seq, data }) => (seq !== undefined) === (data.person === 'bob'))).toBe(true);
    expect(alice.client.problems).toEqual([]);
  });

  test('a group in which everybody reads fills no mailbox but with one’s own marks, and a connection hears of one in a second whichever gateways they read on (I9)', async () => {
    const made = await alice.client.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'carol', 'dave'],
      clientId: randomUUID(),
    });
    const group = made.conversation.id;
    const dave = await here.client('dave');
    const readers = [bob, carol, dave];
    const from = performance.now();
    const marks = 12;
    for (let n = 1; n <= marks; n++) {
      await send(alice.client, group, `${n}`);
      await Promise.all(
        readers.map(({ client }) => client.request('conversation.read', { conversation: group, upTo: n })),
      );
    }
    for (const name of ['bob', 'carol', 'dave']) await told(alice, group, name);
    const heard = receipts(alice, group);
    // The first one at once, and then one in each second; timers may come a little early.
    const seconds = (performance.now() - from) / 1_000;
    expect(heard.length).toBeLessThanOrEqual(Math.ceil(seconds * 1.05) + 1);
    const { rows } = await sql<{ id: string; count: number }>`
      select p.id, count(*)::integer as count from mailbox_entry e join person p on p.key = e.owner
       where e.conversation = ${group}::uuid and e.kind = ${ENTRY.receiptUpdated} group by p.id order by p.id`.execute(
      gateways.database.tables(),
    );
    expect(rows).toEqual(['bob', 'carol', 'dave'].map((id) => ({ id, count: marks })));
    for (const { client } of [alice, ...readers]) expect(client.problems).toEqual([]);
    await dave.client.close();
  });

  test('marking takes messages.read, and bad positions are named (I1)', async () => {
    const writer = await here.client('alice', { scopes: ['messages.send'] });
    const direct = await here.direct(alice.client, 'bob');
    const read = (who: SignedIn, upTo: unknown) =>
      codeOf(who.client.request('conversation.read', { conversation: direct, upTo }));
    expect(await read(writer, 1)).toBe('scope_missing');
    for (const upTo of [0, -1, 1.5, '1', 1_000_000, null]) expect(await read(alice, upTo)).toBe('invalid_data');
    expect(await read(carol, 1)).toBe('not_found');
    await writer.client.close();
  });
});
