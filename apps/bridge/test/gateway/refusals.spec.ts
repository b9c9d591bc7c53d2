import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { People } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { LIMITS, SCOPES } from '@drawbridge/protocol';
import type { BridgeClient } from '@drawbridge/testing';
import { codeOf, GatewayHarness, PUBLIC_URL, type SignedIn, send } from './gateway-harness.js';

let bridge: GatewayHarness;
let alice: SignedIn;
let conversation: string;
beforeAll(async () => {
  bridge = await GatewayHarness.start('postgres');
  alice = await bridge.client('alice');
  conversation = await bridge.direct(alice.client, 'bob');
  await send(alice.client, conversation, 'Hello');
});
afterAll(async () => {
  await alice.client.close();
  await bridge[Symbol.asyncDispose]();
});

const clientId = randomUUID;
const nobodys = randomUUID();
const without = (scope: Scope) => SCOPES.filter((other) => other !== scope);
const commands = (id: () => string): [event: string, scope: Scope, data: () => object][] => [
  ['conversation.list', 'messages.read', () => ({})],
  ['conversation.get', 'messages.read', () => ({ conversation: id() })],
  ['conversation.history', 'messages.read', () => ({ conversation: id() })],
  ['mailbox.ack', 'messages.read', () => ({ seq: 0 })],
  ['conversation.create', 'messages.send', () => ({ members: ['bob'], clientId: clientId() })],
  ['activity.list', 'public.read', () => ({})],
  [
    'recommendation.send',
    'recommendations.send',
    () => ({
      to: ['bob'],
      title: { kind: 'film', id: '1', name: 'x', url: 'https://reelhouse.example/1' },
      clientId: clientId(),
    }),
  ],
  ['message.send', 'messages.send', () => ({ conversation: id(), text: 'x', clientId: clientId() })],
];

/** Sends a raw frame and gives the next one that comes. */
async function answerTo(client: BridgeClient, frame: object | string | Buffer) {
  const before = client.frames.length;
  client.send(frame);
  return client.waitFor((received) => client.frames.indexOf(received) >= before);
}

