import { randomUUID } from 'node:crypto';
import {
  BridgeClient,
  type BridgeProcess,
  postgresUrl,
  type ReceivedFrame,
  signIn,
  startBridge,
  startRedis,
} from '@drawbridge/testing';
import { PLATFORM_TOKEN, PlatformClient } from './platform-client.js';

interface Message {
  id: string;
  conversation: string;
  position: number;
  from: { id: string };
  text?: string;
  via?: { app: string };
  sentAt: string;
}
type Result = { message: Message; duplicate: boolean } | { error: { code: string; retryable: boolean } };

/** One process has every role; in the other the platform is all there is. */
const started = new AsyncDisposableStack();
let bridge: BridgeProcess;
let here: PlatformClient;
let elsewhere: PlatformClient;
let alice: BridgeClient;
beforeAll(async () => {
  const redis = await startRedis();
  started.defer(() => redis.stop());
  const databaseUrl = await postgresUrl();
  const start = async (env: Record<string, string>) =>
    started.use(
      await startBridge({ database: 'postgres', databaseUrl, env: { PLATFORM_TOKEN, REDIS_URL: redis.url, ...env } }),
    );
  bridge = await start({});
  here = new PlatformClient(bridge.internalUrl);
  elsewhere = new PlatformClient((await start({ ROLES: 'platform', PUBLIC_URL: bridge.publicUrl })).internalUrl);
  alice = await connected();
});
afterAll(() => started.disposeAsync());

