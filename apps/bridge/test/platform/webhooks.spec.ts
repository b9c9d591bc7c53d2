import { randomBytes, randomUUID } from 'node:crypto';
import { BridgeClient, type BridgeProcess, connectedApps, postgresUrl, signIn, startBridge } from '@drawbridge/testing';
import { Webhook } from 'standardwebhooks';
import { PLATFORM_TOKEN, PlatformClient } from './platform-client.js';
import { Receiver, type Told } from './receiver.js';

const ADMIN_TOKEN = 'root-token-of-the-tests';
const secret = () => `whsec_${randomBytes(32).toString('base64')}`;

const [OLD_SECRET, NEW_SECRET] = [secret(), secret()];
const receiver = new Receiver(OLD_SECRET);
let bridge: BridgeProcess;
let env: Record<string, string>;
let platform: PlatformClient;
beforeAll(async () => {
  await receiver.start();
  env = {
    PLATFORM_TOKEN,
    ADMIN_TOKEN,
    PLATFORM_WEBHOOK_URL: receiver.url,
    // In the middle of a change of secrets.
    PLATFORM_WEBHOOK_SECRET: `${NEW_SECRET},${OLD_SECRET}`,
    DATABASE_URL: await postgresUrl(),
  };
  bridge = await startBridge({ database: 'postgres', env });
  platform = new PlatformClient(bridge.internalUrl);
});
afterAll(async () => {
  await bridge?.[Symbol.asyncDispose]();
  await receiver.stop();
});

async function connected(login = 'alice'): Promise<BridgeClient> {
  const tokens = await signIn(bridge, { login, password: 'drawbridge', clientId: 'tunebox-desktop', scopes: 'all' });
  const client = await BridgeClient.connect(bridge.publicUrl);
  await client.open(tokens);
  return client;
}

async function send(client: BridgeClient, to: string, text: string): Promise<{ id: string; conversation: string }> {
  const { message } = await client.request<{ message: { id: string; conversation: string } }>('message.send', {
    to,
    text,
    clientId: randomUUID(),
  });
  return message;
}

const texts = () => receiver.distinct().flatMap(({ data }) => (data.message ? [String(data.message.text)] : []));
const admin = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${bridge.internalUrl}/admin/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await response.json()) as Record<string, unknown>;
};

