import { FaultProxy } from '@drawbridge/testing';
import fc from 'fast-check';
import { BUS } from '../../../apps/bridge/src/bus.js';
import { GatewayHarness } from '../../../apps/bridge/test/gateway/gateway-harness.js';
import { BridgeError, createClient } from '../src/index.js';
import { QUICK, type TestClient, testClient } from './bridge-harness.js';

let harness: GatewayHarness;
let network: FaultProxy;
let direct: string;
beforeAll(async () => {
  harness = await GatewayHarness.start('postgres', { HEARTBEAT_MS: '1000' });
  network = await FaultProxy.to(harness.origin);
  const { client } = await harness.client('alice');
  direct = await harness.direct(client, 'bob');
  await client.close();
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

/** How soon silence is found; where it is not what the test is of, a busy machine must not make it. */
const IMPATIENT_MS = 1_000;
const PATIENT_MS = 60_000;
/** As many are sent at once: some are always under way, and none too many for the rate of sends. */
const UNDER_WAY = 8;
const through = (name: 'alice' | 'bob', pongTimeoutMs = PATIENT_MS) =>
  testClient(harness, name, { url: network.url, pongTimeoutMs });

async function both(pongTimeoutMs?: number): Promise<[TestClient, TestClient]> {
  const clients = await Promise.all([through('alice', pongTimeoutMs), through('bob', pongTimeoutMs)]);
  await Promise.all(clients.map((client) => client.state('live')));
  return clients;
}

const close = (clients: readonly TestClient[]) => Promise.all(clients.map(({ bridge }) => bridge.close()));

describe('Through a network with faults', () => {
  test('a half-open connection is found by silence, and what was sent into it is sent again, once (I5)', async () => {
    const [alice, bob] = await both(IMPATIENT_MS);
    network.halfOpen();
    const sending = alice.bridge.conversation(direct).send({ text: 'into the void' });
    await sending;
    await Promise.all([alice.text('into the void'), bob.text('into the void')]);
    expect(bob.states.find(({ name }) => name === 'reconnecting')).toMatchObject({
      reason: 'timeout',
      retryable: true,
    });
    expect(alice.texts()).toEqual(['into the void']);
    await close([alice, bob]);
  });

  test('one that is cut, and refuses to be made anew for a while, loses nothing and doubles nothing', async () => {
    const [alice, bob] = await both();
    const before = network.connections;
    network.refuse();
    network.cut();
    const texts = ['cut 1', 'cut 2', 'cut 3'];
    const sent = texts.map((text) => alice.bridge.conversation(direct).send({ text }));
    while (network.connections < before + 3) await new Promise((resolve) => setImmediate(resolve));
    network.refuse(false);
    await Promise.all(sent);
    await Promise.all([alice.text('cut 3'), bob.text('cut 3')]);
    for (const { texts: told, states } of [alice, bob]) {
      expect(told()).toEqual(texts);
      expect(states.find(({ name }) => name === 'reconnecting')?.reason).toBe('connection_lost');
    }
    await close([alice, bob]);
  });

  test('a slow one is no reason to give up, and keeps the order', async () => {
    const [alice, bob] = await both();
    network.slow(150);
    const texts = ['1', '2', '3'];
    await Promise.all(texts.map((text) => alice.bridge.conversation(direct).send({ text })));
    await bob.text('3');
    expect(await alice.bridge.rtt()).toBeGreaterThan(290);
    network.slow(0);
    expect(bob.texts()).toEqual(texts);
    await close([alice, bob]);
  });

  test('an event that comes twice is told once, and one that is missing is seen by `prev` and fetched (I4)', async () => {
    const [alice, bob] = await both();
    network.repeatEvent();
    await alice.bridge.conversation(direct).send({ text: 'twice' });
    await bob.text('twice');
    network.loseEvent();
    await alice.bridge.conversation(direct).send({ text: 'lost' });
    await alice.bridge.conversation(direct).send({ text: 'next' });
    await Promise.all([bob.text('next'), alice.text('next')]);
    for (const { states, texts } of [alice, bob]) {
      expect(texts()).toEqual(['twice', 'lost', 'next']);
      expect(states.filter(({ name }) => name === 'reconnecting')[0]?.reason).toBe('gap');
    }
    await close([alice, bob]);
  });

  test('a token that runs out without another costs the connection, and asks for one', async () => {
    const grant = await harness.grant('alice');
    const asked: string[] = [];
    const bridge = createClient({
      url: network.url,
      backoff: QUICK,
      token: ({ reason }) => {
        asked.push(reason);
        if (reason === 'expiring') throw new BridgeError({ code: 'busy', message: 'Not now.', retryable: true });
        return harness.token('alice', grant, { livesS: asked.length === 1 ? 3 : 300 });
      },
    });
    const names: string[] = [];
    const back = Promise.withResolvers<void>();
    bridge.on('state', ({ name }) => {
      if (names.push(name) > 3 && name === 'live') back.resolve();
    });
    await back.promise;
    expect(asked).toEqual(['open', 'expiring', 'rejected']);
    expect(names).toEqual(['opening', 'catching-up', 'live', 'reconnecting', 'catching-up', 'live']);
    await bridge.close();
  });

  test('when the consent ends there is no other connection, whatever is still to be sent', async () => {
    const alice = await through('alice');
    await alice.state('live');
    await harness.end(alice.grant);
    const sending = alice.bridge.conversation(direct).send({ text: 'late' });
    await alice.state('ended');
    await expect(sending).rejects.toMatchObject({ retryable: false });
    const states = alice.states.length;
    // Somebody else comes and goes meanwhile.
    const bob = await through('bob');
    await bob.state('live');
    await bob.bridge.rtt();
    expect(alice.states).toHaveLength(states);
    expect(alice.asked).toEqual(['open']);
    expect(alice.states.at(-1)).toMatchObject({ name: 'ended', reason: 'revoked_by_person' });
    await close([alice, bob]);
  });

  test('a gateway that is drained is left once another is there: the state stays live, and nothing is missing', async () => {
    const settings = { DRAIN_MS: '5000', GATEWAY_ID: 'gw-going' };
    const going = await GatewayHarness.on(harness.database, settings, false, harness.app.get(BUS));
    network.lead(going.origin);
    const clients = [await through('alice'), await through('bob')] as const;
    await Promise.all(clients.map((client) => client.state('live')));
    const [alice, bob] = clients;
    network.lead(harness.origin);
    const sent: Promise<unknown>[] = [];
    let underWay = 0;
    const send = () => {
      const sending = alice.bridge.conversation(direct).send({ text: `drained ${sent.length}` });
      sent.push(sending);
      underWay += 1;
      const done = () => {
        underWay -= 1;
      };
      sending.then(done, done);
    };
    send();
    const drained = going.gateway.drain();
    const before = network.connections;
    for (send(); network.connections < before + 2; ) {
      await alice.bridge.rtt();
      if (underWay < UNDER_WAY) send();
    }
    await drained;
    send();
    await Promise.all(sent);
    await Promise.all([alice.text(`drained ${sent.length - 1}`), bob.text(`drained ${sent.length - 1}`)]);
    for (const { texts, states } of clients) {
      expect(texts()).toEqual(sent.map((_, n) => `drained ${n}`));
      // It would not, had the gateway closed the first connection before the second was there.
      expect(states.at(-1)?.name).toBe('live');
      expect(states.filter(({ name }) => name === 'reconnecting')).toEqual([]);
    }
    await close(clients);
    await going.stop();
  });

  type Step = 'alice sends' | 'bob sends' | 'cut' | 'lose' | 'repeat' | 'slow' | 'refuse' | 'half-open';
  const usual = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Step>('alice sends', 'bob sends') },
    { weight: 2, arbitrary: fc.constantFrom<Step>('cut', 'lose', 'repeat', 'slow', 'refuse') },
  );
  /** Half open once at most: it takes its time to be found. */
  const steps = fc
    .tuple(
      fc.array(usual, { maxLength: 12 }),
      fc.subarray<Step>(['half-open']),
      fc.array(usual, { minLength: 12, maxLength: 24 }),
    )
    .map((parts) => parts.flat());

  test('whatever happens in whatever order, both sides have the same in the end: nothing lost, nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const [alice, bob] = await both(IMPATIENT_MS);
        const { conversation } = await alice.bridge.request('conversation.create', {
          members: ['bob', 'carol'],
          clientId: crypto.randomUUID(),
        });
        const sent: Promise<unknown>[] = [];
        const acts: Record<Step, () => unknown> = {
          'alice sends': () => sent.push(alice.bridge.conversation(conversation.id).send({ text: `a${sent.length}` })),
          'bob sends': () => sent.push(bob.bridge.conversation(conversation.id).send({ text: `b${sent.length}` })),
          cut: () => network.cut(),
          lose: () => network.loseEvent(),
          repeat: () => network.repeatEvent(),
          'half-open': () => network.halfOpen(),
          slow: () => network.slow(20),
          refuse: () => {
            network.refuse();
            network.cut();
          },
        };
        for (const step of taken) {
          acts[step]();
          // Some of it happens while something is under way, and some after it.
          if (sent.length % 3 === 0 && step !== 'refuse') await bob.bridge.rtt();
          else await new Promise((resolve) => setImmediate(resolve));
          network.slow(0);
          network.refuse(false);
        }
        await Promise.all(sent);
        await alice.bridge.conversation(conversation.id).send({ text: 'end' });
        await Promise.all([alice.text('end'), bob.text('end')]);
        const { messages } = await alice.bridge.conversation(conversation.id).history({ limit: 100 });
        const stored = messages.map(({ text }) => text).toReversed();
        expect(alice.texts()).toEqual(stored);
        expect(bob.texts()).toEqual(stored);
        expect(stored).toHaveLength(sent.length + 1);
        for (const side of ['a', 'b']) {
          const numbers = stored.filter((text) => text?.startsWith(side)).map((text) => Number(text?.slice(1)));
          expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        }
        // And in the end the consent is over, in the middle of a fault or not: no other connection is made (44xx).
        sent.length % 2 === 0 ? network.cut() : network.loseEvent();
        await harness.end(alice.grant);
        await alice.state('ended');
        await bob.bridge.close();
        const [connections, states] = [network.connections, alice.states.length];
        await expect(alice.bridge.rtt()).rejects.toMatchObject({ code: 'revoked_by_person' });
        // Longer than any wait between two tries.
        await new Promise((resolve) => setTimeout(resolve, QUICK.maxMs + 50));
        expect(alice.states).toHaveLength(states);
        expect(network.connections).toBe(connections);
        await close([alice, bob]);
      }),
      { numRuns: Number(process.env.SDK_FAULT_RUNS ?? 6) },
    );
  });
});
