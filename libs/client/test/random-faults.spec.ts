import fc from 'fast-check';
import { type BridgeEvent, createClient } from '../src/index.js';
import { createTestBridge } from '../src/testing/index.js';

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
