import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bus, ByteWriter, type Doubt, InProcessBus, MAX_PAYLOAD_BYTES, PEER_LIMITS, Peers } from './index.js';

/** The in-process bus with a wire that can be cut: what `lose` says yes to never arrives. */
class LossyBus implements Bus {
  lose: (channel: string, payload: Uint8Array) => boolean = () => false;
  private readonly up = new Set<() => void>();

  constructor(private readonly wire: Bus) {}

  get isUp(): boolean {
    return true;
  }
  publish(channel: string, payload: Uint8Array): void {
    if (!this.lose(channel, payload)) this.wire.publish(channel, payload);
  }
  subscribe(channel: string, handler: (payload: Uint8Array) => void): Promise<() => void> {
    return this.wire.subscribe(channel, handler);
  }
  onUp(listener: () => void): () => void {
    this.up.add(listener);
    return () => this.up.delete(listener);
  }
  returned(): void {
    for (const listener of this.up) listener();
  }
  async close(): Promise<void> {}
}

class Process {
  readonly hints: string[] = [];
  readonly doubts: Doubt[] = [];
  readonly announced: number[] = [];
  readonly bus: LossyBus;
  readonly peers: Peers;

  constructor(
    wire: Bus,
    readonly name: string,
  ) {
    this.bus = new LossyBus(wire);
    this.peers = new Peers({
      bus: this.bus,
      instance: randomUUID(),
      label: () => name,
      onHint: (payload) => this.hints.push(payload.toString()),
      onAnnounced: (keys) => this.announced.push(...keys),
      onDoubt: (why) => this.doubts.push(why),
    });
  }

  /** As a gateway does it: to whoever holds the key or may hold it. */
  tell(key: number, news: string): void {
    for (const peer of new Set([...this.peers.holders(key), ...this.peers.doubtful()])) {
      const hint = new ByteWriter();
      hint.raw(Buffer.from(news));
      this.peers.hint(peer, hint);
    }
  }
}

/** Turns of the event loop until nothing is on the way. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}

/** Jest's own, which is not a global in an ES module. */
const { jest: clock } = import.meta as unknown as { jest: typeof jest };