describe('Commands are refused one by one', () => {
  test.each(commands(() => conversation))('%s needs %s (I1)', async (event, scope, data) => {
    const { client } = await bridge.client('alice', { scopes: without(scope) });
    await expect(client.request(event, data())).rejects.toMatchObject({
      data: { code: 'scope_missing', scope, retryable: false, docs: `${PUBLIC_URL}/errors/scope_missing` },
    });
    await client.close();
  });

  test.each([...commands(() => conversation), ['ping', undefined, () => ({})] as const])(
    '%s before session.open is not_open (I1)',
    async (event, _, data) => {
      const client = await bridge.connect();
      expect(await codeOf(client.request(event, data()))).toBe('not_open');
      expect(await codeOf(client.request('no.such.command', {}))).toBe('not_open');
      await client.close();
    },
  );

  test('somebody who is no member gets for a conversation what everybody gets for one that is not there', async () => {
    const { client } = await bridge.client('dave');
    for (const event of ['conversation.get', 'conversation.history', 'message.send']) {
      const ask = async (id: string) => {
        const data = { conversation: id, ...(event === 'message.send' ? { text: 'x', clientId: clientId() } : {}) };
        return client.request(event, data).catch(({ data }: { data: object }) => data);
      };
      expect(await ask(conversation)).toMatchObject({ code: 'not_found' });
      expect(await ask(conversation)).toEqual(await ask(nobodys));
      expect(await ask('no id at all')).toEqual(await ask(nobodys));
    }
    await client.close();
  });

  test('a stranger, somebody who blocked the person, and nobody are told of in the very same bytes', async () => {
    const people = new People(bridge.database);
    for (const id of ['stella', 'blanche']) await people.put({ id, handle: id, name: id });
    await people.setContacts('alice', ['bob', 'carol', 'dave', 'blanche']);
    await people.setContacts('blanche', ['alice']);
    await people.setBlocks('blanche', ['alice']);
    const { client } = await bridge.client('alice');
    const bytesFor = async (event: string, data: object): Promise<string> => {
      const answer = once(client.socket, 'message');
      client.send({ event, id: 'same', data: { ...data, clientId: clientId() } });
      return String((await answer)[0]);
    };
    const outcomes = new Set<string>();
    for (const id of ['stella', 'blanche', 'nobody']) {
      outcomes.add(await bytesFor('message.send', { to: id, text: 'Hello' }));
      outcomes.add(await bytesFor('conversation.create', { members: [id] }));
      outcomes.add(await bytesFor('conversation.create', { members: ['bob', id], title: 'Three' }));
    }
    expect(outcomes.size).toBe(1);
    expect([...outcomes][0]).toMatch(/^{"event":"error","id":"same","data":{"code":"not_found",/);
    await client.close();
  });

  test('a stranger and nobody are the same: not_found', async () => {
    for (const [event, data] of [
      ['message.send', { to: 'nobody', text: 'x' }],
      ['message.send', { to: '💥', text: 'x' }],
      ['conversation.create', { members: ['bob', 'nobody'] }],
    ] as const) {
      expect(await codeOf(alice.client.request(event, { ...data, clientId: clientId() }))).toBe('not_found');
    }
  });

  test.each<[what: string, event: string, data: unknown, path: string]>([
    ['a wrong type', 'message.send', { conversation: nobodys, text: 7, clientId: clientId() }, 'text'],
    ['an unknown property', 'ping', { at: 1 }, 'at'],
    ['NUL', 'message.send', { conversation: nobodys, text: 'a\0b', clientId: clientId() }, 'text'],
    ['no text', 'message.send', { conversation: nobodys, text: '', clientId: clientId() }, 'text'],
    [
      '4001 code points',
      'message.send',
      { conversation: nobodys, text: '🎧'.repeat(4_001), clientId: clientId() },
      'text',
    ],
    ['no UUID', 'message.send', { conversation: nobodys, text: 'x', clientId: 'x' }, 'clientId'],
    ['a list as data', 'ping', [], ''],
    ['a string as data', 'ping', 'x', ''],
    ['null as data', 'ping', null, ''],
    ['a page of 101', 'conversation.list', { limit: 101 }, 'limit'],
    ['a cursor nobody gave', 'conversation.list', { cursor: 'xyz' }, 'cursor'],
    ['only oneself', 'conversation.create', { members: ['alice'], clientId: clientId() }, 'members'],
  ])('%s is invalid_data with its path', async (_, event, data, path) => {
    await expect(alice.client.request(event, data as object)).rejects.toMatchObject({
      data: { code: 'invalid_data', issues: [{ path, problem: expect.any(String) }] },
    });
  });

  test('a lone surrogate is invalid_data', async () => {
    const data = `{"conversation":"${conversation}","text":"a\\ud83c!","clientId":"${clientId()}"}`;
    const answer = await answerTo(alice.client, `{"event":"message.send","id":"t-s","data":${data}}`);
    expect(answer).toMatchObject({
      event: 'error',
      id: 't-s',
      data: { code: 'invalid_data', issues: [{ path: 'text' }] },
    });
    alice.client.problems.length = 0;
  });

  test('an unknown event, commands of later versions, and the names of every object are unknown_event', async () => {
    for (const event of ['message.explode', 'constructor', '__proto__', 'toString', '']) {
      expect(await codeOf(alice.client.request(event, {}))).toBe('unknown_event');
    }
  });

  test('a second session.open is already_open and changes nothing', async () => {
    const data = { token: alice.token, client: { name: 'x', version: '1' } };
    expect(await codeOf(alice.client.request('session.open', data))).toBe('already_open');
    expect(await codeOf(alice.client.request('ping', {}))).toBe('ok');
  });

  test('the id of a command still in flight is a conflict, and the command gets its own reply all the same', async () => {
    const { client } = await bridge.client('alice');
    const frame = { event: 'conversation.list', id: 'same', data: {} };
    client.send(frame);
    client.send(frame);
    await client.waitFor(({ id, event }) => id === 'same' && event === 'ok');
    const answers = client.frames.filter(({ id }) => id === 'same');
    expect(answers.map(({ event, data }) => [event, data.code]).sort()).toEqual([
      ['error', 'conflict'],
      ['ok', undefined],
    ]);
    client.send(frame);
    await client.waitFor((answer) => answer.id === 'same' && !answers.includes(answer));
    await client.close();
  });

  test('more than 256 commands at once are rate_limited, and each has exactly one reply (I9)', async () => {
    const { client } = await bridge.client('alice');
    const codes = await Promise.all(
      Array.from({ length: 300 }, () => codeOf(client.request('conversation.get', { conversation }))),
    );
    expect(codes.filter((code) => code === 'ok').length).toBeGreaterThanOrEqual(256);
    expect(codes.every((code) => code === 'ok' || code === 'rate_limited')).toBe(true);
    expect(client.problems).toEqual([]);
    await client.close();
  });

  test('more creations than may wait on one grant are rate_limited, with when to come back (I9)', async () => {
    const { client } = await bridge.client('alice');
    const creations = await Promise.allSettled(
      Array.from({ length: 150 }, () =>
        client.request('conversation.create', { members: ['bob', 'carol'], clientId: randomUUID() }),
      ),
    );
    // On a slow machine those that wait for 5 s are `unavailable`, which is another matter.
    const refused = creations
      .flatMap((one) => (one.status === 'rejected' ? [one.reason.data] : []))
      .filter(({ code }) => code !== 'unavailable');
    expect(refused.length).toBeGreaterThan(0);
    const { retryAfterMs } = LIMITS;
    for (const one of refused) expect(one).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterMs });
    await client.close();
  });
});

