import { randomUUID } from 'node:crypto';
import type { ConversationView } from '@drawbridge/messaging';
import { codeOf, GatewayHarness, type SignedIn, send } from './gateway-harness.js';

describe('Groups through the gateway', () => {
  let bridge: GatewayHarness;
  let alice: SignedIn;
  let bob: SignedIn;
  let carol: SignedIn;
  let group: string;
  beforeAll(async () => {
    bridge = await GatewayHarness.start('postgres');
    [alice, bob, carol] = [await bridge.client('alice'), await bridge.client('bob'), await bridge.client('carol')];
  });
  beforeEach(async () => {
    const made = await alice.client.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'dave'],
      title: 'Songs',
      clientId: randomUUID(),
    });
    group = made.conversation.id;
  });
  afterAll(async () => {
    await Promise.all([alice, bob, carol].map(({ client }) => client.close()));
    await bridge[Symbol.asyncDispose]();
  });

  const update = ({ client }: SignedIn, change: object) =>
    client.request<{ conversation: ConversationView }>('conversation.update', { conversation: group, ...change });
  const told = ({ client }: SignedIn, name: string, count: number) =>
    client.waitFor(
      ({ event, data }) =>
        event === name &&
        (data.conversation as ConversationView).id === group &&
        (data.conversation as ConversationView).memberCount === count,
    );

  test('who is added sees it made, the others see it changed, and from then on all of them are told (I4)', async () => {
    const { conversation } = await update(alice, { title: 'Songs and films', add: ['carol'] });
    expect(conversation).toMatchObject({ title: 'Songs and films', memberCount: 4 });
    const { unread: _, readUpTo: __, lastMessage: ___, ...shared } = conversation;
    expect((await told(carol, 'conversation.created', 4)).data).toEqual({ conversation: shared });
    expect((await told(bob, 'conversation.updated', 4)).data).toEqual({ conversation: shared });
    await send(carol.client, group, 'hello from Carol');
    await bob.client.waitFor(
      ({ data }) => (data.message as { text?: string } | undefined)?.text === 'hello from Carol',
    );
    const { members } = await bob.client.request<{ members: { id: string }[] }>('conversation.members', {
      conversation: group,
    });
    expect(members.map(({ id }) => id)).toEqual(['alice', 'bob', 'dave', 'carol']);
    for (const { client } of [alice, bob, carol]) expect(client.problems).toEqual([]);
  });

  test('who is removed is told so, and then nothing more (I1)', async () => {
    await update(alice, { remove: ['bob'] });
    await told(bob, 'conversation.updated', 2);
    const before = bob.client.frames.length;
    await update(alice, { title: 'Without Bob' });
    await send(alice.client, group, 'about Bob');
    // The barrier: something else reaches him after that.
    const direct = await bridge.direct(alice.client, 'bob');
    const { message } = await send(alice.client, direct, 'barrier');
    await bob.client.waitFor(({ data }) => (data.message as { id?: string } | undefined)?.id === message.id);
    const since = bob.client.frames.slice(before).map(({ data }) => JSON.stringify(data));
    expect(since.filter((data) => data.includes(group))).toEqual([]);
    expect(await codeOf(send(bob.client, group, 'still here'))).toBe('not_found');
    expect(bob.client.problems).toEqual([]);
  });

  test('an app that may only send changes groups and is shown nothing of them (I1)', async () => {
    const writer = await bridge.client('alice', { scopes: ['messages.send'] });
    const { conversation } = await update(writer, { title: 'From the app' });
    expect(conversation).toEqual({ id: group, kind: 'group' });
    expect(await codeOf(writer.client.request('conversation.members', { conversation: group }))).toBe('scope_missing');
    await writer.client.close();
    const reader = await bridge.client('alice', { scopes: ['messages.read'] });
    expect(await codeOf(update(reader, { title: 'No' }))).toBe('scope_missing');
    await reader.client.close();
  });

  test.each([{}, { add: [] }, { title: '' }, { add: ['bob'], remove: ['bob'] }, { owner: 'bob' }])(
    '%j is invalid_data',
    async (change) => {
      expect(await codeOf(update(alice, change))).toBe('invalid_data');
    },
  );
});
