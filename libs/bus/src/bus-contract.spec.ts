import {
  type RedisServer,
  type RedisUnderSentinel,
  startRedis,
  startRedisCluster,
  startRedisUnderSentinel,
  TcpProxy,
} from '@drawbridge/testing';
import { Redis } from 'ioredis';
import { type Bus, InProcessBus, RedisBus, SignedBus } from './index.js';

interface Place {
  /** Two processes' ends of one bus; the in-process one has only one. */
  readonly here: Bus;
  readonly there: Bus;
}

const bytes = (text: string) => Buffer.from(text);

/** What comes on a channel, and a way to wait for it. */
class Ear {
  readonly heard: Buffer[] = [];
  private waiting: { enough: (heard: Buffer[]) => boolean; resolve: () => void } | undefined;

  readonly handler = (payload: Uint8Array): void => {
    this.heard.push(Buffer.from(payload));
    if (this.waiting?.enough(this.heard)) this.waiting.resolve();
  };

  until(enough: (heard: Buffer[]) => boolean): Promise<void> {
    if (enough(this.heard)) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting = { enough, resolve };
    });
  }

  hears(text: string): Promise<void> {
    // Each is looked at once: of ten thousand, looking at all of them each time would take a minute.
    let looked = 0;
    return this.until((heard) => {
      while (looked < heard.length) if (heard[looked++]!.toString() === text) return true;
      return false;
    });
  }
}

function goingUp(bus: Bus): Promise<void> {
  return new Promise((resolve) => {
    const end = bus.onUp(() => {
      end();
      resolve();
    });
  });
}

function goingDown(bus: Bus): Promise<void> {
  return until(() => !bus.isUp);
}

function until(condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = setInterval(() => {
      if (!condition()) return;
      clearInterval(check);
      resolve();
    }, 10);
  });
}

const connect = async (url: string): Promise<Place> => ({
  here: await RedisBus.connect({ url }),
  there: await RedisBus.connect({ url }),
});

const KEY = Buffer.alloc(32, 'k');

const kinds: Record<string, () => Promise<Place & { stop(): Promise<void> }>> = {
  'in process': async () => {
    const bus = new InProcessBus();
    return { here: bus, there: bus, stop: async () => {} };
  },
  'one Redis': async () => {
    const redis = await startRedis();
    return { ...(await connect(redis.url)), stop: () => redis.stop() };
  },
  'one Redis, signed': async () => {
    const redis = await startRedis();
    const { here, there } = await connect(redis.url);
    const signed = (wire: Bus) => new SignedBus({ wire, key: KEY });
    return { here: signed(here), there: signed(there), stop: () => redis.stop() };
  },
  'a Redis Cluster, with sharded channels': async () => {
    const cluster = await startRedisCluster();
    return { ...(await connect(cluster.url)), stop: () => cluster.stop() };
  },
  'a Redis under Sentinel': async () => {
    const redis = await startRedisUnderSentinel();
    return { ...(await connect(redis.url)), stop: () => redis.stop() };
  },
};