describe('The platform is told', () => {
  test('of consents, and of what partners’ apps send, edit and delete, signed with each secret', async () => {
    const alice = await connected();
    const { id } = await send(alice, 'bob', 'to be told');
    await alice.request('message.edit', { message: id, text: 'told' });
    await receiver.until(() => receiver.took.some(({ type }) => type === 'message.edited'));
    await alice.request('message.delete', { message: id });
    await connectedApps(bridge, { login: 'alice', password: 'drawbridge' }).then(async (apps) => {
      for (const grant of apps.grants) await apps.end(grant);
    });
    await receiver.until(() => receiver.took.some(({ type }) => type === 'grant.ended'));
    await receiver.until(() => receiver.took.some(({ type }) => type === 'message.deleted'));
    const ofMessage = receiver.took.filter(({ data }) => data.message?.id === id);
    expect(ofMessage.map(({ type }) => type)).toEqual(['message.created', 'message.edited', 'message.deleted']);
    expect(ofMessage[0]!.data.message).toMatchObject({ via: { app: 'Tunebox' }, from: { id: 'alice' } });
    expect(ofMessage[2]!.data.message).not.toHaveProperty('text');
    const ofGrant = receiver.took.filter(({ data }) => data.grant);
    expect(ofGrant.map(({ type }) => type)).toEqual(['grant.created', 'grant.ended']);
    expect(ofGrant[1]!.data.grant).toMatchObject({
      person: 'alice',
      app: { id: 'tunebox-desktop', name: 'Tunebox' },
      endReason: 'revoked_by_person',
    });
    expect(receiver.forged).toEqual([]);
    // A receiver that knows only the new one would find it as well, and one that knows neither would not.
    const { body, headers } = receiver.last!;
    for (const known of [OLD_SECRET, NEW_SECRET]) expect(() => new Webhook(known).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(secret()).verify(body, headers)).toThrow();
  });

  test('of nothing that it did itself', async () => {
    const before = receiver.took.length;
    const alice = await connected();
    const message = { from: 'bob', to: 'alice', text: 'its own', clientId: randomUUID() };
    await platform.done('POST', '/messages', { messages: [message] });
    await send(alice, 'bob', 'the barrier');
    const since = () => receiver.took.slice(before).map(({ type }) => type);
    // A consent and a conversation are told of in no order.
    await receiver.until(() => since().includes('grant.created') && texts().includes('the barrier'));
    expect(since().toSorted()).toEqual(['grant.created', 'message.created']);
    await alice.close();
  });

  test('of everything, in order per conversation, by a receiver that fails, hangs up and is killed, over a restart of the bridge (I3)', async () => {
    const alice = await connected();
    let attempt = 0;
    receiver.mood = () => [500, 200, 'hangs up', 200, 429][attempt++ % 5] as 200;
    const people = ['bob', 'carol', 'dave'];
    const expected = new Map<string, string[]>(people.map((to) => [to, []]));
    const conversations = new Map<string, string>();
    for (let n = 0; n < 60; n++) {
      const to = people[n % 3]!;
      const { conversation } = await send(alice, to, `${to} ${n}`);
      conversations.set(conversation, to);
      expected.get(to)!.push(`${to} ${n}`);
      if (n === 20) await receiver.stop();
    }
    await bridge.restart();
    receiver.mood = () => 200;
    await receiver.start();
    const arrived = () => {
      const got = new Map<string, string[]>(people.map((to) => [to, []]));
      for (const { data } of receiver.distinct()) {
        const to = conversations.get(String(data.message?.conversation));
        if (to && / \d+$/.test(String(data.message?.text))) got.get(to)!.push(String(data.message?.text));
      }
      return got;
    };
    await receiver.until(() => [...arrived().values()].flat().length === 60);
    expect(arrived()).toEqual(expected);
    expect(receiver.forged).toEqual([]);
  });

  test('by a receiver that dies in the middle of an answer, answers without end, or sends it elsewhere', async () => {
    const alice = await connected();
    const ways = ['dies in its head', 'dies after its head', 'never ends', 307] as const;
    let attempt = 0;
    receiver.mood = ({ data }) => (data.message?.text === 'a bad day' ? (ways[attempt++] ?? 200) : 200);
    // One that died after it said 200 has said 200.
    for (let n = 0; n < 3; n++) await send(alice, 'bob', 'a bad day');
    await send(alice, 'bob', 'a good day');
    await receiver.until(() => texts().includes('a good day'));
    expect(texts().filter((text) => text === 'a bad day')).toHaveLength(3);
    // 'dies in its head' once more, and the redirect once more, for the event that met them.
    expect(attempt).toBe(5);
    expect([...receiver.paths]).toEqual(['/hook']);
    expect(receiver.talkedBytes).toBeLessThan(20_000_000);
    await alice.close();
  });

  test('twice of the same, by the same id, when the bridge is killed before it knows of the answer (I3)', async () => {
    const alice = await connected();
    receiver.mood = ({ data }) => (data.message?.text === 'once or twice' ? 'nothing' : 200);
    const { attempts } = receiver;
    const { conversation } = await send(alice, 'bob', 'once or twice');
    await send(alice, 'bob', 'and then');
    while (receiver.attempts === attempts || receiver.heard.at(-1)?.data.message?.text !== 'once or twice')
      await new Promise((resolve) => setTimeout(resolve, 10));
    const { id } = receiver.heard.at(-1)!;
    await bridge.kill();
    receiver.mood = () => 200;
    await bridge.restart();
    await receiver.until(() => texts().includes('and then'));
    const told = receiver.took.filter(({ data }) => data.message?.conversation === conversation).slice(-2);
    expect(told.map(({ data }) => data.message?.text)).toEqual(['once or twice', 'and then']);
    expect(told[0]!.id).toBe(id);
  });

  test('that the consents of somebody who is erased have ended, and not by an id that nobody knows', async () => {
    const carol = await connected('carol');
    const isHers = ({ data }: Told) => data.grant?.person === 'carol';
    await receiver.until(() => receiver.took.some(isHers));
    const { id } = receiver.took.find(isHers)!.data.grant!;
    // Told when they are erased, and not a moment before.
    receiver.mood = ({ type }) => (type === 'grant.ended' ? 500 : 200);
    await platform.done('DELETE', '/people/carol');
    receiver.mood = () => 200;
    await carol.closed;
    await receiver.until(() => receiver.took.some(({ type, data }) => type === 'grant.ended' && data.grant?.id === id));
    const ended = receiver.took.findLast(({ data }) => data.grant?.id === id)!;
    expect(ended.data.grant).toMatchObject({ id, endReason: 'revoked_by_operator' });
    expect(ended.data.grant).not.toHaveProperty('person');
  });

  test('and an operator sees what waits, tries the receiver, and is told what it answers', async () => {
    expect(await admin('POST', '/webhooks/test')).toMatchObject({ told: true, url: receiver.url });
    receiver.mood = () => 503;
    expect(await admin('POST', '/webhooks/test')).toMatchObject({ told: false, error: 'answered 503' });
    receiver.mood = () => 200;
    expect(await admin('GET', '/webhooks')).toMatchObject({ url: receiver.url, wanted: true, parked: 0, events: [] });
    expect(await admin('POST', '/webhooks/replay', {})).toEqual({ replayed: 0 });
  });
});
