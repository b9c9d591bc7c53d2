import { getEventListeners } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, memoryOutbox, type OutboxEntry } from '../src/index.js';
import { fileOutbox } from '../src/outbox/file.js';
import { createTestBridge } from '../src/testing/index.js';

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-outbox-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('What is sent', () => {
  const entry = (more: Partial<OutboxEntry>): OutboxEntry => ({
    localId: crypto.randomUUID(),
    command: 'message.send',
    data: { to: 'bob', text: 'kept' },
    status: 'queued',
    order: 1,
    queuedAt: new Date().toISOString(),
    ...more,
  });

  test('comes after what was kept before, also where the clock has been set back since (I4)', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ order: Date.now() + 3_600_000, person: 'alice' }));
    await using alice = createClient({ ...world.as('alice'), outbox });
    await alice.sendTo('bob', { text: 'written now' });
    expect(world.messages(['alice', 'bob']).map(({ text }) => text)).toEqual(['kept', 'written now']);
  });

  test('is sent with the next connection where another client on the same store has left it, and not where it took it back', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const takenBack = entry({ person: 'alice', data: { to: 'bob', text: 'taken back' } });
    await outbox.put(takenBack);
    world.refuseConnections();
    const [leaving, staying] = [
      createClient({ ...world.as('alice'), outbox }),
      createClient({ ...world.as('alice'), outbox }),
    ];
    const told: string[] = [];
    staying.on('outbox', ({ localId, error }) => told.push(`${localId} ${error?.code}`));
    await staying.outbox.list();
    const left = leaving.sendTo('bob', { text: 'left' });
    await leaving.outbox.discard(takenBack.localId);
    await leaving.close();
    await expect(left).rejects.toMatchObject({ code: 'closed' });
    const last = staying.sendTo('bob', { text: 'the last' });
    world.refuseConnections(false);
    await last;
    await staying.drain();
    // In either order: what two clients write within a millisecond has none.
    expect(
      world
        .messages(['alice', 'bob'])
        .map(({ text }) => text)
        .toSorted(),
    ).toEqual(['left', 'the last']);
    expect(told).toContain(`${takenBack.localId} discarded`);
    expect(await staying.outbox.list()).toEqual([]);
    await staying.close();
  });

  test('is forgotten with what other clients on the same store have written', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await using bridge = createClient({ ...world.as('alice'), outbox, autoOpen: false });
    expect(await bridge.outbox.list()).toEqual([]);
    await outbox.put(entry({ person: 'alice' }));
    await bridge.outbox.clear();
    expect(await outbox.load()).toEqual([]);
  });

  test('is written once where it is sent at once', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    let puts = 0;
    const put = (kept: OutboxEntry) => {
      puts++;
      return outbox.put(kept);
    };
    await using bridge = createClient({ ...world.as('alice'), outbox: { ...outbox, put } });
    await bridge.rtt();
    await bridge.sendTo('bob', { text: 'at once' });
    expect(puts).toBe(1);
    expect(await outbox.load()).toEqual([]);
  });

  test('stays the sender’s: it fails with nobody else’s consent, and is not sent by whoever signs in next', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ person: 'carol' }));
    const { token: asBob } = world.as('bob');
    const { token: asAlice, ...options } = world.as('alice');
    let token = asAlice;
    await using bridge = createClient({ ...options, outbox, token: (request) => token(request) });
    await bridge.rtt();
    world.close(4401, 'unauthenticated');
    world.failNext('session.open', 'unauthenticated');
    for await (const { name } of bridge.status()) if (name === 'ended') break;
    const late = bridge.sendTo('carol', { text: 'from Alice' });
    token = asBob;
    bridge.open();
    await bridge.rtt();
    await bridge.sendTo('carol', { text: 'from Bob' });
    expect(world.messages(['bob', 'carol']).map(({ text }) => text)).toEqual(['from Bob']);
    world.endConsent('bob');
    for await (const { name } of bridge.status()) if (name === 'ended') break;
    expect(await bridge.outbox.list()).toMatchObject([
      { person: 'carol', status: 'queued' },
      { person: 'alice', status: 'queued', localId: late.localId },
    ]);
    await bridge.close();
    await expect(late).rejects.toMatchObject({ code: 'closed' });
  });

  test('before anybody was signed in is sent by one of those who share the store and sign in as different people (I5)', async () => {
    const folder = newFolder();
    const memory = memoryOutbox();
    for (const stores of [
      [memory, memory],
      [fileOutbox(folder), fileOutbox(folder)],
    ] as const) {
      const world = createTestBridge();
      const kept = entry({ data: { to: 'carol', text: 'whose' } });
      await stores[0].put(kept);
      const [alice, bob] = [
        createClient({ ...world.as('alice'), outbox: stores[0], autoOpen: false }),
        createClient({ ...world.as('bob'), outbox: stores[1], autoOpen: false }),
      ];
      // Both know it, as nobody's.
      expect([await alice.outbox.list(), await bob.outbox.list()]).toMatchObject([[kept], [kept]]);
      alice.open();
      bob.open();
      await Promise.all([alice.rtt(), bob.rtt()]);
      await Promise.all([alice.drain(), bob.drain()]);
      const sent = (['alice', 'bob'] as const).flatMap((name) => world.messages([name, 'carol']));
      expect(sent).toMatchObject([{ text: 'whose' }]);
      expect(await stores[0].load()).toEqual([]);
      await Promise.all([alice.close(), bob.close()]);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not written again by a claim of it, where it was taken back or has failed meanwhile', async () => {
    for (const how of ['clear', 'end'] as const)
      for (let round = 0; round < 25; round++) {
        const outbox = fileOutbox(newFolder());
        const claiming = Promise.withResolvers<void>();
        let claimed: Promise<unknown> | undefined;
        const claim: typeof outbox.claim = (localId, person) => {
          const result = outbox.claim!(localId, person);
          claimed = result;
          if (round % 2 === 0) claiming.resolve();
          else setImmediate(claiming.resolve);
          return result;
        };
        const world = createTestBridge();
        const alice = createClient({ ...world.as('alice'), outbox: { ...outbox, claim }, autoOpen: false });
        // Whatever became of it before: it is refused once, so that it is not sent in that moment.
        world.failNext('message.send', 'rate_limited', { retryable: true, retryAfterMs: 60_000 });
        const sending = alice.sendTo('bob', { text: 'never mind' });
        const given = sending.catch(({ code }) => code);
        alice.open();
        await claiming.promise;
        if (how === 'clear') await alice.outbox.clear();
        else world.endConsent('alice');
        expect(await given).toBe(how === 'clear' ? 'discarded' : 'revoked_by_person');
        await Promise.all([claimed, alice.close()]);
        expect(await outbox.load()).toMatchObject(how === 'clear' ? [] : [{ status: 'failed' }]);
        expect(world.messages(['alice', 'bob'])).toEqual([]);
      }
  });

  test('is taken over from a program that died while it claimed it', async () => {
    const folder = newFolder();
    const outbox = fileOutbox(folder);
    const kept = entry({});
    await outbox.put(kept);
    const owner = join(folder, `${kept.localId}.owner.tmp`);
    writeFileSync(owner, 'alice');
    utimesSync(owner, new Date(0), new Date(0));
    expect(await outbox.claim!(kept.localId, 'bob')).toBe('bob');
    expect(await outbox.load()).toMatchObject([{ person: 'bob' }]);
    expect(readdirSync(folder)).toEqual([`${kept.localId}.json`]);
    expect(await outbox.claim!(crypto.randomUUID(), 'bob')).toBeUndefined();
  });

  test('of others on the same store does not fail where somebody’s consent is over', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    await outbox.put(entry({ person: 'alice' }));
    const { token, ...options } = world.as('bob');
    world.endConsent('bob');
    await using bob = createClient({ ...options, token, outbox });
    for await (const { name } of bob.status()) if (name === 'ended') break;
    expect(await outbox.load()).toMatchObject([{ status: 'queued', person: 'alice' }]);
  });

  test('goes on where it is refused for the connection’s token alone', async () => {
    const world = createTestBridge();
    await using alice = createClient(world.as('alice'));
    await alice.rtt();
    world.failNext('message.send', 'unauthenticated');
    expect(await alice.sendTo('bob', { text: 'late by a moment' })).toMatchObject({ text: 'late by a moment' });
  });

  test('is written where it is kept before the bridge is closed, and a bridge that is closed waits for nothing', async () => {
    const world = createTestBridge();
    const outbox = memoryOutbox();
    const written = Promise.withResolvers<void>();
    const put = async (kept: OutboxEntry) => {
      await written.promise;
      await outbox.put(kept);
    };
    const bridge = createClient({ ...world.as('alice'), outbox: { ...outbox, put }, autoOpen: false });
    const sending = bridge.sendTo('bob', { text: 'kept' });
    const closing = bridge.close();
    await expect(sending).rejects.toMatchObject({ code: 'closed' });
    await expect(bridge.drain()).rejects.toMatchObject({ code: 'closed' });
    written.resolve();
    await closing;
    expect(await outbox.load()).toMatchObject([{ localId: sending.localId, status: 'queued' }]);
  });

  test('nothing of it hangs on a store that fails, and nothing listens any more to a signal that lives on', async () => {
    const world = createTestBridge();
    const life = new AbortController();
    const { signal } = life;
    const load = () => Promise.reject(new Error('no disk'));
    await using broken = createClient({ ...world.as('alice'), outbox: { ...memoryOutbox(), load } });
    await expect(broken.sendTo('bob', { text: 'x' }, { signal: AbortSignal.abort() })).rejects.toThrow('no disk');
    const bridge = createClient({ ...world.as('alice'), signal });
    for (const text of ['one', 'two', 'three']) await bridge.sendTo('bob', { text }, { signal });
    await bridge.events({ signal }).return!();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await bridge.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
