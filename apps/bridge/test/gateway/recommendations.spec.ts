import { randomUUID } from 'node:crypto';
import { People } from '@drawbridge/people';
import { LIMITS } from '@drawbridge/protocol';
import type { BridgeClient, ReceivedFrame } from '@drawbridge/testing';
import { sql } from 'kysely';
import { codeOf, GatewayHarness, send, WEB_APP } from './gateway-harness.js';

const TITLE = { kind: 'film', id: 'r-1', name: 'The Bridge', url: 'https://reelhouse.example/films/r-1' };

interface Recommended {
  readonly sent: readonly { readonly to: string; readonly message: string }[];
  readonly duplicate?: boolean;
}

function recommend(client: BridgeClient, to: string[], more: object = {}): Promise<Recommended> {
  return client.request('recommendation.send', { to, title: TITLE, clientId: randomUUID(), ...more });
}

const says = (id: string) => (frame: ReceivedFrame) => (frame.data.message as { id?: string } | undefined)?.id === id;

describe('Recommendations on the gateway', () => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start('postgres');
    const people = new People(bridge.database);
    for (const id of ['stranger', 'nobody-yet']) await people.put({ id, handle: id, name: id });
    await people.setBlocks('dave', ['alice']);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('it comes as a message to whoever may read, and the app that sent it learns that it was sent (I1, I4)', async () => {
    const tv = await bridge.client('alice', { scopes: ['recommendations.send'], clientId: WEB_APP });
    const own = await bridge.client('alice');
    const sameApp = await bridge.client('alice', { clientId: WEB_APP });
    const bob = await bridge.client('bob');
    const clientId = randomUUID();
    const reply = await recommend(tv.client, ['bob', 'nobody'], { note: 'To the end.', clientId });
    expect(reply).toEqual({ sent: ['bob', 'nobody'].map((to) => ({ to, message: expect.any(String) })) });
    const { message } = reply.sent[0]!;
    const came = await bob.client.waitFor(says(message));
    expect(came).toMatchObject({
      event: 'message.created',
      data: {
        message: {
          from: { id: 'alice', name: 'Alice' },
          kind: 'recommendation',
          title: TITLE,
          note: 'To the end.',
          via: { app: 'Tunebox on the web' },
        },
      },
    });
    expect(came.data).not.toHaveProperty('clientId');
    expect(came.data.message).not.toHaveProperty('text');
    expect((await sameApp.client.waitFor(says(message))).data).toMatchObject({ clientId, message: { title: TITLE } });
    expect((await own.client.waitFor(says(message))).data).toEqual(came.data);
    // The conversation is there for those who may read, and came first.
    const durable = bob.client.frames.filter(({ seq }) => seq !== undefined).map(({ event }) => event);
    expect(durable.slice(-2)).toEqual(['conversation.created', 'message.created']);

    const { conversations } = await own.client.request<{ conversations: { lastMessage: object }[] }>(
      'conversation.list',
      {},
    );
    expect(conversations[0]!.lastMessage).toEqual(came.data.message);
    expect(await recommend(tv.client, ['bob', 'nobody'], { note: 'To the end.', clientId })).toEqual({
      ...reply,
      duplicate: true,
    });
    // The barrier: whatever was to come to the app that sent it is there by now.
    await tv.client.request('ping', {});
    expect(tv.client.frames.filter(({ event }) => event !== 'ok').map(({ event }) => event)).toEqual(['hello']);
    for (const { client } of [tv, own, sameApp, bob]) {
      expect(client.problems).toEqual([]);
      await client.close();
    }
  });

  test('nothing that an app without messages.read can ask tells a message that is there from one that is not', async () => {
    const { client } = await bridge.client('alice', { scopes: ['recommendations.send', 'messages.send'] });
    const { sent } = await recommend(client, ['carol', 'dave', 'stranger', 'nobody', 'alice']);
    const { message: mine } = await client.request<{ message: { conversation: string } }>('message.send', {
      to: 'carol',
      text: 'hello',
      clientId: randomUUID(),
    });
    const answers = await Promise.all(
      sent.map(({ message }) =>
        Promise.all([
          codeOf(client.request('message.edit', { message, text: 'x' })),
          codeOf(client.request('message.delete', { message })),
          codeOf(client.request('reaction.add', { message, emoji: '🔥' })),
          codeOf(client.request('reaction.remove', { message, emoji: '🔥' })),
          codeOf(
            client.request('message.send', {
              conversation: mine.conversation,
              text: 'x',
              clientId: randomUUID(),
              replyTo: message,
            }),
          ),
        ]),
      ),
    );
    expect(new Set(answers.flat())).toEqual(new Set(['not_found']));
    await client.close();
  });

  test('the answer takes as long for a contact, a stranger, somebody who blocked the person and nobody', async () => {
    const { client } = await bridge.client('alice', { scopes: ['recommendations.send'] });
    const times = new Map<string, number[]>(['bob', 'stranger', 'dave', 'nobody'].map((to) => [to, []]));
    for (let round = 0; round < 9; round++) {
      for (const [to, taken] of times) {
        const startedAt = performance.now();
        await recommend(client, [to]);
        taken.push(performance.now() - startedAt);
      }
    }
    // A statement takes some milliseconds; the answer leaves at the next tenth of a second, whoever it was. The fastest of
    // each says what a busy machine adds least to.
    const fastest = [...times.values()].map((taken) => Math.min(...taken));
    expect(Math.min(...fastest)).toBeGreaterThanOrEqual(LIMITS.recommendationAnsweredEveryMs - 1);
    expect(Math.max(...fastest) - Math.min(...fastest)).toBeLessThan(LIMITS.recommendationAnsweredEveryMs);
    await client.close();
  });

  test('it needs its scope, at the commit too, and what cannot be recommended is refused with its path (I1, I2)', async () => {
    const without = await bridge.client('alice', { scopes: ['messages.read', 'messages.send'] });
    await expect(recommend(without.client, ['bob'])).rejects.toMatchObject({ data: { scope: 'recommendations.send' } });
    await without.client.close();

    const { client, grant } = await bridge.client('alice', { scopes: ['recommendations.send', 'contacts.read'] });
    for (const [more, path] of [
      [{ title: { ...TITLE, url: 'http://reelhouse.example/' } }, 'title.url'],
      [{ title: { ...TITLE, url: 'https://user:word@reelhouse.example/' } }, 'title.url'],
      [{ title: { ...TITLE, year: 1999 } }, 'title.year'],
      [{ note: 'x'.repeat(281) }, 'note'],
    ] as const)
      await expect(recommend(client, ['bob'], more)).rejects.toMatchObject({ data: { issues: [{ path }] } });
    await expect(recommend(client, [])).rejects.toMatchObject({ data: { issues: [{ path: 'to' }] } });

    // Ended behind the gateway's back: only the statement can know.
    await sql`update consent_grant set scopes = '{contacts.read}' where id = ${grant}`.execute(
      bridge.database.tables(),
    );
    for (const to of ['bob', 'nobody'])
      await expect(recommend(client, [to])).rejects.toMatchObject({
        data: { code: 'scope_missing', scope: 'recommendations.send' },
      });
    await client.close();
  });

  test('what is asked of a conversation after a recommendation shows it', async () => {
    const { client } = await bridge.client('alice');
    const conversation = await bridge.direct(client, 'bob');
    void send(client, conversation, 'before');
    const [{ sent }, { messages }] = await Promise.all([
      recommend(client, ['bob']),
      client.request<{ messages: { id: string }[] }>('conversation.history', { conversation, limit: 2 }),
    ]);
    expect(messages).toMatchObject([{ id: sent[0]!.message }, { text: 'before' }]);
    await client.close();
  });
});