describe.each(Object.entries(kinds))('a bus: %s', (_name, make) => {
  let place: Awaited<ReturnType<typeof make>>;
  beforeAll(async () => {
    place = await make();
  });
  afterAll(async () => {
    await place.here.close();
    await place.there.close();
    await place.stop();
  });

  it('has, through Redis, buckets that processes share: one answers for both, and each is forgotten when it is full (I7)', async () => {
    const { here, there } = place;
    if (!(here instanceof RedisBus && there instanceof RedisBus)) return;
    // Enough of them for every node of a Cluster.
    const each = { tokens: 5, msEach: 100_000, maxMs: 1_000_000 };
    const spent = Array.from({ length: 50 }, (_, n) => ({ key: `bucket-${n}`, ...each }));
    const inOrder = spent.map((one, n) => ({ ...one, tokens: n % 3 }));
    await here.buckets.spend(spent);
    const fullInMs = await there.buckets.spend(inOrder);
    for (const [n, ms] of fullInMs.entries()) expect(ms / each.msEach).toBeCloseTo(5 + (n % 3), 0);
    // However much is taken, and whatever stands there.
    const [most] = await here.buckets.spend([{ ...spent[0]!, tokens: 1e9 }]);
    expect(most).toBe(each.maxMs);
    const short = { key: 'short', tokens: 1, msEach: 20, maxMs: 1_000 };
    const look = { ...short, tokens: 0 };
    await here.buckets.spend([short]);
    while ((await there.buckets.spend([look]))[0]! > 0);
  });

  it('is up, and brings every payload byte for byte: empty, binary, a megabyte', async () => {
    const ear = new Ear();
    const end = await place.there.subscribe('bytes', ear.handler);
    const all = [Buffer.alloc(0), Buffer.from([0, 1, 255, 13, 10]), Buffer.alloc(1_048_576, 'x')];
    // The first of a channel in a Cluster may come later than those that follow it.
    place.here.publish('bytes', bytes('first'));
    await ear.hears('first');
    ear.heard.length = 0;
    for (const payload of all) place.here.publish('bytes', payload);
    await ear.until((heard) => heard.length === all.length);
    expect(ear.heard.every((payload, index) => payload.equals(all[index]!))).toBe(true);
    expect([place.here.isUp, place.there.isUp]).toEqual([true, true]);
    end();
  });

  it('keeps the order of one publisher on one channel, over ten thousand hints', async () => {
    const ear = new Ear();
    const end = await place.there.subscribe('order', ear.handler);
    // In a Cluster the first hint of a channel finds the way to its node; what it meets there may overtake it.
    place.here.publish('order', bytes('first'));
    await ear.hears('first');
    ear.heard.length = 0;
    for (let n = 0; n < 10_000; n++) place.here.publish('order', bytes(String(n)));
    await ear.hears('9999');
    expect(ear.heard.map(Number)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
    end();
  });

  it('brings a hint to every subscriber of its channel, and to nobody whose subscription has ended', async () => {
    const [first, second, ended, other] = [new Ear(), new Ear(), new Ear(), new Ear()];
    await place.there.subscribe('several', first.handler);
    await place.there.subscribe('several', second.handler);
    (await place.there.subscribe('several', ended.handler))();
    await place.there.subscribe('others', other.handler);
    place.here.publish('several', bytes('news'));
    place.here.publish('others', bytes('barrier'));
    await Promise.all([first.hears('news'), second.hears('news'), other.hears('barrier')]);
    expect([ended.heard, other.heard.length]).toEqual([[], 1]);
  });
});

describe('a bus through Redis', () => {
  let redis: RedisServer;
  let bus: RedisBus;
  let ear: Ear;
  beforeEach(async () => {
    redis = await startRedis();
    bus = await RedisBus.connect({ url: redis.url });
    ear = new Ear();
    await bus.subscribe('x', ear.handler);
  });
  afterEach(async () => {
    await bus.close();
    await redis.stop();
  });

  it('is up again by itself, subscribed to all, after Redis was killed and came back empty (I7)', async () => {
    await redis.kill();
    await goingDown(bus);
    const back = goingUp(bus);
    for (let n = 0; n < 1_000; n++) bus.publish('x', bytes('lost'));
    expect(bus.counts.dropped).toBeGreaterThan(0);
    redis = await startRedis({ port: redis.port });
    await back;
    bus.publish('x', bytes('here again'));
    await ear.hears('here again');
    expect(ear.heard.map(String)).toEqual(['here again']);
  });

  it('notices a Redis that stands still, and is up again when it goes on (I7)', async () => {
    redis.signal('SIGSTOP');
    await goingDown(bus);
    const back = goingUp(bus);
    redis.signal('SIGCONT');
    await back;
    bus.publish('x', bytes('on again'));
    await ear.hears('on again');
  });

  it('is not up through a connection that it is giving up, though that still hears (I7)', async () => {
    const internals = bus as unknown as { wire: { restart(): void }; wentDown(why: string): void; look(): void };
    const heardBefore = ear.heard.length;
    bus.publish('x', bytes('on the old connection'));
    await Promise.resolve();
    internals.wentDown('as when nothing was heard');
    internals.wire.restart();
    const back = goingUp(bus);
    internals.look();
    expect(bus.isUp).toBe(false);
    await back;
    bus.publish('x', bytes('on the new one'));
    await ear.hears('on the new one');
    expect(ear.heard.slice(heardBefore).map(String)).toEqual(['on the new one']);
  });

  it('notices a subscription that is dead while its connection lives, by a probe to itself (I7)', async () => {
    const operator = new Redis(redis.url);
    // As after a failover or a resharding: the connection is well, and nothing comes through it.
    const { wire } = bus as unknown as { wire: { unsubscribe(channel: string): Promise<unknown> } };
    await wire.unsubscribe('drawbridge:x');
    expect(await operator.pubsub('NUMSUB', 'drawbridge:x')).toEqual(['drawbridge:x', 0]);
    await goingUp(bus);
    expect(await operator.pubsub('NUMSUB', 'drawbridge:x')).toEqual(['drawbridge:x', 1]);
    bus.publish('x', bytes('alive'));
    await ear.hears('alive');
    operator.disconnect();
  });

  it('starts without a Redis, and is up when it comes (I7)', async () => {
    const { port } = redis;
    await redis.stop();
    const states: string[] = [];
    const early = await RedisBus.connect({
      url: `redis://127.0.0.1:${port}`,
      onState: (state) => states.push(state),
    });
    await early.subscribe('y', ear.handler);
    expect([early.isUp, states]).toEqual([false, ['down']]);
    const up = goingUp(early);
    redis = await startRedis({ port });
    await up;
    early.publish('y', bytes('late, and here'));
    await ear.hears('late, and here');
    await early.close();
  });

  it('has buckets that go on whatever somebody else puts under the name of one (I7)', async () => {
    const operator = new Redis(redis.url);
    const each = { tokens: 1, msEach: 100_000, maxMs: 1_000_000 };
    const spent = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => ({ key, ...each }));
    await bus.buckets.spend(spent);
    for (const [n, key] of (await operator.keys('drawbridge:bucket:*')).toSorted().entries()) {
      await operator.del(key);
      if (n === 0) await operator.rpush(key, 'a list');
      else if (n < 5) await operator.set(key, ['nan', 'inf', '-inf', 'x'][n - 1]!);
    }
    const fullInMs = await bus.buckets.spend(spent);
    for (const ms of fullInMs) expect([each.msEach, each.maxMs]).toContain(ms);
    const again = await bus.buckets.spend(spent);
    expect(again.filter((ms) => ms > each.msEach)).toHaveLength(spent.length);
    operator.disconnect();
  });

  it('leaves nothing open when it is closed', async () => {
    const operator = new Redis(redis.url);
    const clients = async () =>
      String(await operator.client('LIST'))
        .trim()
        .split('\n').length;
    expect(await clients()).toBe(3);
    await bus.close();
    // Redis takes note of a closed connection in its own time.
    while ((await clients()) > 1);
    operator.disconnect();
  });
});

