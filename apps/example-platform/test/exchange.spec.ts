import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BridgeClient, ReceivedFrame } from '@drawbridge/testing';
import { Webhook } from 'standardwebhooks';
import type { Message } from '../src/schema.js';
import { EXAMPLE_PASSWORD } from '../src/seed.js';
import { WEBHOOK_PATH } from '../src/settings.js';
import { World } from './world.js';

const [ALICE, BOB, MEI] = ['u-1001', 'u-1002', 'u-1003'];

let world: World;
let alice: BridgeClient;
beforeAll(async () => {
  world = await World.start();
  alice = await world.connect('alice');
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Asked again and again: what happens on the way between two companies has no event here. */
async function eventually<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const chat = () => world.platform.chat;
const direct = (one = BOB, other = ALICE) => chat().open(one!, [other!]);
const shown = (conversation: string, holds: (message: Message) => boolean) =>
  eventually(async () => (await chat().messages(conversation)).find(holds));
const texts = async (conversation: string) => (await chat().messages(conversation)).map(({ text }) => text);
const has = (event: string, text: string) => (frame: ReceivedFrame) =>
  frame.event === event && JSON.stringify(frame.data).includes(text);

async function fromAlice(where: { conversation: string } | { to: string }, text: string) {
  const { message } = await alice.request<{ message: { id: string; conversation: string } }>('message.send', {
    ...where,
    text,
    clientId: randomUUID(),
  });
  return message;
}

/** The bridge's id of Bob's conversation with Alice. */
async function bridgeId(): Promise<string> {
  const id = await direct();
  return eventually(async () => (await chat().conversation(id, BOB!)).bridge_id ?? undefined);
}

test('edits and deletions go both ways', async () => {
  const id = await direct();
  await chat().send(BOB!, id, 'His first words');
  await alice.waitFor(has('message.created', 'His first words'));
  const { id: his } = await shown(id, ({ text, bridge_id }) => text === 'His first words' && bridge_id !== null);
  await chat().edit(BOB!, his, 'His second words');
  const edited = await alice.waitFor(has('message.edited', 'His second words'));
  await chat().delete(BOB!, his);
  const about = (edited.data.message as { id: string }).id;
  await alice.waitFor(has('message.deleted', about));

  const hers = await fromAlice({ conversation: await bridgeId() }, 'Her first words');
  await shown(id, ({ text }) => text === 'Her first words');
  await alice.request('message.edit', { message: hers.id, text: 'Her second words' });
  const changed = await shown(id, ({ text }) => text === 'Her second words');
  expect(changed).toMatchObject({ via: 'Tunebox', author: ALICE, edited_at: expect.any(Date) });
  await alice.request('message.delete', { message: hers.id });
  await shown(id, ({ bridge_id, deleted_at, text }) => bridge_id === hers.id && deleted_at !== null && text === null);
});

test('groups and direct chats are the same here and there, whoever began them', async () => {
  const group = await chat().open(BOB!, [ALICE!, MEI!], 'Listening club');
  await chat().send(BOB!, group, 'Which record first?');
  const asked = await alice.waitFor(has('message.created', 'Which record first?'));
  const { conversation } = asked.data.message as { conversation: string };
  const { conversation: seen } = await alice.request<{ conversation: object }>('conversation.get', { conversation });
  expect(seen).toMatchObject({ kind: 'group', title: 'Listening club', memberCount: 3 });
  await fromAlice({ conversation }, 'The blue one');
  expect(await shown(group, ({ text }) => text === 'The blue one')).toMatchObject({ via: 'Tunebox' });

  await fromAlice({ to: MEI! }, 'From the music player');
  const hers = await eventually(async () =>
    (await chat().conversations(MEI!)).find(({ last }) => last === 'From the music player'),
  );
  expect(await direct(MEI, ALICE)).toBe(hers.id);
  const made = await alice.request<{ conversation: { id: string } }>('conversation.create', {
    members: [BOB, MEI],
    title: 'Made in Tunebox',
    clientId: randomUUID(),
  });
  await fromAlice({ conversation: made.conversation.id }, 'A new group');
  const theirs = await eventually(async () =>
    (await chat().conversations(MEI!)).find(({ last }) => last === 'A new group'),
  );
  expect(theirs).toMatchObject({ kind: 'group', title: 'Made in Tunebox' });
  expect(theirs.members.toSorted()).toEqual([ALICE, BOB, MEI]);
});

test('the same webhook twice is one event, and a forged or an old one is none', async () => {
  const { webhookSecret } = world.settings.bridge;
  const id = await direct();
  await fromAlice({ conversation: await bridgeId() }, 'Told once');
  await shown(id, ({ text }) => text === 'Told once');
  const { db } = chat();
  const told = await db
    .selectFrom('webhook')
    .selectAll()
    .where('body', 'like', '%Told once%')
    .executeTakeFirstOrThrow();
  const post = async (body: string, secret: string, at = new Date(), signed = body) => {
    const headers = {
      'webhook-id': told.id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(told.id, at, signed),
    };
    return (await fetch(`${world.settings.url}${WEBHOOK_PATH}`, { method: 'POST', headers, body })).status;
  };
  const count = async () => (await db.selectFrom('webhook').select('id').execute()).length;
  const before = await count();
  expect(await post(told.body, webhookSecret)).toBe(204);
  expect(await post(told.body, webhookSecret)).toBe(204);
  const another = `whsec_${randomBytes(32).toString('base64')}`;
  expect(await post(told.body, another)).toBe(401);
  expect(await post(told.body.replace('once', 'forged'), webhookSecret, new Date(), told.body)).toBe(401);
  expect(await post(told.body, webhookSecret, new Date(Date.now() - 600_000))).toBe(401);
  expect(await count()).toBe(before);
  expect((await texts(id)).filter((text) => text === 'Told once')).toHaveLength(1);
});

test('while the platform is down nothing of Alice’s is lost, and nothing comes twice (I3)', async () => {
  const [id, conversation] = [await direct(), await bridgeId()];
  await world.platform.stop();
  const sent = await fromAlice({ conversation }, 'Nobody is at home');
  await alice.request('message.edit', { message: sent.id, text: 'Somebody will read it' });
  await world.restartPlatform();
  await shown(id, ({ text }) => text === 'Somebody will read it');
  // It was read when the platform started; then the bridge tells it by a webhook too.
  const told = () => chat().db.selectFrom('webhook').select('id').where('body', 'like', `%${sent.id}%`);
  await eventually(async () => (await told().where('applied_at', 'is not', null).execute()).length === 2);
  expect((await texts(id)).filter((text) => text === 'Somebody will read it')).toHaveLength(1);
});

test('while the bridge is down the page goes on, and all of it is told after, in order and once (I3, I5)', async () => {
  const [id, conversation] = [await direct(), await bridgeId()];
  await world.bridge.kill();
  for (let n = 1; n <= 5; n++) await chat().send(BOB!, id, `Line ${n}`);
  const lines = (await chat().messages(id)).slice(-5);
  await chat().edit(BOB!, lines[1]!.id, 'Line 2, mended');
  await chat().delete(BOB!, lines[2]!.id);
  expect((await texts(id)).slice(-5)).toEqual(['Line 1', 'Line 2, mended', null, 'Line 4', 'Line 5']);
  // In the middle of it the platform is started anew: the outbox is in its store.
  await world.platform.stop();
  await world.restartPlatform();
  await world.bridge.restart();
  await eventually(async () => (await chat().db.selectFrom('outbox').select('n').execute()).length === 0);
  alice = await world.connect('alice');
  const { messages } = await alice.request<{ messages: { text?: string }[] }>('conversation.history', { conversation });
  expect(messages.slice(0, 4).map(({ text }) => text)).toEqual(['Line 5', 'Line 4', 'Line 2, mended', 'Line 1']);
  expect((await texts(id)).slice(-5)).toEqual(['Line 1', 'Line 2, mended', null, 'Line 4', 'Line 5']);
});

interface Told {
  readonly type: string;
  readonly data: object;
}

const told = async () =>
  (await chat().db.selectFrom('webhook').select('body').orderBy('n').execute()).map(
    ({ body }) => JSON.parse(body) as Told,
  );

/** `data.message.from.id` and so on, of what is no list. */
function keysOf(value: object, path = ''): string[] {
  return Object.entries(value)
    .flatMap(([key, inner]) => {
      const isObject = inner !== null && typeof inner === 'object' && !Array.isArray(inner);
      return isObject ? keysOf(inner as object, `${path}${key}.`) : [`${path}${key}`];
    })
    .toSorted();
}

test('a form of another page is refused', async () => {
  const post = async (origin: string) => {
    const asked = { method: 'POST', headers: { origin }, redirect: 'manual' } as const;
    return (await fetch(`${world.settings.url}/sign-out`, asked)).status;
  };
  expect([await post(world.bridge.publicUrl), await post('null'), await post(world.settings.url)]).toEqual([
    403, 403, 303,
  ]);
});

test('a form that no page of its own sends is refused, and harms nothing', async () => {
  const { url } = world.settings;
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
    });
  const cookie = (await post('/sign-in', `login=bob&password=${encodeURIComponent(EXAMPLE_PASSWORD)}`)).headers
    .getSetCookie()[0]!
    .split(';')[0]!;
  const chatPath = `/chat/${await direct()}/messages`;
  const statuses: number[] = [];
  for (const [path, body] of [
    ['/sign-in', 'login=a&login=b&password=a'],
    ['/sign-in', 'login=%00&password=%00'],
    ['/chat', 'with=__proto__&title=a&title=b'],
    [chatPath, 'text=a&text=b'],
    [chatPath, 'text=%00'],
  ] as const) {
    statuses.push((await post(path, body, { cookie })).status);
    statuses.push((await post(path, '{}', { cookie, 'content-type': 'application/json' })).status);
  }
  expect(statuses).toEqual([403, 403, 403, 403, 400, 400, 400, 400, 400, 400]);
  await chat().db.deleteFrom('failed_sign_in').execute();
});