async function connected(): Promise<BridgeClient> {
  const who = { login: 'alice', password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' } as const;
  const client = await BridgeClient.connect(bridge.publicUrl);
  await client.open(await signIn(bridge, who));
  return client;
}

const messageIn = (frame: ReceivedFrame) => frame.data.message as Message | undefined;
const got = (event: string, text: string) =>
  alice.waitFor((frame) => frame.event === event && messageIn(frame)?.text === text);

async function send(client: PlatformClient, ...messages: unknown[]): Promise<Result[]> {
  return (await client.done<{ results: Result[] }>('POST', '/messages', { messages })).results;
}

async function sent(client: PlatformClient, message: object): Promise<Message> {
  const [result] = await send(client, { clientId: randomUUID(), ...message });
  if (!result || 'error' in result) throw new Error(JSON.stringify(result));
  return result.message;
}

const codes = (results: Result[]) => results.map((each) => ('error' in each ? each.error.code : 'ok'));

describe('Who may call', () => {
  test('is who has the token, on the internal listener alone', async () => {
    const { internalUrl, ownUrl } = bridge;
    for (const token of ['', 'another', `${PLATFORM_TOKEN}x`, PLATFORM_TOKEN.toUpperCase()]) {
      expect(await new PlatformClient(internalUrl, token).refused('GET', '/people/bob')).toBe('401 unauthenticated');
      expect(await new PlatformClient(internalUrl, token).refused('GET', '/nothing')).toBe('401 unauthenticated');
    }
    for (const path of ['/people/bob', '/messages', '']) {
      const response = await fetch(`${ownUrl}/platform/v1${path}`, {
        headers: { Authorization: `Bearer ${PLATFORM_TOKEN}` },
      });
      expect(response.status).toBe(404);
    }
    expect(await here.refused('GET', '/nothing')).toBe('404 not_found');
    expect(await here.refused('PUT', '/messages')).toBe('405 method_not_allowed');
  });
});

describe('People', () => {
  test('are made and changed by the same call, and have one handle each', async () => {
    expect(await here.done('PUT', '/people/erin.1', { handle: 'erin', name: 'Erin' })).toEqual({
      id: 'erin.1',
      handle: 'erin',
      name: 'Erin',
    });
    await here.done('PUT', '/people/erin.1', { handle: 'erin', name: 'Erin Yılmaz' });
    expect(await elsewhere.done('GET', '/people/erin.1')).toEqual({
      id: 'erin.1',
      handle: 'erin',
      name: 'Erin Yılmaz',
    });
    expect(await here.refused('PUT', '/people/other', { handle: 'erin', name: 'Other' })).toBe('409 conflict');
    expect(await here.refused('PUT', '/people/a%20b', { handle: 'a', name: 'A' })).toBe('400 invalid_data');
    expect(await here.refused('PUT', '/people/f', { handle: 'f', name: 'F', extra: 1 })).toBe('400 invalid_data');
    expect(await here.refused('PUT', '/people/f', { handle: 'f', name: 'F', password: 'x' })).toBe('400 invalid_data');
    expect(await here.refused('GET', '/people/other')).toBe('404 not_found');
  });

  test('have lists of contacts and blocks, which are replaced whole or not at all', async () => {
    await here.done('PUT', '/people/erin.1', { handle: 'erin', name: 'Erin' });
    expect(await here.done('PUT', '/people/erin.1/contacts', { contacts: ['bob', 'alice', 'bob', 'erin.1'] })).toEqual({
      contacts: 2,
    });
    expect(await here.refused('PUT', '/people/erin.1/contacts', { contacts: ['bob', 'nobody'] })).toBe(
      '400 invalid_data',
    );
    expect(await here.refused('PUT', '/people/nobody/contacts', { contacts: [] })).toBe('404 not_found');
    expect(await here.done('PUT', '/people/erin.1/blocks', { blocks: ['dave'] })).toEqual({ blocks: 1 });
    expect(await here.done('PUT', '/people/erin.1/blocks', { blocks: [] })).toEqual({ blocks: 0 });
  });

  test('share what partners’ apps see while it is public, and not a moment longer', async () => {
    const object = { kind: 'dish', id: 'paella', name: 'Paella', url: 'https://tableside.example/dishes/paella' };
    const shared = { verb: 'cooked', object, at: '2026-11-25T12:00:00.000Z', audience: 'public' };
    const { port } = new URL(bridge.publicUrl);
    const tableside = { clientId: 'tableside-web', redirectUri: `http://127.0.0.1:${Number(port) + 2}/` };
    const site = await BridgeClient.connect(bridge.publicUrl);
    await site.open(
      await signIn(bridge, { login: 'alice', password: 'drawbridge', scopes: ['public.read'], ...tableside }),
    );
    const seen = async () => {
      const about = { kind: 'dish', id: 'paella' };
      return (await site.request<{ activities: object[] }>('activity.list', { about })).activities;
    };
    const { id } = await here.done<{ id: string }>('POST', '/people/bob/activities', shared);
    expect(await elsewhere.done('POST', '/people/bob/activities', shared)).toEqual({ id, duplicate: true });
    expect(await seen()).toEqual([
      {
        person: { id: 'bob', name: 'Bob Okafor' },
        verb: 'cooked',
        object: { kind: 'dish', id: 'paella', name: 'Paella' },
        at: shared.at,
        url: object.url,
      },
    ]);
    const path = `/people/bob/activities/${id}`;
    expect(await here.done('PATCH', path, { audience: 'friends' })).toEqual({ id, audience: 'friends' });
    expect(await seen()).toEqual([]);
    await here.done('PATCH', path, { audience: 'public' });
    expect(await seen()).toHaveLength(1);
    expect(await here.refused('DELETE', `/people/carol/activities/${id}`)).toBe('404 not_found');
    expect(await here.done('DELETE', path)).toEqual({ id, removed: true });
    expect(await seen()).toEqual([]);
    expect(await here.refused('DELETE', path)).toBe('404 not_found');
    expect(await here.refused('POST', '/people/nobody/activities', shared)).toBe('404 not_found');
    const in10000 = { at: '9999-12-31T23:59:59-23:59' };
    const notHttps = { object: { ...object, url: 'http://x/' } };
    for (const wrong of [{ audience: 'Everybody!' }, { at: 'yesterday' }, in10000, notHttps])
      expect(await here.refused('POST', '/people/bob/activities', { ...shared, ...wrong })).toBe('400 invalid_data');
    await site.close();
  });

  test('are erased with their consents, and the id is never used again; asked twice it is the same', async () => {
    await here.done('PUT', '/people/finn', { handle: 'finn', name: 'Finn' });
    expect(await here.done('DELETE', '/people/finn')).toEqual({ id: 'finn', erased: true, receipts: [] });
    expect(await here.done('DELETE', '/people/finn')).toEqual({ id: 'finn', erased: true, receipts: [] });
    expect(await here.refused('PUT', '/people/finn', { handle: 'finn', name: 'Finn' })).toBe('409 conflict');
    expect(await here.refused('DELETE', '/people/nobody')).toBe('404 not_found');
  });
});

describe('Messages', () => {
  test.each([
    ['the gateway’s own process', () => here],
    ['a process that is no gateway', () => elsewhere],
  ])('written in the platform’s own apps reach a partner’s app at once, by way of %s', async (_, client) => {
    const text = `from bob ${randomUUID()}`;
    const message = await sent(client(), { from: 'bob', to: 'alice', text });
    expect(messageIn(await got('message.created', text))).toEqual(message);
    expect(message.via).toBeUndefined();
    expect(alice.problems).toEqual([]);
  });

  test('come in batches: one result each, in order, and one that fails harms no other (I3)', async () => {
    const conversation = (await sent(here, { from: 'bob', to: 'alice', text: 'first' })).conversation;
    const message = (text: string, over: object = {}) => ({
      from: 'bob',
      conversation,
      text,
      clientId: randomUUID(),
      ...over,
    });
    const batch = [
      ...Array.from({ length: 200 }, (_, n) => message(`n ${n}`)),
      message('', {}),
      message('x', { from: 'nobody' }),
      message('x', { conversation: randomUUID() }),
      message('x', { conversation: undefined, to: 'nobody' }),
      message('x', { to: 'alice' }),
      message('x', { clientId: 'no uuid' }),
      message('x', { replyTo: randomUUID() }),
      message('x', { sentAt: '2099-01-01T00:00:00.000Z' }),
      message('x', { from: 'dave' }),
      { nothing: true },
      7,
      message('the last'),
    ];
    const results = await send(here, ...batch);
    expect(codes(results)).toEqual([
      ...Array.from({ length: 200 }, () => 'ok'),
      'invalid_data',
      'not_found',
      'not_found',
      'not_found',
      'invalid_data',
      'invalid_data',
      'not_found',
      'invalid_data',
      'not_found',
      'invalid_data',
      'invalid_data',
      'ok',
    ]);
    const positions = results.flatMap((each) => ('error' in each ? [] : [each.message.position]));
    expect(positions).toEqual(positions.map((_, n) => positions[0]! + n));
    await got('message.created', 'the last');
  });

  test('are stored once by their clientId; with other content it is a conflict (I5)', async () => {
    const [one, two] = [randomUUID(), randomUUID()];
    const batch = [
      { from: 'bob', to: 'alice', text: 'once', clientId: one },
      { from: 'alice', to: 'bob', text: 'hers', clientId: two },
    ];
    const first = await send(here, ...batch);
    const again = await send(elsewhere, ...batch, { ...batch[0], text: 'other' });
    expect(again.slice(0, 2)).toEqual(first.map((each) => ({ ...each, duplicate: true })));
    expect(codes(again)).toEqual(['ok', 'ok', 'conflict']);
  });

  test('reach people who are no contacts, or who have blocked the sender: that is for the platform to say', async () => {
    await here.done('PUT', '/people/gus', { handle: 'gus', name: 'Gus' });
    await here.done('PUT', '/people/hal', { handle: 'hal', name: 'Hal' });
    await here.done('PUT', '/people/hal/blocks', { blocks: ['gus'] });
    expect((await sent(here, { from: 'gus', to: 'hal', text: 'hello' })).position).toBe(1);
  });

  test('may have been written long ago, in the order of the list', async () => {
    await here.done('PUT', '/people/ida', { handle: 'ida', name: 'Ida' });
    const at = (minute: number) => `2019-05-01T10:0${minute}:00.000Z`;
    const results = await send(
      here,
      { from: 'ida', to: 'alice', text: 'one', clientId: randomUUID(), sentAt: at(1) },
      { from: 'alice', to: 'ida', text: 'two', clientId: randomUUID(), sentAt: at(2) },
      { from: 'ida', to: 'alice', text: 'three', clientId: randomUUID(), sentAt: at(3) },
    );
    const messages = results.map((each) => ('error' in each ? undefined : each.message));
    expect(messages.map((message) => message?.sentAt)).toEqual([at(1), at(2), at(3)]);
    expect(messages.map((message) => message?.position)).toEqual([1, 2, 3]);
    // Old words do not make a conversation the latest.
    const { conversations } = await alice.request<{ conversations: { id: string; updatedAt: string }[] }>(
      'conversation.list',
      {},
    );
    expect(conversations.at(-1)).toMatchObject({ id: messages[0]!.conversation, updatedAt: at(3) });
  });

  test('are edited, deleted and reacted to in the platform’s apps, and the partner’s app is told', async () => {
    const { id } = await sent(here, { from: 'bob', to: 'alice', text: 'teh' });
    expect(await here.done('PATCH', `/messages/${id}`, { text: `the ${id}` })).toMatchObject({
      message: { text: `the ${id}` },
    });
    await got('message.edited', `the ${id}`);
    await elsewhere.done('POST', `/messages/${id}/reactions`, { person: 'alice', emoji: '👍🏽' });
    await alice.waitFor((frame) => frame.event === 'message.reacted' && messageIn(frame)?.id === id);
    await here.done('DELETE', `/messages/${id}/reactions`, { person: 'alice', emoji: '👍🏽' });
    expect(await here.done('DELETE', `/messages/${id}`)).toMatchObject({
      message: { id, deletedAt: expect.any(String) },
    });
    await alice.waitFor((frame) => frame.event === 'message.deleted' && messageIn(frame)?.id === id);
    expect(await here.refused('PATCH', `/messages/${id}`, { text: 'again' })).toBe('409 conflict');
    expect(await here.refused('DELETE', `/messages/${randomUUID()}`)).toBe('404 not_found');
    expect(await here.refused('DELETE', '/messages/x')).toBe('404 not_found');
  });
});

describe('Conversations', () => {
  test('are made, changed and left in the platform’s apps', async () => {
    const clientId = randomUUID();
    const body = { from: 'bob', members: ['alice', 'carol'], title: 'Rehearsal', clientId };
    const made = await here.call<{ conversation: { id: string } }>('POST', '/conversations', body);
    expect(made).toMatchObject({ status: 201, body: { duplicate: false, conversation: { title: 'Rehearsal' } } });
    expect(await elsewhere.call('POST', '/conversations', body)).toMatchObject({
      status: 200,
      body: { duplicate: true },
    });
    const { id } = made.body.conversation;
    await alice.waitFor(
      (frame) => frame.event === 'conversation.created' && (frame.data.conversation as { id: string }).id === id,
    );
    const changed = await here.done('PATCH', `/conversations/${id}`, { from: 'bob', title: 'Concert', add: ['dave'] });
    expect(changed).toMatchObject({ conversation: { title: 'Concert', memberCount: 4 } });
    await here.done('PATCH', `/conversations/${id}`, { from: 'carol', remove: ['carol'] });
    expect(await here.done('GET', `/conversations/${id}`)).toMatchObject({ conversation: { memberCount: 3 } });
    expect(await here.refused('PATCH', `/conversations/${id}`, { from: 'carol', title: 'x' })).toBe('404 not_found');
    expect(await here.refused('POST', '/conversations', { ...body, from: 'nobody' })).toBe('400 invalid_data');
  });

  test('are caught up with: every message once, in order, page by page, and what partners’ apps sent says which', async () => {
    const { conversation } = await sent(here, { from: 'bob', to: 'alice', text: 'page' });
    await alice.request('message.send', { conversation, text: 'from Tunebox', clientId: randomUUID() });
    const positions: number[] = [];
    let after: number | undefined = 0;
    let last: Message | undefined;
    while (after !== undefined) {
      const page: { messages: Message[]; next?: number } = await elsewhere.done(
        'GET',
        `/conversations/${conversation}/messages?after=${after}&limit=50`,
      );
      positions.push(...page.messages.map(({ position }) => position));
      last = page.messages.at(-1);
      after = page.next;
    }
    expect(positions).toEqual(positions.map((_, n) => n + 1));
    expect(last).toMatchObject({ text: 'from Tunebox', via: { app: 'Tunebox' }, from: { id: 'alice' } });
    expect(await here.refused('GET', `/conversations/${randomUUID()}/messages`)).toBe('404 not_found');
    expect(await here.refused('GET', `/conversations/${conversation}/messages?after=x`)).toBe('400 invalid_data');
  });

  test('are all listed, with how far each goes', async () => {
    const { conversation, position } = await sent(here, { from: 'bob', to: 'alice', text: 'how far' });
    const found = new Map<string, number>();
    let cursor = '';
    do {
      const page: { conversations: { id: string; lastPosition: number }[]; next?: string } = await here.done(
        'GET',
        `/conversations?limit=2&cursor=${cursor}`,
      );
      for (const { id, lastPosition } of page.conversations) found.set(id, lastPosition);
      cursor = page.next ?? '';
    } while (cursor);
    expect(found.get(conversation)).toBe(position);
    expect(await here.refused('GET', '/conversations?cursor=x')).toBe('400 invalid_data');
  });

  test('are read in the platform’s apps, and no longer unread in the partner’s', async () => {
    const { conversation, position } = await sent(here, { from: 'bob', to: 'alice', text: 'unread' });
    await here.done('POST', `/conversations/${conversation}/read`, { person: 'alice', upTo: position });
    await alice.waitFor(
      ({ event, data }) =>
        event === 'receipt.updated' && data.conversation === conversation && data.readUpTo === position,
    );
    expect(await alice.request('conversation.get', { conversation })).toMatchObject({ conversation: { unread: 0 } });
  });
});