describe('Peers', () => {
  let wire: InProcessBus;
  let left: Process;
  let right: Process;

  beforeEach(async () => {
    clock.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
    wire = new InProcessBus();
    [left, right] = [new Process(wire, 'left'), new Process(wire, 'right')];
    await left.peers.start();
    await right.peers.start();
    await beats(2);
    left.doubts.length = right.doubts.length = 0;
  });

  afterEach(() => {
    left.peers.stop();
    right.peers.stop();
    clock.useRealTimers();
  });

  async function beats(count: number): Promise<void> {
    for (let beat = 0; beat < count; beat++) {
      clock.advanceTimersByTime(PEER_LIMITS.beatMs);
      await settled();
    }
  }

  it('sends a hint to the process that holds the key, and to no other (I7)', async () => {
    right.peers.hold(7);
    await settled();
    left.tell(7, 'for seven');
    left.tell(8, 'for eight');
    await settled();
    expect(right.hints).toEqual(['for seven']);
    right.peers.release(7);
    await settled();
    left.tell(7, 'again');
    await settled();
    expect(right.hints).toEqual(['for seven']);
  });

  it('knows every living process by its label', () => {
    expect(left.peers.labels()).toEqual(new Set(['right']));
  });

  it('says that a key is known everywhere once every peer has confirmed it (I4)', async () => {
    left.bus.lose = () => true;
    right.peers.hold(7);
    await settled();
    expect(right.announced).toEqual([]);
    left.bus.lose = () => false;
    await beats(2);
    expect(right.announced).toEqual([7]);
  });

  it('notices a lost hint by the number of the next, and has the keys looked up (I4)', async () => {
    right.peers.hold(7);
    await settled();
    left.bus.lose = () => true;
    left.tell(7, 'lost');
    left.bus.lose = () => false;
    left.tell(7, 'next');
    await settled();
    expect(right.hints).toEqual(['next']);
    expect(right.doubts).toEqual(['gap']);
  });

  it('notices by the heartbeat that the last hint was lost (I4)', async () => {
    right.peers.hold(7);
    await settled();
    left.bus.lose = () => true;
    left.tell(7, 'lost');
    left.bus.lose = () => false;
    await beats(1);
    expect(right.doubts).toEqual(['gap']);
  });

  it('sends a peer every hint whose announcement was lost, until it has a snapshot (I7)', async () => {
    right.bus.lose = () => true;
    right.peers.hold(7);
    await settled();
    left.tell(7, 'not known yet');
    right.bus.lose = () => false;
    // The gap shows by the next announcement; the snapshot that is asked for is lost too.
    right.bus.lose = (channel, payload) => channel.startsWith('peer.') && payload[1] === 3;
    right.peers.hold(8);
    await settled();
    left.tell(7, 'in doubt');
    left.tell(9, 'in doubt, for nobody');
    await settled();
    expect(right.hints).toEqual(['in doubt', 'in doubt, for nobody']);
    right.bus.lose = () => false;
    await beats(2);
    left.tell(9, 'known to be for nobody');
    left.tell(7, 'known');
    await settled();
    expect(right.hints.slice(2)).toEqual(['known']);
  });

  it('takes a silent peer for dead, forgets what it held and has everything looked up (I4)', async () => {
    right.peers.hold(7);
    await settled();
    right.bus.lose = () => true;
    await beats(5);
    expect(left.doubts).toEqual(['peer_died']);
    expect(left.peers.size).toBe(0);
    expect(left.peers.holders(7)).toEqual([]);
    // It lives on, and comes back with all that it holds.
    right.bus.lose = () => false;
    await beats(2);
    left.tell(7, 'back');
    await settled();
    expect(right.hints).toEqual(['back']);
  });

  it('has everything looked up when a process joins, whose hints did not come before (I4)', async () => {
    const third = new Process(wire, 'third');
    right.peers.hold(7);
    await settled();
    await third.peers.start();
    await beats(2);
    expect(right.doubts).toContain('peer_joined');
    third.tell(7, 'from the third');
    await settled();
    expect(right.hints).toEqual(['from the third']);
    third.peers.stop();
    await settled();
    expect(right.peers.labels()).toEqual(new Set(['left']));
  });

  it('has everything looked up when the bus is back (I7)', () => {
    left.bus.returned();
    expect(left.doubts).toEqual(['bus_returned']);
  });

  it('counts what it cannot read and goes on (I9)', async () => {
    wire.publish('peers', Buffer.from([1, 200]));
    await settled();
    expect(left.peers.counts.unreadable).toBe(1);
    expect(left.peers.size).toBe(1);
  });

  it('looks at nothing of what is larger than a frame may be, or has fewer keys than it says (I9)', async () => {
    let channel = '';
    right.bus.lose = (to) => {
      if (to !== 'peers') channel = to;
      return false;
    };
    await beats(1);
    const snapshot = (keys: number, bytes: number) => {
      const frame = new ByteWriter();
      for (const byte of [1, 3]) frame.byte(byte);
      frame.text(randomUUID());
      for (const number of [1, 1, keys]) frame.varint(number);
      frame.raw(Buffer.alloc(bytes, 1));
      return frame.take();
    };
    const { size } = left.peers;
    wire.publish(channel, snapshot(MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES));
    await settled();
    expect([left.peers.counts.unreadable, left.peers.size]).toEqual([1, size]);
    wire.publish(channel, snapshot(1_001, 1_000));
    await settled();
    expect([left.peers.counts.unreadable, left.peers.holders(1)]).toEqual([2, []]);
  });

  it('tells a process that joins of 200,000 people who are far apart in one frame (I7, I9)', async () => {
    const apart = Math.floor(Number.MAX_SAFE_INTEGER / 200_000);
    for (let n = 1; n <= 200_000; n++) right.peers.hold(n * apart);
    await settled();
    let largest = 0;
    right.bus.lose = (_channel, payload) => {
      largest = Math.max(largest, payload.length);
      return false;
    };
    const third = new Process(wire, 'third');
    await third.peers.start();
    await beats(1);
    third.tell(200_000 * apart, 'for the last');
    third.tell(1, 'for nobody');
    await settled();
    expect(right.hints).toEqual(['for the last']);
    expect([largest > 1_000_000, largest < MAX_PAYLOAD_BYTES]).toEqual([true, true]);
    third.peers.stop();
  });

  it('lets a process in though as many as may be say that they are there, and say no more (I9)', async () => {
    for (let n = 0; n < PEER_LIMITS.maxPeers; n++) {
      const hello = new ByteWriter();
      hello.byte(1);
      hello.text(randomUUID());
      hello.text('nobody');
      wire.publish('peers', hello.take());
    }
    await settled();
    expect(left.peers.size).toBe(PEER_LIMITS.maxPeers);
    const third = new Process(wire, 'third');
    third.peers.hold(7);
    await third.peers.start();
    await beats(1);
    expect(left.peers.size).toBe(PEER_LIMITS.maxPeers);
    expect(left.peers.labels()).toEqual(new Set(['right', 'nobody', 'third']));
    left.tell(7, 'in all the same');
    await settled();
    expect(third.hints).toEqual(['in all the same']);
    third.peers.stop();
  });

  it('has everything looked up when a peer begins anew that had taken it for dead, and sent it nothing (I4)', async () => {
    right.peers.hold(7);
    await settled();
    right.bus.lose = () => true;
    await beats(5);
    expect(right.doubts).toEqual([]);
    left.tell(7, 'to nobody');
    right.bus.lose = () => false;
    await beats(2);
    expect(right.doubts).toContain('gap');
    expect(right.hints).toEqual([]);
  });

  it('does as it did when all that was ever said comes once more (I4, I7)', async () => {
    const said: [string, Uint8Array][] = [];
    for (const { bus } of [left, right]) {
      bus.lose = (channel, payload) => {
        said.push([channel, payload]);
        return false;
      };
    }
    right.peers.hold(7);
    await beats(1);
    const record = right.bus.lose;
    right.bus.lose = () => true;
    await beats(5);
    right.bus.lose = record;
    // The left one has taken the right one for dead and begun anew: what it said is of two streams.
    await beats(2);
    left.tell(7, 'once');
    right.peers.release(7);
    right.peers.hold(8);
    await beats(2);
    const doubts = [...left.doubts, ...right.doubts];
    for (const [channel, payload] of [...said]) wire.publish(channel, payload);
    await beats(2);
    expect([...left.doubts, ...right.doubts]).toEqual(doubts);
    expect([left.peers.holders(7).length, left.peers.holders(8).length]).toEqual([0, 1]);
    // A hint that comes once more is handed on; whoever takes it knows by its number that it is old.
    expect(new Set(right.hints)).toEqual(new Set(['once']));
  });

  it('does not answer without end where everything comes twice, and still knows who holds what (I9)', async () => {
    let frames = 0;
    for (const { bus } of [left, right]) {
      bus.lose = (channel, payload) => {
        frames += 1;
        wire.publish(channel, payload);
        return false;
      };
    }
    right.peers.hold(7);
    await settled();
    left.tell(7, 'news');
    await settled();
    expect(right.hints).toContain('news');
    for (let turn = 0; turn < 20; turn++) await settled();
    expect(frames).toBeLessThan(20);
  });

  it('does not hear a process of another version, which could not read what it is sent (I9)', async () => {
    const hello = new ByteWriter();
    hello.byte(255);
    hello.text(randomUUID());
    hello.text('newer');
    wire.publish('peers', hello.take());
    await settled();
    expect(left.peers.labels()).toEqual(new Set(['right']));
  });

  it('carries keys and lengths of any size', async () => {
    const keys = [0, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 40 + 3, Number.MAX_SAFE_INTEGER];
    for (const key of keys) right.peers.hold(key);
    await settled();
    for (const key of keys) left.tell(key, String(key));
    await settled();
    expect(right.hints).toEqual(keys.map(String));
  });
});
