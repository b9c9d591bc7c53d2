import { randomUUID } from 'node:crypto';
import { everyDatabase } from '@drawbridge/testing';
import { APP, GatewayHarness, PUBLIC_URL, send } from './gateway-harness.js';

describe.each(everyDatabase)('Two people on the gateway, on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('the bridge speaks first, and the reply of session.open is the contract’s to the letter', async () => {
    const client = await bridge.connect();
    expect(client.hello).toEqual({
      protocol: 'drawbridge.v1',
      gateway: 'gw-test',
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      openWithinMs: 5_000,
      heartbeatMs: 25_000,
      maxFrameBytes: 65_536,
    });
    const grant = await bridge.grant('alice', { scopes: ['messages.read', 'profile'] });
    const opened = await client.open(await bridge.token('alice', grant));
    expect(opened).toEqual({
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      person: { id: 'alice', handle: 'alice', name: 'Alice' },
      app: { id: APP, name: 'Tunebox', partner: 'Tunebox Inc.' },
      grant: { id: grant, scopes: ['messages.read', 'profile'], expiresAt: expect.stringMatching(/\.\d{3}Z$/) },
      tokenExpiresAt: expect.stringMatching(/\.\d{3}Z$/),
      mailbox: { epoch: expect.any(String), head: 0 },
      limits: { maxFrameBytes: 65_536, maxTextCodePoints: 4_000, maxMembers: 250, maxConnections: 4 },
    });
    expect(opened.nonce).not.toBe(client.hello.nonce);
    expect(client.frames.map(({ event }) => event)).toEqual(['hello', 'ok', 'mailbox.live']);
    expect(client.frames[2]?.data).toEqual({ seq: 0 });
    await client.close();
  });

  test('contacts come by handle, page by page, to apps that may see them and with nothing but names', async () => {
    const { client } = await bridge.client('alice', { scopes: ['contacts.read'] });
    const first = await client.request<{ contacts: object[]; next: string }>('contacts.list', { limit: 2 });
    const then = await client.request<{ contacts: object[] }>('contacts.list', { limit: 2, cursor: first.next });
    expect([...first.contacts, ...then.contacts]).toEqual([
      { id: 'bob', handle: 'bob', name: 'Bob' },
      { id: 'carol', handle: 'carol', name: 'Carol' },
      { id: 'dave', handle: 'dave', name: 'Dave' },
    ]);
    expect(then).not.toHaveProperty('next');
    for (const data of [{ cursor: 'nothing' }, { limit: 201 }, { limit: 0 }])
      await expect(client.request('contacts.list', data)).rejects.toMatchObject({ code: 'invalid_data' });
    await client.close();
    const other = await bridge.client('alice', { scopes: ['messages.read', 'messages.send'] });
    await expect(other.client.request('contacts.list', {})).rejects.toMatchObject({ data: { scope: 'contacts.read' } });
    await other.client.close();
  });

  test('a message reaches the other person and the sender’s own connections, and its clientId only the sender’s (I3, I4)', async () => {
    const alice = await bridge.client('alice');
    const second = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(alice.client, 'bob');
    const clientId = randomUUID();
    const sent = await send(alice.client, conversation, 'Hello 👋 שלום', clientId);
    expect(sent).toMatchObject({ message: { conversation, text: 'Hello 👋 שלום' }, duplicate: false });
    for (const [who, isOwn] of [
      [alice, true],
      [second, true],
      [bob, false],
    ] as const) {
      const event = await who.client.waitFor(({ event }) => event === 'message.created');
      expect(event.data).toEqual({ message: sent.message, ...(isOwn ? { clientId } : {}) });
    }
    const history = await bob.client.request('conversation.history', { conversation });
    expect(history).toMatchObject({ messages: [sent.message], asOf: 2 });
    for (const { client } of [alice, second, bob]) {
      expect(client.problems).toEqual([]);
      await client.close();
    }
  });

  test('a retry with the same clientId changes nothing, and other content is a conflict (I5)', async () => {
    const alice = await bridge.client('alice');
    const conversation = await bridge.direct(alice.client, 'carol');
    const clientId = randomUUID();
    const first = await send(alice.client, conversation, 'once', clientId);
    const again = await send(alice.client, conversation, 'once', clientId);
    expect(again).toEqual({ ...first, duplicate: true });
    await expect(send(alice.client, conversation, 'twice', clientId)).rejects.toMatchObject({
      data: { code: 'conflict', retryable: false, docs: `${PUBLIC_URL}/errors/conflict` },
    });
    await alice.client.close();
  });

  test('a send to a person comes before what is sent after it into the conversation, and a read sees both', async () => {
    const { client } = await bridge.client('carol');
    const conversation = await bridge.direct(client, 'dave');
    const sends = [
      client.request('message.send', { to: 'dave', text: 'one', clientId: randomUUID() }),
      send(client, conversation, 'two'),
      client.request('message.send', { to: 'dave', text: 'three', clientId: randomUUID() }),
      send(client, conversation, 'four'),
    ];
    const history = await client.request<{ messages: { text: string }[] }>('conversation.history', { conversation });
    expect(history.messages.map(({ text }) => text)).toEqual(['four', 'three', 'two', 'one']);
    // The letters of an id may be of either case.
    sends.push(send(client, conversation.toUpperCase(), 'five'));
    const last = await client.request<{ messages: { text: string }[] }>('conversation.history', {
      conversation,
      limit: 1,
    });
    expect(last.messages.map(({ text }) => text)).toEqual(['five']);
    await Promise.all(sends);
    await client.close();
  });

  test('without messages.read nothing there is to read is shown: not in replies, not in events', async () => {
    const alice = await bridge.client('alice', { scopes: ['messages.send'] });
    expect(alice.session.person).toEqual({ id: 'alice' });
    expect(alice.session).not.toHaveProperty('mailbox');
    const made = await alice.client.request('conversation.create', { members: ['bob'], clientId: randomUUID() });
    expect(made).toEqual({ conversation: { id: expect.any(String), kind: 'direct' } });
    const { id } = made.conversation as { id: string };
    expect(await send(alice.client, id, 'blind')).toEqual({
      message: { id: expect.any(String), conversation: id, sentAt: expect.any(String) },
      duplicate: false,
    });
    await alice.client.request('ping', {});
    expect(alice.client.frames.map(({ event }) => event)).toEqual(['hello', 'ok', 'ok', 'ok', 'ok']);
    await alice.client.close();
  });

  test('a client that resumes gets what it missed, once and in order, and then what happens (I4)', async () => {
    const alice = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(alice.client, 'bob');
    const { epoch, head: after } = bob.session.mailbox!;
    await bob.client.close();
    for (let n = 0; n < 250; n += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, i) => send(alice.client, conversation, `missed ${n + i}`)));
    }
    const again = await bridge.connect();
    const { mailbox } = await again.open<{ mailbox: { head: number } }>(bob.token, { epoch, after });
    const live = again.frames.findIndex(({ event }) => event === 'mailbox.live');
    expect(again.frames[live]?.data).toEqual({ seq: mailbox.head });
    await send(alice.client, conversation, 'live');
    await again.waitFor(({ data }) => (data.message as { text: string } | undefined)?.text === 'live');
    const texts = again.frames.flatMap(({ event, data }) =>
      event === 'message.created' ? [(data.message as { text: string }).text] : [],
    );
    expect(texts).toEqual([...Array.from({ length: 250 }, (_, n) => `missed ${n}`), 'live']);
    expect(again.problems).toEqual([]);
    await Promise.all([again.close(), alice.client.close()]);
  });

  test.each([
    ['epoch_changed', (head: number) => ({ epoch: 'another', after: head })],
    ['ahead', (head: number, epoch: string) => ({ epoch, after: head + 1 })],
  ])('a resume that cannot be followed is reset: %s', async (reason, resume) => {
    const { client, session, token } = await bridge.client('bob');
    const { epoch, head } = session.mailbox!;
    await client.close();
    const again = await bridge.connect();
    await again.open(token, resume(head, epoch));
    expect(again.frames.slice(2).map(({ event, data }) => [event, data])).toEqual([
      ['mailbox.reset', { epoch, head, reason }],
      ['mailbox.live', { seq: head }],
    ]);
    await again.close();
  });

  test('mailbox.ack takes what this connection was sent, and nothing past it', async () => {
    const alice = await bridge.client('alice');
    const conversation = await bridge.direct(alice.client, 'bob');
    const { seq } = await send(alice.client, conversation, 'to be stored');
    await alice.client.waitFor((frame) => frame.seq === seq);
    expect(await alice.client.request('mailbox.ack', { seq })).toEqual({});
    await expect(alice.client.request('mailbox.ack', { seq: seq! + 1 })).rejects.toMatchObject({
      data: { code: 'invalid_data', issues: [{ path: 'seq' }] },
    });
    await alice.client.close();
  });
});
