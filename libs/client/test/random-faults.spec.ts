import fc from 'fast-check';
import { type BridgeEvent, createClient, memoryOutbox, type OutboxStore, type TokenRequest } from '../src/index.js';
import { createTestBridge, type TestClientOptions } from '../src/testing/index.js';

const FAULTS = [
  'cut',
  'refuse',
  'go away',
  'leave',
  'close',
  'lose',
  'refuse a send',
  'expire',
  'void tokens',
  'rewind',
  'tick',
] as const;
type Step = (typeof FAULTS)[number] | 'alice sends' | 'bob sends' | 'the platform sends';

const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Step>('alice sends', 'bob sends', 'the platform sends') },
    { weight: 3, arbitrary: fc.constantFrom<Step>(...FAULTS) },
  ),
  { minLength: 5, maxLength: 40 },
);

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Everything that a loop over events has seen. */
function reader(events: AsyncIterable<BridgeEvent>) {
  const texts: (string | undefined)[] = [];
  const done = (async () => {
    for await (const { event, data } of events) {
      if (event === 'message.created') texts.push(data.message.text);
      if (texts.at(-1) === 'end') return;
    }
  })();
  return { texts, done };
}

test('whatever connections, gateways and tokens do, everybody who reads has everything once, in order (I4, I5)', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const world = createTestBridge(['alice', 'bob']);
      const [alice, bob] = ['alice', 'bob'].map((person) => createClient(world.as(person))) as [
        ReturnType<typeof createClient>,
        ReturnType<typeof createClient>,
      ];
      const ends: string[] = [];
      for (const { on } of [{ on: alice.on.bind(alice) }, { on: bob.on.bind(bob) }])
        on('state', ({ name, reason }) => name === 'ended' && ends.push(reason ?? ''));
      await Promise.all([alice.rtt(), bob.rtt()]);
      const begin = bob.cursor!;
      const readers = [reader(alice.events()), reader(bob.events())];
      let count = 0;
      const sent: Promise<unknown>[] = [];
      const acts: Record<Step, () => unknown> = {
        'alice sends': () => sent.push(alice.sendTo('bob', { text: `a${count++}` })),
        'bob sends': () => sent.push(bob.sendTo('alice', { text: `b${count++}` })),
        'the platform sends': () => world.message('alice', 'bob', `p${count++}`),
        cut: () => world.cut(),
        refuse: () => {
          world.refuseConnections();
          world.cut();
        },
        'go away': () => world.goAway(10),
        leave: () => {
          world.goAway(5);
          world.close(4512, 'going_away');
        },
        close: () => world.close(4503, 'consent_unverifiable'),
        lose: () => world.loseNextEvent(),
        'refuse a send': () => world.failNext('message.send', 'unavailable'),
        expire: () => world.tokenExpires(),
        // Twice in a row would rightly be the end, so the next one waits until it is over.
        'void tokens': async () => {
          world.expireTokens();
          world.refuseConnections(false);
          await Promise.all([alice.rtt(), bob.rtt()]);
        },
        rewind: () => readers.push(reader(bob.events({ after: begin }))),
        tick,
      };
      for (const step of taken) {
        await acts[step]();
        if (step !== 'refuse') world.refuseConnections(false);
      }
      world.refuseConnections(false);
      await Promise.all(sent);
      await alice.sendTo('bob', { text: 'end' });
      // What was lost last of all is seen when a connection is made anew.
      for (let ticks = 1; readers.some(({ texts }) => texts.at(-1) !== 'end'); ticks++) {
        await tick();
        if (ticks % 50 === 0) world.cut();
      }
      await Promise.all(readers.map(({ done }) => done));
      const stored = world.messages(['alice', 'bob']).map(({ text }) => text);
      for (const { texts } of readers) expect(texts).toEqual(stored);
      expect(stored).toHaveLength(count + 1);
      expect(ends).toEqual([]);
      await Promise.all([alice.close(), bob.close()]);
    }),
    { numRuns: 150 },
  );
});

const CHANGES = [
  'becomes alice',
  'becomes bob',
  'becomes nobody',
  'void tokens',
  'open',
  'sign out',
  'expire',
  'cut',
  'go away',
  'tick',
] as const;
type Change = (typeof CHANGES)[number] | 'sends' | 'asks' | 'sends late' | 'asks late';

const changes = fc.array(
  fc.tuple(
    fc.constantFrom(0, 1),
    fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom<Change>('sends', 'asks', 'sends late', 'asks late') },
      { weight: 3, arbitrary: fc.constantFrom<Change>(...CHANGES) },
    ),
  ),
  { minLength: 5, maxLength: 30 },
);

