import { Announcements, confirmedBy } from './announcements.js';
import { type Bus, MAX_PAYLOAD_BYTES } from './bus.js';
import { ByteReader, ByteWriter } from './byte-stream.js';
import { Holders, isStale, KnownPeer, NOBODY, type Peer } from './known-peer.js';
import { FRAME, type FrameHead, frameHead, readFrameHead, readKeys, VERSION, writeKeys } from './peer-frames.js';

/** Every bound of the talk between the processes (I9). */
export const PEER_LIMITS = {
  /** Each process says so often that it is there, and to each peer how far it has come. */
  beatMs: 1_000,
  /** A peer of which nothing was heard for so long is taken for dead. */
  deadAfterMs: 3_500,
  /** What a peer announced is confirmed within this time. */
  confirmWithinMs: 100,
  /** A peer is asked for a snapshot, and sent one, at most once in this time; whoever still lacks one asks at its next beat. */
  snapshotEveryMs: 100,
  maxPeers: 1_024,
  /** Announcements to a peer that it has not confirmed and that are remembered one by one. */
  maxUnconfirmed: 10_000,
} as const;

const BROADCAST = 'peers';
const channelOf = (instance: string) => `peer.${instance}`;

export interface PeersOptions {
  readonly bus: Bus;
  /** A UUID of this process's boot. */
  readonly instance: string;
  /** What others know this process by, at this moment: the id of its lease row. */
  readonly label?: () => string;
  /** A hint for keys held here. */
  onHint(payload: Buffer): void;
  /** Every peer knows by now that these keys are held here; what it did before, it did without a hint. */
  onAnnounced(keys: number[]): void;
  /** Hints were lost, or may have been: whatever is held here must be looked up. */
  onDoubt(why: Doubt): void;
}

export type Doubt = 'gap' | 'peer_died' | 'peer_joined' | 'bus_returned';

/**
 * Who is where: each process announces the keys it holds (people who are connected), and whoever has news for a key
 * sends it to the processes that hold it, one publish for each of them. What goes from one process to another is one
 * numbered stream of announcements and hints, with a heartbeat: a loss is noticed within a second, makes the receiver
 * look into the store (`onDoubt`), and makes it ask for a snapshot of what it missed. Until that has come, the peer is
 * sent every hint. So a hint can be lost, and the knowledge of it cannot (I4, I7).
 */
export class Peers {
  private readonly peers = new Map<string, KnownPeer>();
  private readonly holding = new Holders();
  private readonly announcements = new Announcements(() => this.announce(), PEER_LIMITS.maxUnconfirmed);
  /** Streams of this process so far: a later one has the higher number, and what comes of an earlier one is old. */
  private streams = 0;
  private beating: NodeJS.Timeout | undefined;
  private readonly unsubscribes: (() => void)[] = [];
  private stopped = false;
  readonly counts = { hintsSent: 0, hintsReceived: 0, gaps: 0, unreadable: 0 };

  constructor(private readonly o: PeersOptions) {}

  /** Resolves when peers can be heard, or when the bus is down and they cannot; it goes on by itself later. */
  async start(): Promise<void> {
    const { bus, instance } = this.o;
    this.unsubscribes.push(bus.onUp(() => this.busReturned()));
    this.unsubscribes.push(await bus.subscribe(channelOf(instance), (payload) => this.receive(payload)));
    this.unsubscribes.push(await bus.subscribe(BROADCAST, (payload) => this.hear(payload)));
    this.beating = setInterval(() => this.beat(), PEER_LIMITS.beatMs).unref();
    this.beat();
  }

  /** Says goodbye, so that nobody waits for what will not come. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.beating);
    this.announcements.stop();
    for (const peer of this.peers.values()) {
      this.send(peer, FRAME.leave, new ByteWriter(64));
      clearTimeout(peer.confirmTimer);
    }
    for (const unsubscribe of this.unsubscribes) unsubscribe();
    this.peers.clear();
    this.holding.clear();
  }

  /** What every living peer says that it is known by. */
  labels(): Set<string> {
    return new Set([...this.peers.values()].map((peer) => peer.label));
  }

  get size(): number {
    return this.peers.size;
  }

  /** From now on hints for the key are wanted here. */
  hold(key: number): void {
    this.announcements.hold(key);
  }

  release(key: number): void {
    this.announcements.release(key);
  }

  /** The peers that hold a key, as far as they have said; `doubtful` ones may hold it too. */
  holders(key: number): readonly Peer[] {
    return this.holding.of(key);
  }