describe('Frames that are none', () => {
  const deep = `${'['.repeat(16)}${']'.repeat(16)}`;
  test.each([
    ['not JSON', 'hello'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no id', '{"event":"ping","data":{}}'],
    ['a number as id', '{"event":"ping","id":7}'],
    ['an id of 65 characters', `{"event":"ping","id":"${'x'.repeat(65)}"}`],
    ['no event', '{"id":"1"}'],
    ['nested 17 deep', `{"event":"ping","id":"1","data":${deep}}`],
  ])('%s is bad_frame without an id, and four of them are borne', async (_, text) => {
    const { client } = await bridge.client('alice');
    for (let n = 0; n < 4; n++) {
      const answer = await answerTo(client, text);
      expect(answer).toMatchObject({ event: 'error', data: { code: 'bad_frame', retryable: false } });
      expect(answer.id).toBeUndefined();
    }
    expect(await codeOf(client.request('ping', {}))).toBe('ok');
    client.send(text);
    expect(await client.closed).toEqual({ code: 4400, reason: 'protocol_violation' });
    expect(client.frames.filter(({ data }) => data.code === 'bad_frame')).toHaveLength(5);
  });

  test('however many unknown properties there are, and however long, the refusal is short (I9)', async () => {
    const { client } = await bridge.client('alice');
    const issues = async (data: object): Promise<{ path: string }[]> => {
      const refused = await client.request('ping', data).catch((error: { data: object }) => error.data);
      expect(refused).toMatchObject({ code: 'invalid_data' });
      return (refused as { issues: { path: string }[] }).issues;
    };
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x${n}`, 1]));
    expect(await issues(many)).toHaveLength(16);
    expect((await issues({ ['y'.repeat(2_000)]: 1 }))[0]!.path.length).toBeLessThan(80);
    await client.close();
  });

  test('unknown keys of the frame are ignored, and missing data counts as none', async () => {
    const answer = await answerTo(alice.client, '{"event":"ping","id":"t-k","trace":{"a":[1]}}');
    expect(answer).toMatchObject({ event: 'ok', id: 't-k', data: { at: expect.any(String) } });
    alice.client.problems.length = 0;
  });

  test('a binary frame closes with 4400', async () => {
    const { client } = await bridge.client('alice');
    client.send(Buffer.from('{"event":"ping","id":"1"}'));
    expect(await client.closed).toEqual({ code: 4400, reason: 'protocol_violation' });
  });

  test('65 536 bytes are taken, and 65 537 close with 1009 and no reply', async () => {
    const { client } = await bridge.client('alice');
    const frame = (bytes: number) => {
      const empty = '{"event":"ping","id":"1","pad":""}';
      return `${empty.slice(0, -2)}${'x'.repeat(bytes - empty.length)}"}`;
    };
    expect(await answerTo(client, frame(65_536))).toMatchObject({ event: 'ok', id: '1' });
    const before = client.frames.length;
    client.send(frame(65_537));
    expect((await client.closed).code).toBe(1009);
    expect(client.frames).toHaveLength(before);
  });

  test('a message in 16 384 fragments is taken, and one more closes with 1008 and no reply (I9)', async () => {
    const { client } = await bridge.client('alice');
    const sendInFragments = (text: string, fragments: number) => {
      client.socket.send(text, { fin: false });
      for (let n = 2; n < fragments; n++) client.socket.send('', { fin: false });
      client.socket.send('', { fin: true });
    };
    const before = client.frames.length;
    sendInFragments('{"event":"ping","id":"1"}', 16_384);
    await client.waitFor(({ event, id }) => event === 'ok' && id === '1');
    sendInFragments('{"event":"ping","id":"2"}', 16_385);
    expect((await client.closed).code).toBe(1008);
    expect(client.frames).toHaveLength(before + 1);
  });

  test('invalid UTF-8 closes with 1007 and no reply', async () => {
    const { client } = await bridge.client('alice');
    client.socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    expect((await client.closed).code).toBe(1007);
  });
});