test('whoever signs in, out and in again on clients that share an outbox, nothing of one is sent, asked or told as another, and nothing is sent twice', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (taken) => {
      const world = createTestBridge(['alice', 'bob', 'carol']);
      const { webSocket, ...options } = world.as('alice');
      const memory = memoryOutbox();
      /** Now and then it takes its time, in which somebody may sign out. */
      const sometimes = async () => void (count % 3 === 0 && (await tick()));
      const outbox: OutboxStore = {
        ...memory,
        put: (entry) => sometimes().then(() => memory.put(entry)),
        claim: (localId, person) => sometimes().then(() => memory.claim!(localId, person)),
      };
      let count = 0;
      const wrong: string[] = [];
      const sends = new Map<string, string>();
      /** Every text begins with whose it is, or with nobody's. */
      const isOthers = (text: string, person: string) => !text.startsWith(person) && !text.startsWith('nobody');
      class Watched extends (webSocket!) {
        #person = '';
        constructor(url: string, protocols: string) {
          super(url, protocols);
          this.addEventListener('message', ({ data }) => {
            this.#person = JSON.parse(data).data.person?.id ?? this.#person;
          });
        }
        override send(frame: string) {
          const { event, data } = JSON.parse(frame);
          const text = data.text ?? data.title;
          if (text && isOthers(text, this.#person)) wrong.push(`${event} ${text} as ${this.#person}`);
          if (event === 'message.send' && (sends.get(text) ?? this.#person) !== this.#person)
            wrong.push(`${text} twice`);
          if (event === 'message.send') sends.set(text, this.#person);
          super.send(frame);
        }
      }
      const clients = [0, 1].map(() => {
        let signIn: TestClientOptions | undefined;
        const token = (request: TokenRequest) => signIn?.token(request) ?? null;
        const bridge = createClient({ ...options, webSocket: Watched, outbox, token, drainTimeoutMs: 0 });
        bridge.on('message.created', ({ message }) => {
          const to = bridge.session?.person.id ?? '';
          if (message.from.id === 'carol' && isOthers(message.text ?? '', to))
            wrong.push(`${message.text} told to ${to}`);
        });
        const tag = () => `${bridge.session?.person.id ?? 'nobody'} ${count++}`;
        const acts: Record<Change, () => unknown> = {
          'becomes alice': () => {
            signIn = world.as('alice');
          },
          'becomes bob': () => {
            signIn = world.as('bob');
          },
          'becomes nobody': () => {
            signIn = undefined;
          },
          open: () => bridge.open(),
          sends: () => void bridge.sendTo('carol', { text: tag() }).catch(() => {}),
          asks: () => {
            const data = { members: ['carol'], title: tag(), clientId: crypto.randomUUID() };
            void bridge.request('conversation.create', data, { timeoutMs: 50 }).catch(() => {});
          },
          'sign out': () => void bridge.request('session.close', {}, { timeoutMs: 50 }).catch(() => {}),
          'void tokens': () => world.expireTokens(),
          expire: () => world.tokenExpires(),
          cut: () => world.cut(),
          'go away': () => world.goAway(10),
          // Whoever tells it to come again in a moment may meet somebody else then.
          'sends late': () => {
            world.failNext('message.send', 'rate_limited', { retryable: true, retryAfterMs: 3 });
            acts.sends();
          },
          'asks late': () => {
            world.failNext('conversation.create', 'rate_limited', { retryable: true, retryAfterMs: 3 });
            acts.asks();
          },
          tick,
        };
        return { bridge, acts };
      });
      for (const [of, step] of taken) {
        const { acts, bridge } = clients[of]!;
        await acts[step]();
        if (step.startsWith('becomes')) {
          world.expireTokens();
          bridge.open();
        }
        await tick();
        world.message('carol', 'alice', `alice ${count++}`);
        world.message('carol', 'bob', `bob ${count++}`);
      }
      expect(wrong).toEqual([]);
      // In the end both are there, and nothing of either is left: none of the above has stopped a lane for good.
      for (const [index, person] of (['alice', 'bob'] as const).entries()) {
        const { acts, bridge } = clients[index]!;
        await acts[`becomes ${person}`]();
        world.expireTokens();
        while (bridge.session?.person.id !== person || bridge.state.name !== 'live') {
          if (!bridge.state.retryable) {
            await acts[`becomes ${person}`]();
            bridge.open();
          }
          await tick();
        }
      }
      const left = async () => (await outbox.load()).filter(({ status }) => status !== 'failed');
      // What the other has left is seen with a new connection.
      for (let ticks = 0; ticks < 2_000 && (await left()).length > 0; ticks++) {
        if (ticks % 50 === 0) world.cut();
        await tick();
      }
      expect(await left()).toEqual([]);
      for (const { bridge } of clients) await bridge.drain({ timeoutMs: 10_000 });
      await Promise.all(clients.map(({ bridge }) => bridge.close()));
      expect(wrong).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
