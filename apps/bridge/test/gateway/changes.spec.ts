import type { MessageView } from '@drawbridge/messaging';
import type { BridgeClient } from '@drawbridge/testing';
import { codeOf, GatewayHarness, type SignedIn, send } from './gateway-harness.js';

describe('Messages that are changed through the gateway', () => {
  let bridge: GatewayHarness;
  let alice: SignedIn;
  let bob: SignedIn;
  let conversation: string;
  beforeAll(async () => {
    bridge = await GatewayHarness.start('postgres');
    [alice, bob] = [await bridge.client('alice'), await bridge.client('bob')];
    conversation = await bridge.direct(alice.client, 'bob');
  });
  afterAll(async () => {
    await Promise.all([alice.client.close(), bob.client.close()]);
    await bridge[Symbol.asyncDispose]();
  });

  const change = (client: BridgeClient, event: string, data: object) =>
    client.request<{ message: MessageView }>(event, data).then(({ message }) => message);
  const told = ({ client }: SignedIn, name: string, id: string) =>
    client.waitFor(({ event, data }) => event === name && (data.message as MessageView).id === id);

  test.each([
    ['message.edit', 'message.edited', { text: 'the second try' }],
    ['reaction.add', 'message.reacted', { emoji: '🎧' }],
    ['reaction.remove', 'message.reacted', { emoji: '🎧' }],
    ['message.delete', 'message.deleted', {}],
  ])('%s: everybody gets %s with the message of the reply (I4), and clientId never', async (command, event, data) => {
    const { message } = await send(alice.client, conversation, `for ${command}`);
    if (command === 'reaction.remove') await change(alice.client, 'reaction.add', { message: message.id, ...data });
    const changed = await change(alice.client, command, { message: message.id, ...data });
    expect(changed).toMatchObject({ id: message.id, position: message.position });
    for (const who of [alice, bob]) {
      await told(who, event, message.id);
      const last = who.client.frames.findLast((frame) => frame.event === event);
      expect(last!.data).toEqual({ message: changed });
      expect(who.client.problems).toEqual([]);
    }
    const { messages } = await bob.client.request<{ messages: MessageView[] }>('conversation.history', {
      conversation,
    });
    expect(messages.find(({ id }) => id === message.id)).toEqual(changed);
  });

  test('somebody who was away finds each event in its place, told with what the message is today (I4)', async () => {
    const { message } = await send(alice.client, conversation, 'a text that is taken back');
    const epoch = bob.session.mailbox!.epoch;
    const away = await bridge.client('bob');
    const after = away.session.mailbox!.head;
    await away.client.close();
    await change(alice.client, 'message.edit', { message: message.id, text: 'another text' });
    await change(alice.client, 'message.delete', { message: message.id });
    const back = await bridge.connect();
    await back.open(away.token, { epoch, after });
    const events = back.frames.filter(({ event }) => event.startsWith('message.'));
    expect(events.map(({ event }) => event)).toEqual(['message.edited', 'message.deleted']);
    expect(JSON.stringify(events)).not.toMatch(/another text|taken back/);
    await back.close();
  });

  test('reading waits for the changes that one connection sent before it', async () => {
    const { message } = await send(alice.client, conversation, 'v0');
    const edits = Array.from({ length: 10 }, (_, n) =>
      change(alice.client, 'message.edit', { message: message.id, text: `v${n + 1}` }),
    );
    const { messages } = await alice.client.request<{ messages: MessageView[] }>('conversation.history', {
      conversation,
      limit: 1,
    });
    expect(messages[0]).toMatchObject({ id: message.id, text: 'v10' });
    await Promise.all(edits);
  });

  test('an app that may only send changes its messages and is shown nothing to read, whatever was there (I1)', async () => {
    const writer = await bridge.client('alice', { scopes: ['messages.send'] });
    const { message } = await send(bob.client, conversation, 'not for the app');
    const bare = { id: message.id, conversation, sentAt: expect.any(String) };
    const reacted = await writer.client.request('reaction.add', { message: message.id, emoji: '👀' });
    expect(reacted).toEqual({ message: bare });
    await told(bob, 'message.reacted', message.id);
    await writer.client.request('ping', {});
    expect(writer.client.frames.filter(({ event }) => event.startsWith('message.'))).toEqual([]);
    await writer.client.close();
  });

  test('who may only read changes nothing, and bad data is named', async () => {
    const reader = await bridge.client('alice', { scopes: ['messages.read'] });
    const { message } = await send(alice.client, conversation, 'stays');
    for (const event of ['message.edit', 'message.delete', 'reaction.add', 'reaction.remove'])
      expect(await codeOf(reader.client.request(event, { message: message.id }))).toBe('scope_missing');
    for (const [event, data] of [
      ['message.edit', { text: '' }],
      ['reaction.add', { emoji: 'ok' }],
      ['message.delete', { text: 'x' }],
    ] as const)
      expect(await codeOf(alice.client.request(event, { message: message.id, ...data }))).toBe('invalid_data');
    await reader.client.close();
  });
});
