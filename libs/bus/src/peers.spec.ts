import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Bus, ByteWriter, type Doubt, InProcessBus, PEER_LIMITS, Peers } from './index.js';

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
