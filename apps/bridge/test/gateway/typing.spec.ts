import { randomUUID } from 'node:crypto';
import type { ReceivedFrame } from '@drawbridge/testing';
import { sql } from 'kysely';
import { TYPING_LIMITS } from '../../src/gateway/typing.js';
import { codeOf, type GatewayHarness, type SignedIn, send } from './gateway-harness.js';
import { TwoGateways } from './two-gateways.js';

describe('Typing, with people on two gateways', () => {
  let gateways: TwoGateways;
  let here: GatewayHarness;
  let there: GatewayHarness;
  let alice: SignedIn;
  let bob: SignedIn;
  let carol: SignedIn;
  let group: string;

  beforeAll(async () => {
    gateways = await TwoGateways.start();
    ({ here, there } = gateways);
    [alice, bob, carol] = [await here.client('alice'), await there.client('bob'), await here.client('carol')];
    const made = await alice.client.request<{ conversation: { id: string } }>('conversation.create', {
      members: ['bob', 'carol'],
      clientId: randomUUID(),
    });
    group = made.conversation.id;
    for (const { client } of [bob, carol]) await client.waitFor(({ event }) => event === 'conversation.created');
  });
  afterAll(async () => {
    await Promise.all([alice, bob, carol].map(({ client }) => client.close()));
    await gateways[Symbol.asyncDispose]();
  });

  const start = (who: SignedIn, conversation = group) => who.client.request('typing.start', { conversation });
  const stop = (who: SignedIn, conversation = group) => who.client.request('typing.stop', { conversation });
  const typing = ({ client }: SignedIn) => client.frames.filter(({ event }) => event === 'typing');
  /** Everything of before has been told when this has. */
  const barrier = async (...who: SignedIn[]) => {
    const { message } = await send(alice.client, group, 'barrier');
    const isIt = ({ data }: ReceivedFrame) => (data.message as { id?: string } | undefined)?.id === message.id;
    for (const { client } of who) await client.waitFor(isIt);
  };

  test('the others are told on whichever gateway they are, and nobody else; a stop, and a message, end it', async () => {
    await start(alice);
    const said = { conversation: group, person: 'alice', active: true };
    for (const who of [bob, carol])
      expect((await who.client.waitFor(({ event }) => event === 'typing')).data).toEqual(said);
    await stop(alice);
    await stop(alice);
    await barrier(bob, carol);
    await start(bob);
    await alice.client.waitFor(({ event, data }) => event === 'typing' && data.person === 'bob');
    await send(bob.client, group, 'what was typed');
    await alice.client.waitFor(({ event, data }) => event === 'typing' && data.person === 'bob' && !data.active);
    await barrier(bob, carol);
    expect(typing(bob).map(({ data }) => data)).toEqual([said, { ...said, active: false }]);
    expect(typing(alice).map(({ data }) => data.person)).toEqual(['bob', 'bob']);
    expect(typing(bob).every(({ seq, prev }) => seq === undefined && prev === undefined)).toBe(true);
    for (const { client } of [alice, bob, carol]) expect(client.problems).toEqual([]);
  });

  test('what one connection says takes effect in its order: who stopped, or sent it, types no more (I3)', async () => {
    const direct = await here.direct(alice.client, 'bob');
    const ends = {
      stop: (conversation: string) => stop(alice, conversation),
      // The letters of an id may be of either case.
      send: (conversation: string) => send(alice.client, conversation.toUpperCase(), 'typed'),
      'send to': () => alice.client.request('message.send', { to: 'bob', text: 'typed', clientId: randomUUID() }),
    };
    for (const end of Object.values(ends)) {
      const before = typing(bob).length;
      for (let n = 0; n < 5; n++) await Promise.all([start(alice, direct), end(direct)]);
      await barrier(bob);
      const told = typing(bob).slice(before);
      expect(told[0]?.data).toEqual({ conversation: direct, person: 'alice', active: true });
      expect(told.at(-1)?.data).toEqual({ conversation: direct, person: 'alice', active: false });
    }
  });

  test('said again at once it is no news, and said no more it lapses by itself', async () => {
    const before = typing(bob).length;
    const started = performance.now();
    for (let n = 0; n < 5; n++) await start(carol);
    const stopped = await bob.client.waitFor(
      (frame) => frame.event === 'typing' && frame.data.person === 'carol' && frame.data.active === false,
    );
    expect(stopped.at - started).toBeGreaterThanOrEqual(TYPING_LIMITS.lapsesAfterMs);
    expect(
      typing(bob)
        .slice(before)
        .map(({ data }) => data.active),
    ).toEqual([true, false]);
  });

  test('who begins and stops in turns floods nobody, and is not left typing (I9)', async () => {
    const { newsPerS, newsBurstS } = TYPING_LIMITS;
    const before = typing(bob).length;
    const since = performance.now();
    for (let n = 0; n < 20; n++)
      await Promise.all(Array.from({ length: 10 }, () => Promise.all([start(carol), stop(carol)])));
    await barrier(bob);
    const begun = typing(bob)
      .slice(before)
      .map(({ data }) => data.active);
    const atMost = newsPerS * newsBurstS + (newsPerS * (performance.now() - since)) / 1_000 + 1;
    expect(begun.filter((active) => active).length).toBeLessThanOrEqual(atMost);
    expect(begun).toEqual(begun.map((_, n) => n % 2 === 0));
    expect(begun.length % 2).toBe(0);
    expect(begun.length).toBeGreaterThan(0);
  });

  test('only connections that may read are told, and only apps that may send type (I1)', async () => {
    const writer = await there.client('bob', { scopes: ['messages.send'] });
    const reader = await here.client('alice', { scopes: ['messages.read'] });
    await start(alice);
    await barrier(bob);
    await writer.client.request('ping', {});
    expect(typing(writer)).toEqual([]);
    expect(await codeOf(start(reader))).toBe('scope_missing');
    expect(await codeOf(start(writer))).toBe('ok');
    await stop(alice);
    await Promise.all([writer.client.close(), reader.client.close()]);
  });

  test('a stranger’s conversation, none, and that with somebody who blocked the person are not found, alike', async () => {
    const direct = await here.direct(alice.client, 'bob');
    const codes = async () => [await codeOf(start(carol, direct)), await codeOf(stop(carol, randomUUID()))];
    expect(await codes()).toEqual(['not_found', 'not_found']);
    expect([await codeOf(start(alice, direct)), await codeOf(stop(alice, direct))]).toEqual(['ok', 'ok']);
    await barrier(bob);
    await sql`insert into block (person, blocked) values (${here.key('bob')}, ${here.key('alice')})`.execute(
      gateways.database.tables(),
    );
    expect(await codeOf(start(alice, direct))).toBe('not_found');
    const before = typing(bob).length;
    await start(alice);
    // Whoever has blocked somebody is not seen typing by them either, and may write to them all the same.
    await sql`update block set person = blocked, blocked = person`.execute(gateways.database.tables());
    expect(await codeOf(start(alice, direct))).toBe('ok');
    await sql`delete from block`.execute(gateways.database.tables());
    await barrier(bob);
    expect(typing(bob)).toHaveLength(before);
  });
});
