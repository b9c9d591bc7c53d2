import { randomInt } from 'node:crypto';
import { type BridgeClient, connectedApps, refresh, type Tokens } from '@drawbridge/testing';
import { ClusterWorld, directTo, distribution, Flood, grantOf, type StoredReceipt, tookMs } from './cluster-world.js';

const ENDS = Number(process.env.DRAWBRIDGE_TEST_ENDS ?? 200);
/** How many sign-ins are made ahead, so that the ends come at the pace of the ends. */
const AHEAD = 3;
const GATEWAYS = ['gw-1', 'gw-2', 'gw-3'];
/** The gateway that is frozen, and how often: each takes lease and margin, 5 s. */
const FROZEN = 2;
const FROZEN_ENDS = Math.min(4, ENDS);
const BOUND_MS = 5_000;
/** On top of the bound, on a busy machine: reading the lease rows, and writing the receipt. */
const SLACK_MS = 1_000;
const SOAK_MS = 480_000;

interface Placed {
  readonly gateway: number;
  readonly client: BridgeClient;
  readonly reads: boolean;
}

describe('200 ends of consent under a flood, on three gateways', () => {
  let world: ClusterWorld;
  let senders: { client: BridgeClient; conversation: string }[];
  let apps: Awaited<ReturnType<typeof connectedApps>>;

  beforeAll(async () => {
    world = await ClusterWorld.start();
    senders = await Promise.all(
      ['bob', 'carol', 'dave'].map(async (login, n) => {
        const client = await world.connect(n, await world.signIn(login));
        return { client, conversation: await directTo(client, 'alice') };
      }),
    );
    apps = await connectedApps(world.cluster, { login: 'alice', password: 'drawbridge' });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** Every way in which a person or an app can end one. */
  const ways: readonly ((tokens: Tokens, clients: readonly Placed[]) => Promise<unknown>)[] = [
    (tokens) => world.revoke(tokens),
    (tokens) => apps.end(grantOf(tokens)),
    (_, clients) => clients.find(({ reads }) => reads)!.client.request('session.close', {}),
    async (tokens) => {
      await refresh(world.cluster, tokens);
      await expect(refresh(world.cluster, tokens)).rejects.toThrow('invalid_grant');
    },
  ];

  test(
    'no connection was written anything after what its gateway has confirmed (I1, I2)',
    async () => {
      const flood = new Flood(senders, 2);
      const ahead = Array.from({ length: AHEAD }, () => world.signIn('alice'));
      const took: number[] = [];
      let notReading = 0;
      for (let n = 0; n < ENDS; n++) {
        const tokens = await ahead.shift()!;
        if (n + AHEAD < ENDS) ahead.push(world.signIn('alice'));
        const clients = await place(tokens);
        // The last of some events, so that the end comes at any moment of the flood.
        const reader = clients.find(({ reads }) => reads)!.client;
        const goal = (reader.lastSeq ?? 0) + randomInt(40);
        await reader.waitFor(({ seq }) => seq !== undefined && seq >= goal);
        const ending = ways[n % ways.length]!(tokens, clients);
        const receipt = await world.receipt(tokens);
        await ending;
        for (const { client } of clients) client.resumeReading();
        await Promise.all(clients.map(({ client }) => client.closed));
        for (const gateway of GATEWAYS) compare(receipt, gateway, clients);
        took.push(tookMs(receipt));
        notReading += clients.filter(({ reads }) => !reads).length;
      }
      const { perSecond } = await flood.stop();
      const { told, median } = distribution(took);
      console.log(
        `${ENDS} ends under ${perSecond} messages/s, ${notReading} connections that did not read: ` +
          `request to effective, ms: ${told}`,
      );
      expect(median).toBeLessThan(200);
    },
    SOAK_MS,
  );

  test(
    'with one gateway frozen from before the request, the receipt comes within lease and margin, and bounds what was written (I1, I2, I6)',
    async () => {
      const flooding = new Flood(senders.slice(0, FROZEN), 2);
      const took: number[] = [];
      const leftAfterwards: number[] = [];
      for (let n = 0; n < FROZEN_ENDS; n++) {
        const tokens = await world.signIn('alice');
        const frozenReader = await placeOne(tokens, FROZEN, true);
        const clients = [
          frozenReader,
          await placeOne(tokens, 0, true),
          await placeOne(tokens, FROZEN, false),
          await placeOne(tokens, 1, false),
        ];
        const goal = (frozenReader.client.lastSeq ?? 0) + randomInt(40);
        await frozenReader.client.waitFor(({ seq }) => seq !== undefined && seq >= goal);
        world.cluster.bridges[FROZEN]!.signal('SIGSTOP');
        await world.revoke(tokens, 0);
        const receipt = await world.receipt(tokens);
        // What its kernel had has long arrived: five seconds have passed.
        const before = frozenReader.client.frames.length;
        world.cluster.bridges[FROZEN]!.signal('SIGCONT');
        for (const { client } of clients) client.resumeReading();
        await Promise.all(clients.map(({ client }) => client.closed));
        for (const [index, gateway] of GATEWAYS.entries())
          compare(receipt, gateway, clients, index === FROZEN ? 'lease_expired' : 'ack');
        took.push(tookMs(receipt));
        leftAfterwards.push(frozenReader.client.frames.slice(before).filter(({ seq }) => seq !== undefined).length);
      }
      await flooding.stop();
      console.log(`with a frozen gateway, request to effective, ms: ${distribution(took).told}`);
      console.log(`events that left it after SIGCONT: ${distribution(leftAfterwards).told}`);
      for (const ms of took) expect(ms).toBeLessThan(BOUND_MS + SLACK_MS);
    },
    SOAK_MS,
  );

  /** One to four connections anywhere; at least one reads. */
  function place(tokens: Tokens): Promise<Placed[]> {
    return Promise.all(
      Array.from({ length: 1 + randomInt(4) }, (_, index) =>
        placeOne(tokens, randomInt(GATEWAYS.length), index === 0 || randomInt(3) > 0),
      ),
    );
  }

  async function placeOne(tokens: Tokens, gateway: number, reads: boolean): Promise<Placed> {
    const client = await world.connect(gateway, tokens);
    if (!reads) client.pauseReading();
    return { gateway, client, reads };
  }

  function compare(receipt: StoredReceipt, gateway: string, clients: readonly Placed[], how = 'ack'): void {
    const here = clients.filter((each) => GATEWAYS[each.gateway] === gateway);
    const confirmed = receipt.gateways.find(({ id }) => id === gateway);
    expect(confirmed?.confirmed).toBe(how);
    for (const { client } of here) expect(client.problems).toEqual([]);
    const seen = Math.max(0, ...here.flatMap(({ client }) => client.frames.map(({ seq }) => seq ?? 0)));
    expect(seen).toBeLessThanOrEqual(confirmed?.lastSeq ?? 0);
    // Where everybody was reading, and the gateway could say, it is not only a bound.
    if (how === 'ack' && here.length > 0 && here.every(({ reads }) => reads) && seen > 0)
      expect(seen).toBe(confirmed?.lastSeq);
  }
});