test('of many guesses at once no more are looked at than of as many in a row, and a right password is no guess', async () => {
  const { url } = world.settings;
  const guess = async (password: string, login = 'mei') =>
    (
      await fetch(`${url}/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ login, password }),
      })
    ).text();
  for (let n = 0; n < 12; n++) await guess(EXAMPLE_PASSWORD);
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => guess(`guess ${n}`)));
  const looked = answers.filter((page) => page.includes('is not right'));
  expect([looked.length, answers.filter((page) => page.includes('Too many attempts')).length]).toEqual([10, 20]);
  expect(await guess(EXAMPLE_PASSWORD)).toContain('Too many attempts');
  expect(await guess(EXAMPLE_PASSWORD, 'bob')).toContain('/chat');
  await chat().db.deleteFrom('failed_sign_in').execute();
});

test('a webhook has what docs/platform.md shows of its type, and no more', async () => {
  const examples = [...readFileSync('docs/platform.md', 'utf8').matchAll(/^```json\n(.*?)^```$/gms)].map(
    ([, json]) => JSON.parse(json!) as Told,
  );
  const mei = await world.connect('mei');
  const { grants } = await world.operators<{ grants: { id: string }[] }>('GET', `/grants?person=${MEI}`);
  await world.operators('POST', `/grants/${grants[0]!.id}/end`, { reason: 'to be told of' });
  await mei.closed;
  await eventually(async () => (await told()).some(({ type }) => type === 'grant.ended'));
  const real = await told();
  for (const { type, ...example } of examples) {
    if (type === 'webhook.test') continue;
    const { data } = real.find((each) => each.type === type)!;
    expect([type, keysOf(data)]).toEqual([type, keysOf(example.data)]);
  }
});