  /** Peers of which it is not known what they hold: they get every hint. */
  doubtful(): readonly Peer[] {
    if (this.doubtfulCount === 0) return NOBODY;
    return [...this.peers.values()].filter((peer) => peer.inDoubt);
  }

  /** Sends a hint. */
  hint(peer: Peer, payload: ByteWriter): void {
    const known = this.peers.get(peer.instance);
    if (!known || this.stopped) return;
    this.counts.hintsSent += 1;
    this.send(known, FRAME.hint, payload);
  }

  private get doubtfulCount(): number {
    let count = 0;
    for (const peer of this.peers.values()) if (peer.inDoubt) count += 1;
    return count;
  }

  private send(peer: KnownPeer, kind: number, payload: ByteWriter): void {
    // A heartbeat tells the number of the last frame and has none of its own.
    if (kind !== FRAME.beat) peer.sent.number += 1;
    const head: FrameHead = { kind, from: this.o.instance, stream: peer.sent.stream, number: peer.sent.number };
    const body = payload.take();
    const frame = new ByteWriter(64 + body.length);
    frameHead(frame, head);
    frame.raw(body);
    this.o.bus.publish(channelOf(peer.instance), frame.take());
  }

  /** Announces what changed in this turn, to everybody. */
  private announce(): void {
    const change = this.announcements.next(this.peers.size > 0);
    if (this.stopped || !change) return;
    for (const peer of this.peers.values()) {
      const delta = new ByteWriter();
      writeKeys(delta, change.added);
      writeKeys(delta, change.removed);
      this.send(peer, FRAME.delta, delta);
      this.announcements.sentTo(peer);
    }
  }

  private sendSnapshot(peer: KnownPeer): void {
    // What waits to be announced is in it already, and is announced to it once more.
    const { held } = this.announcements;
    const snapshot = new ByteWriter(16 + 2 * held.size);
    writeKeys(snapshot, held);
    this.send(peer, FRAME.snapshot, snapshot);
    this.announcements.sentTo(peer);
  }

  private beat(): void {
    const hello = new ByteWriter(128);
    hello.byte(VERSION);
    hello.text(this.o.instance);
    hello.text(this.o.label?.() ?? '');
    this.o.bus.publish(BROADCAST, hello.take());
    const now = performance.now();
    for (const peer of [...this.peers.values()]) {
      if (now - peer.heardAt > PEER_LIMITS.deadAfterMs) {
        this.forget(peer);
        this.o.onDoubt('peer_died');
        continue;
      }
      this.confirm(peer);
      if (peer.inDoubt) this.ask(peer);
    }
  }

  /** Two processes whose frames come twice would otherwise answer each other without end. */
  private ask(peer: KnownPeer): void {
    const now = performance.now();
    if (now - peer.askedAt < PEER_LIMITS.snapshotEveryMs) return;
    peer.askedAt = now;
    this.send(peer, FRAME.ask, new ByteWriter(1));
  }

  private answer(peer: KnownPeer): void {
    const now = performance.now();
    if (now - peer.answeredAt < PEER_LIMITS.snapshotEveryMs) return;
    peer.answeredAt = now;
    this.sendSnapshot(peer);
  }

  /** Tells a peer how far its stream has come here, and how far this process's own has gone. */
  private confirm(peer: KnownPeer): void {
    clearTimeout(peer.confirmTimer);
    peer.confirmTimer = undefined;
    const beat = new ByteWriter(32);
    beat.varint(peer.received.stream);
    beat.varint(peer.received.confirmed);
    this.send(peer, FRAME.beat, beat);
  }

  private confirmSoon(peer: KnownPeer): void {
    peer.confirmTimer ??= setTimeout(() => this.confirm(peer), PEER_LIMITS.confirmWithinMs).unref();
  }

  /** Somebody says that it is there. */
  private hear(payload: Uint8Array): void {
    this.reading(payload, (reader) => {
      // A process of another version is not heard: while both run, what it commits is found by comparing.
      if (reader.byte() !== VERSION) return;
      const instance = reader.text();
      if (instance === this.o.instance) return;
      const peer = this.peerOf(instance);
      if (!peer) return;
      peer.heardAt = performance.now();
      peer.label = reader.text();
    });
  }

