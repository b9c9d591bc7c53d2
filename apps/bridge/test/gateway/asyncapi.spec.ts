import { randomUUID } from 'node:crypto';
import { COMMANDS, EVENTS, EXAMPLE, SCOPES, type Scope } from '@drawbridge/protocol';
import { type BridgeClient, CodedError, ProtocolFrames, type ReceivedFrame } from '@drawbridge/testing';
import { CommandTable } from '../../src/gateway/command-table.js';
import { GatewayHarness, PUBLIC_URL, type SignedIn, send } from './gateway-harness.js';

const frames = new ProtocolFrames();
let bridge: GatewayHarness;
beforeAll(async () => {
  bridge = await GatewayHarness.start('postgres');
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** Everybody who was connected. */
const clients: BridgeClient[] = [];
const signIn = async (...args: Parameters<GatewayHarness['client']>): Promise<SignedIn> => {
  const one = await bridge.client(...args);
  clients.push(one.client);
  return one;
};

const connect = async (): Promise<BridgeClient> => {
  const client = await bridge.connect();
  clients.push(client);
  return client;
};

/** Sends a command and says what is wrong with its reply. */
async function ask(client: BridgeClient, event: string, data: object): Promise<{ event: string; data: never }> {
  const reply = await client.request(event, data).then(
    (data) => ({ event: 'ok', id: '1', data }),
    (error) => {
      if (error instanceof CodedError) return { event: 'error', id: '1', data: error.data };
      throw error;
    },
  );
  const problem = frames.problemOfReply(event, reply);
  if (problem !== undefined) throw new Error(`${problem}\n${JSON.stringify(reply)}`);
  return reply as never;
}

const isEvent = ({ event, id }: ReceivedFrame) => event !== 'ok' && id === undefined;

function expectEventsAsDocumented(): void {
  const events = clients.flatMap((client) => client.frames.filter(isEvent));
  expect(events.length).toBeGreaterThan(0);
  for (const { at: _, ...frame } of events) expect([frame, frames.problemOfEvent(frame)]).toEqual([frame, undefined]);
}

test('the document and the gateway have the same commands, with the same data and the same scopes', () => {
  const rules = bridge.app.get(CommandTable).rules();
  const served = rules.map(({ event, data, scope }) => ({ event, data, scope }));
  const documented = Object.entries(COMMANDS).map(([event, { data, scope }]) => ({ event, data, scope }));
  const byEvent = (a: { event: string }, b: { event: string }) => a.event.localeCompare(b.event);
  expect(documented.sort(byEvent)).toEqual(served.sort(byEvent));
});

describe.each<[whose: string, scopes: readonly Scope[]]>([
  ['every scope', SCOPES],
  ['all but reading', SCOPES.filter((scope) => scope !== 'messages.read' && scope !== 'profile')],
])('For a grant with %s, every example of a command', (_, scopes) => {
  let alice: SignedIn;
  let real: Record<string, unknown>;
  beforeAll(async () => {
    const [reader, bob] = await Promise.all([signIn('alice'), signIn('bob')]);
    alice = await signIn('alice', { scopes });
    const direct = await bridge.direct(reader.client, 'bob');
    const { conversation: group } = await reader.client.request<{ conversation: { id: string } }>(
      'conversation.create',
      {
        members: ['bob', 'carol'],
        clientId: randomUUID(),
      },
    );
    const ownMessage = await send(reader.client, direct, 'Mine');
    const message = await send(bob.client, direct, 'Bob’s');
    const { epoch } = reader.session.mailbox!;
    real = { direct, group: group.id, ownMessage: ownMessage.message.id, message: message.message.id, epoch };
  });

  /** The example with ids that mean something here. */
  async function prepared(data: object): Promise<object> {
    const token = 'token' in data ? await bridge.token('alice', alice.grant, { scopes }) : '';
    const now: Record<string, unknown> = { ...real, clientId: randomUUID(), token };
    let text = JSON.stringify(data);
    for (const [name, example] of Object.entries(EXAMPLE)) {
      if (name in now) text = text.replaceAll(example, String(now[name]));
    }
    const filled = JSON.parse(text);
    if ('seq' in filled) filled.seq = alice.client.lastSeq ?? 0;
    if (filled.resume) filled.resume.after = 0;
    return filled;
  }

  // The end of the consent comes last.
  const inOrder = Object.keys(COMMANDS).filter((event) => event !== 'session.close');
  test.each([...inOrder, 'session.close'])('%s is answered as documented', async (event) => {
    const { examples, scope } = COMMANDS[event]!;
    for (const { data } of examples) {
      const client = event === 'session.open' ? await connect() : alice.client;
      const reply = await ask(client, event, await prepared(data));
      const { code, next } = reply.data as { code?: string; next?: unknown };
      if (typeof next === 'string') real.cursor = next;
      const allowed = scope === undefined || scopes.includes(scope);
      expect([reply.event, code]).toEqual(allowed ? ['ok', undefined] : ['error', 'scope_missing']);
      if (event === 'session.open') await client.close();
    }
  });

  test('and every event that came of them is as documented', async () => {
    expect((await alice.client.closed).code).toBe(4403);
    expectEventsAsDocumented();
  });
});

test('errors are as documented, and their docs are pages of this bridge', async () => {
  const { client, token } = await signIn('alice', { scopes: ['messages.read'] });
  const unopened = await connect();
  unopened.send('{');
  await unopened.waitFor(({ event }) => event === 'error');
  const clientId = randomUUID();
  const codes = [
    await ask(unopened, 'ping', {}),
    await ask(client, 'message.explode', {}),
    await ask(client, 'conversation.get', { conversation: 7 }),
    await ask(client, 'conversation.get', { conversation: randomUUID() }),
    await ask(client, 'message.send', { to: 'bob', text: 'Hi', clientId }),
    await ask(client, 'session.open', { token, client: { name: 'x', version: '1' } }),
    await ask(client, 'session.refresh', { token: 'x' }),
    ...(await Promise.all(
      Array.from({ length: 300 }, () => ask(client, 'conversation.get', { conversation: randomUUID() })),
    )),
  ].flatMap(({ event, data }) => (event === 'error' ? [data as { code: string; docs: string }] : []));
  expect(new Set(codes.map(({ code }) => code))).toEqual(
    new Set([
      'not_open',
      'unknown_event',
      'invalid_data',
      'not_found',
      'scope_missing',
      'already_open',
      'unauthenticated',
      'rate_limited',
    ]),
  );
  for (const { code, docs } of codes) expect(docs).toBe(`${PUBLIC_URL}/errors/${code}`);
  await client.close();
});

test('every event of the document comes, as documented, and none that it does not have', async () => {
  const alice = await signIn('alice');
  const bob = await signIn('bob', { livesS: 62 });
  const direct = await bridge.direct(alice.client, 'bob');
  const { message } = await send(alice.client, direct, 'Hi');
  const changes: [string, object][] = [
    ['message.edit', { message: message.id, text: 'Hello' }],
    ['reaction.add', { message: message.id, emoji: '🔥' }],
    ['message.delete', { message: message.id }],
    ['typing.start', { conversation: direct }],
  ];
  for (const [event, data] of changes) expect(await ask(alice.client, event, data)).toMatchObject({ event: 'ok' });
  const { data: made } = await ask(alice.client, 'conversation.create', {
    members: ['bob', 'carol'],
    title: 'Three',
    clientId: randomUUID(),
  });
  const group = (made as { conversation: { id: string } }).conversation.id;
  await ask(alice.client, 'conversation.update', { conversation: group, title: 'We three' });
  const inGroup = await send(alice.client, group, 'Hi');
  await ask(bob.client, 'conversation.read', { conversation: direct, upTo: message.position });
  await ask(bob.client, 'conversation.read', { conversation: group, upTo: inGroup.message.position });
  const again = await connect();
  await again.open(alice.token, { epoch: 'another', after: 0 });
  await bridge.narrow(alice.grant, ['messages.read']);
  const isGroups = ({ event, data, seq }: ReceivedFrame) =>
    event === 'receipt.updated' && data.conversation === group && seq === undefined;
  await Promise.any(clients.map((client) => client.waitFor(isGroups)));
  const awaited = (name: string) => Promise.any(clients.map((each) => each.waitFor(({ event }) => event === name)));
  const others = Object.keys(EVENTS).filter((name) => name !== 'going_away');
  await Promise.all(others.map(awaited));
  await bridge.gateway.drain();
  await awaited('going_away');
  expectEventsAsDocumented();
});