describe('The upgrade', () => {
  const upgrade = async (path: string, headers: Record<string, string> = {}) => {
    const asked = request(`${bridge.origin}${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    }).end();
    const response = once(asked, 'response').then(async ([answer]) => {
      let body = '';
      for await (const chunk of answer) body += chunk;
      return { status: answer.statusCode, type: answer.headers['content-type'], body: JSON.parse(body) };
    });
    const upgraded = once(asked, 'upgrade').then(([answer, socket]) => {
      socket.destroy();
      return {
        status: 101,
        protocol: answer.headers['sec-websocket-protocol'],
        extensions: answer.headers['sec-websocket-extensions'],
      };
    });
    return Promise.race([response, upgraded]);
  };

  test('takes v1 and no subprotocol, with any query, and never compresses', async () => {
    expect(await upgrade('/bridge')).toEqual({ status: 101 });
    expect(await upgrade('/bridge?x=1', { 'sec-websocket-protocol': 'other, drawbridge.v1' })).toEqual({
      status: 101,
      protocol: 'drawbridge.v1',
    });
    expect(await upgrade('/bridge', { 'sec-websocket-extensions': 'permessage-deflate' })).toEqual({ status: 101 });
  });

  test('answers an unknown subprotocol with 400 and the supported ones', async () => {
    expect(await upgrade('/bridge', { 'sec-websocket-protocol': 'drawbridge.v2' })).toEqual({
      status: 400,
      type: 'application/json',
      body: { error: 'unsupported_subprotocol', supported: ['drawbridge.v1'] },
    });
  });

  test.each([
    ['one twice', 'drawbridge.v1, drawbridge.v1'],
    ['another twice', 'other,drawbridge.v1,other'],
    ['an empty one', 'drawbridge.v1,'],
    ['nothing', ''],
    ['two words', 'drawbridge.v1 v2'],
  ])('answers a list of subprotocols with %s in it with 400 and the supported ones', async (_, offered) => {
    expect(await upgrade('/bridge', { 'sec-websocket-protocol': offered })).toEqual({
      status: 400,
      type: 'application/json',
      body: { error: 'malformed_subprotocol', supported: ['drawbridge.v1'] },
    });
  });

  test.each(['/', '/bridge/', '/bridge/x', '/Bridge'])('is nowhere else: %s', async (path) => {
    expect(await upgrade(path)).toMatchObject({ status: 404 });
  });

  test('is asked for where it is missing: 426', async () => {
    const response = await fetch(`${bridge.origin}/bridge`);
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket']);
  });

  test('a client that breaks off in the middle harms nobody', async () => {
    const socket = connectTcp(Number(new URL(bridge.origin).port), '127.0.0.1');
    socket.end('GET /bridge HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket.resume(), 'close');
    expect(await codeOf(alice.client.request('ping', {}))).toBe('ok');
  });
});