describe('a bus through a Redis under Sentinel', () => {
  let redis: RedisUnderSentinel;
  let place: Place;
  const ear = new Ear();
  beforeEach(async () => {
    redis = await startRedisUnderSentinel();
    place = await connect(redis.url);
    await place.there.subscribe('news', ear.handler);
    place.here.publish('news', bytes('before'));
    await ear.hears('before');
  });
  afterEach(async () => {
    await place.here.close();
    await place.there.close();
    await redis.stop();
  });

  it('goes to the replica when the master dies, and is subscribed there (I7)', async () => {
    const { here, there } = place;
    const up = Promise.all([goingUp(here), goingUp(there)]);
    await redis.master.kill();
    await up;
    here.publish('news', bytes('after'));
    await ear.hears('after');
  });

  it('goes there also when the sentinel gave no answer for longer than a silent bus is borne (I7)', async () => {
    await using proxy = await TcpProxy.to(redis.url);
    const far = await RedisBus.connect({ url: proxy.url });
    await far.subscribe('news', ear.handler);
    proxy.delayAnswers(60_000);
    const moved = goingUp(place.here);
    await redis.master.kill();
    // Time and again while ioredis is asking the sentinel: what it is interrupted in it gives up for good.
    await until(() => far.counts.restarts >= 2);
    await moved;
    const up = goingUp(far);
    proxy.delayAnswers(0);
    await up;
    place.here.publish('news', bytes('after all'));
    await ear.until((heard) => heard.filter((payload) => payload.toString() === 'after all').length === 2);
    await far.close();
  });
});