  private peerOf(instance: string): KnownPeer | undefined {
    const known = this.peers.get(instance);
    if (known || this.stopped) return known;
    if (this.peers.size >= PEER_LIMITS.maxPeers && !this.forgetOneUnheard()) return undefined;
    this.streams += 1;
    const peer = new KnownPeer(instance, this.streams);
    this.peers.set(instance, peer);
    this.sendSnapshot(peer);
    return peer;
  }

  /** The one that came first of those that only said that they are there: whoever lives speaks to this process at once. */
  private forgetOneUnheard(): boolean {
    for (const peer of this.peers.values()) {
      if (peer.received.stream !== 0) continue;
      this.forget(peer);
      return true;
    }
    return false;
  }

  private receive(payload: Uint8Array): void {
    this.reading(payload, (reader) => {
      const head = readFrameHead(reader);
      const peer = this.peerOf(head.from);
      if (!peer) return;
      peer.heardAt = performance.now();
      if (isStale(peer, head)) this.takeStale(peer, head, reader);
      else {
        this.follow(peer, head);
        this.take(peer, head, reader);
      }
    });
  }

  /** Follows the numbers of what comes. Where one is missing, hints may be lost and the peer's keys are not known. */
  private follow(peer: KnownPeer, { kind, stream, number }: FrameHead): void {
    const { received } = peer;
    const expected = kind === FRAME.beat ? received.number : received.number + 1;
    const goesOn = stream === received.stream && number === expected;
    if (!goesOn) {
      // A stream in the place of another: the peer took this process for dead meanwhile, and sent it nothing.
      const begins = received.stream === 0 && number === 1 && kind === FRAME.snapshot;
      received.stream = stream;
      if (!begins) {
        peer.inDoubt = true;
        this.counts.gaps += 1;
        this.o.onDoubt('gap');
        if (kind !== FRAME.snapshot) this.ask(peer);
      }
    }
    received.number = number;
    if (!peer.inDoubt) received.confirmed = number;
  }

  private take(peer: KnownPeer, { kind, number }: FrameHead, reader: ByteReader): void {
    switch (kind) {
      case FRAME.hint:
        this.counts.hintsReceived += 1;
        this.o.onHint(reader.rest());
        return;
      case FRAME.delta: {
        // In doubt, the snapshot that was asked for has it.
        if (peer.inDoubt) return;
        for (const key of readKeys(reader)) this.holding.add(peer, key);
        for (const key of readKeys(reader)) this.holding.remove(peer, key);
        this.confirmSoon(peer);
        return;
      }
      case FRAME.snapshot: {
        this.holding.removeAll(peer);
        for (const key of readKeys(reader)) this.holding.add(peer, key);
        peer.inDoubt = false;
        peer.received.confirmed = number;
        this.confirmSoon(peer);
        return;
      }
      case FRAME.ask:
        this.answer(peer);
        return;
      case FRAME.beat:
        this.confirmed(peer, reader.varint(), reader.varint());
        return;
      case FRAME.leave:
        this.forget(peer);
    }
  }

  /** It came before, or was overtaken, and then the gap has been noticed. What is only news is news all the same. */
  private takeStale(peer: KnownPeer, { kind }: FrameHead, reader: ByteReader): void {
    if (kind === FRAME.hint) this.o.onHint(reader.rest());
    else if (kind === FRAME.beat) this.confirmed(peer, reader.varint(), reader.varint());
  }

  /** The peer knows what this process had announced in the frames of that stream up to `number`. */
  private confirmed(peer: KnownPeer, stream: number, number: number): void {
    const isNew = peer.knows === 0;
    if (stream !== peer.sent.stream || !confirmedBy(peer, number)) return;
    if (isNew) this.o.onDoubt('peer_joined');
    this.tellAnnounced();
  }

  private tellAnnounced(): void {
    const keys = this.announcements.takeConfirmed(this.peers.values());
    if (keys.length > 0) this.o.onAnnounced(keys);
  }

  private forget(peer: KnownPeer): void {
    clearTimeout(peer.confirmTimer);
    this.holding.removeAll(peer);
    this.peers.delete(peer.instance);
    this.tellAnnounced();
  }

  private busReturned(): void {
    if (this.stopped) return;
    this.beat();
    this.o.onDoubt('bus_returned');
  }

  /** What cannot be read is not of this program; it is counted and passed over. */
  private reading(payload: Uint8Array, read: (reader: ByteReader) => void): void {
    try {
      if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError('It is too large.');
      read(new ByteReader(asBuffer(payload)));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.counts.unreadable += 1;
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
