import type { Scope } from '@drawbridge/protocol';
import { everyDatabase, type ReceivedFrame } from '@drawbridge/testing';
import { codeOf, GatewayHarness, type Session, send } from './gateway-harness.js';

const textOf = ({ event, data }: ReceivedFrame) =>
  event === 'message.created' ? [(data.message as { text: string }).text] : [];
const isChange = ({ event }: ReceivedFrame) => event === 'grant.changed';

describe.each(everyDatabase)('A grant that is narrowed while connections live on it, on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('without messages.read the next frame either way shows nothing to read, and sending goes on (I1)', async () => {
    const alice = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(alice.client, 'bob');
    await send(bob.client, conversation, 'before');
    await alice.client.waitFor((frame) => textOf(frame)[0] === 'before');

    const scopes: Scope[] = ['messages.send', 'profile'];
    await bridge.narrow(alice.grant, scopes);
    expect((await alice.client.waitFor(isChange)).data).toEqual({ scopes });
    await expect(alice.client.request('conversation.history', { conversation })).rejects.toMatchObject({
      data: { code: 'scope_missing', scope: 'messages.read' },
    });
    // The barrier: another grant of hers gets what is sent next, so this connection had its chance.
    const reading = await bridge.client('alice');
    await send(bob.client, conversation, 'after');
    await reading.client.waitFor((frame) => textOf(frame)[0] === 'after');
    expect(await send(alice.client, conversation, 'mine')).toEqual({
      message: { id: expect.any(String), conversation, sentAt: expect.any(String) },
      duplicate: false,
    });
    expect(alice.client.frames.flatMap(textOf)).toEqual(['before']);
    expect(alice.client.frames.filter(isChange)).toHaveLength(1);

    const again = await bridge.connect();
    expect((await again.open<Session>(alice.token)).grant.scopes).toEqual(scopes);
    await Promise.all([alice.client, bob.client, reading.client, again].map((client) => client.close()));
  });

  test('without messages.send nothing more is stored, and reading goes on without a gap (I1, I4)', async () => {
    const alice = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(alice.client, 'bob');
    await bridge.narrow(alice.grant, ['messages.read']);
    expect((await alice.client.waitFor(isChange)).data).toEqual({ scopes: ['messages.read'] });
    await expect(send(alice.client, conversation, 'too late')).rejects.toMatchObject({
      data: { code: 'scope_missing', scope: 'messages.send' },
    });
    await send(bob.client, conversation, 'read all the same');
    await alice.client.waitFor((frame) => textOf(frame)[0] === 'read all the same');
    const history = await alice.client.request<{ messages: { text: string }[] }>('conversation.history', {
      conversation,
    });
    expect(history.messages.map(({ text }) => text)).not.toContain('too late');
    expect(alice.client.problems).toEqual([]);
    await Promise.all([alice.client.close(), bob.client.close()]);
  });

  test('sends that meet the narrowing are stored or scope_missing; the consent is not over (I1, I2)', async () => {
    const alice = await bridge.client('alice');
    const conversation = await bridge.direct(alice.client, 'bob');
    const codes = new Set<string>();
    const flood = async () => {
      for (let code = 'ok'; code === 'ok'; codes.add(code))
        code = await codeOf(send(alice.client, conversation, 'meeting'));
    };
    const floods = Promise.all(Array.from({ length: 100 }, flood));
    await send(alice.client, conversation, 'under way');
    await bridge.narrow(alice.grant, ['messages.read']);
    await floods;
    expect([...codes].sort()).toEqual(['ok', 'scope_missing']);
    await alice.client.close();
  });

  test('in the middle of a flood nothing to read follows grant.changed, whatever was under way or waited before it (I1)', async () => {
    const alice = await bridge.client('alice');
    const bob = await bridge.client('bob');
    const conversation = await bridge.direct(bob.client, 'alice');
    let narrowed = false;
    const changed = alice.client.waitFor(isChange).then(() => {
      narrowed = true;
    });
    const flood = async () => {
      for (let n = 0; !narrowed; n += 20)
        await Promise.all(Array.from({ length: 20 }, (_, i) => send(bob.client, conversation, `${n + i}`)));
    };
    const reads = async () => {
      const codes: string[] = [];
      while (codes.at(-1) !== 'scope_missing')
        codes.push(await codeOf(alice.client.request('conversation.history', { conversation, limit: 5 })));
      return codes;
    };
    const all = Promise.all([flood(), reads(), reads()]);
    await alice.client.waitFor((frame) => textOf(frame).length > 0);
    await bridge.narrow(alice.grant, ['messages.send']);
    await changed;
    const [, ...codes] = await all;
    for (const of of codes) expect(of.slice(0, -1).every((code) => code === 'ok')).toBe(true);
    // The barrier: after its reply nothing of the flood can be on its way.
    await send(bob.client, conversation, 'the last');
    expect(await codeOf(alice.client.request('ping', {}))).toBe('ok');
    const after = alice.client.frames.slice(alice.client.frames.findIndex(isChange) + 1);
    expect(after.flatMap(textOf)).toEqual([]);
    expect(after.filter(({ data }) => data.messages !== undefined)).toEqual([]);
    expect(alice.client.problems).toEqual([]);
    await Promise.all([alice.client.close(), bob.client.close()]);
  });
});
