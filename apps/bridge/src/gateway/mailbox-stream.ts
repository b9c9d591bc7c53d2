import type { DurableEvent, StoredEvent } from '@drawbridge/messaging';
import { durableHead, passingFrame } from '@drawbridge/protocol';
import type { Connection } from './connection.js';
import type { Delivery, Mailbox } from './delivery.js';
import type { FrameBytes } from './frame-bytes.js';
import type { PassingEvent } from './hints.js';
import type { WaitingFrame } from './outbound.js';
import { PassingShared } from './outbound-frames.js';
import { READ } from './scope-bits.js';

/** Every bound of the way of an event to its connection (I9). */
export const STREAM_LIMITS = {
  /** A hole is waited for this long, then the store is asked: two lanes may tell of their commits in either order. */
  holeMs: 20,
  maxHeld: 256,
  /** Events of one read from the store. */
  page: 100,
  /** A connection that is read to from the store gets more when less than this waits for it. */
  readAheadBytes: 262_144,
  /** Passing events are dropped where more waits than this. */
  passingBytes: 16_384,
} as const;

/** An event as a commit or the store tells it: its data serialised once, for everybody. */
export type MailboxEvent = Pick<DurableEvent, 'name' | 'data' | 'own'> & Pick<StoredEvent, 'ownClientId'>;

export interface MailboxReset {
  readonly epoch: string;
  readonly head: number;
  readonly reason: 'epoch_changed' | 'trimmed' | 'ahead';
}

/** Where a connection begins in its mailbox. */
export interface Beginning {
  readonly after: number;
  /** What `after` is a place in. */
  readonly epoch: string;
  /** Why it does not go on from where the client wanted. */
  readonly reset?: MailboxReset | undefined;
  /** What was missed comes before `mailbox.live`; without a place to go on from, everything is live (protocol 5.1). */
  readonly resumes: boolean;
}

/**
 * One connection's place in its person's mailbox (I4). `live`: each commit's event goes straight out. `reading`: events
 * come from the store until nothing is missing; what commits meanwhile is found there. The store decides, hints hurry.
 */
export class MailboxStream {
  /** The last event put into the queue. */
  private cursor: number;
  /** The last one handed to the socket, or where the connection opened at: the `prev` of the next. */
  private writtenSeq: number;
  private mode: 'waiting' | 'reading' | 'live' | 'stopped' = 'waiting';
  /** Counts up when queued events may no longer go: what was queued before is then found in the store again. */
  private generation = 0;
  /** Counts the readings; an older one that comes back from the store has nothing to say any more. */
  private readings = 0;
  private readonly held = new Map<number, MailboxEvent>();
  /** What it reads was missed by hints. */
  private healing = false;
  private holeTimer: NodeJS.Timeout | undefined;
  private owesLive = true;
  private owesReset: MailboxReset | undefined;
  private resumes: boolean;
  /** Another one than the store's, and what the client has is no longer what the mailbox goes on from. */
  epoch: string;
  /** The generation in which a notice that is still owed was put into the queue. */
  private resetQueuedIn = -1;
  private liveQueuedIn = -1;

  constructor(
    private readonly connection: Connection,
    private readonly delivery: Delivery,
    readonly mailbox: Mailbox,
    { after, epoch, reset, resumes }: Beginning,
  ) {
    this.cursor = this.writtenSeq = after;
    this.epoch = epoch;
    this.owesReset = reset;
    this.resumes = resumes;
    delivery.began(this);
  }

  /** Whose it is, for the log. */
  get ids(): object {
    return this.connection.ids;
  }

  get lastWritten(): number {
    return this.writtenSeq;
  }

  /** After the reply to session.open: reset if need be, what was missed, `mailbox.live`, and then what happens. */
  start(): void {
    if (this.mode === 'waiting') this.read();
  }

  stop(): void {
    if (this.mode === 'stopped') return;
    this.mode = 'stopped';
    this.generation += 1;
    this.forgetHeld();
    this.delivery.detach(this);
  }

  /** A commit's event for this mailbox. */
  offer(seq: number, event: MailboxEvent): void {
    if (this.mode !== 'live' || seq <= this.cursor) return;
    if (seq === this.cursor + 1) {
      this.enqueue(seq, event);
      if (this.held.size > 0) this.fill();
      return;
    }
    this.held.set(seq, event);
    if (this.held.size > STREAM_LIMITS.maxHeld) this.missed();
    else this.holeTimer ??= setTimeout(() => this.missed(), STREAM_LIMITS.holeMs);
  }

  /** A passing event: for who keeps up, and is not behind with what lasts. */
  pass(event: PassingEvent): void {
    const { connection, mode } = this;
    if (mode !== 'live' || connection.outbound.waitingBytes > STREAM_LIMITS.passingBytes) return;
    connection.push(new PassingShared(connection, event));
  }

  /** The store's head was found to be further than what was heard of. */
  catchUp(): void {
    if (this.mode === 'live' && this.cursor < this.mailbox.known) this.missed();
  }

  /** A commit was not told of in time. */
  private missed(): void {
    if (this.mode !== 'live') return;
    this.delivery.counts.missed += 1;
    this.healing = true;
    this.read();
  }

  /** The client has to load anew what it shows; from `head` on it is told of everything. What waited for it is of before. */
  beginAnew(reset: MailboxReset): void {
    if (this.mode === 'stopped') return;
    this.generation += 1;
    this.owesReset = reset;
    this.owesLive = true;
    this.resumes = false;
    this.epoch = reset.epoch;
    this.cursor = reset.head;
    if (this.mode !== 'waiting') this.restart();
  }

  /** Reads on, after the lease had lapsed or the store had failed. */
  retry(): void {
    if (this.mode === 'reading') this.restart();
  }

  private fill(): void {
    for (let event = this.held.get(this.cursor + 1); event; event = this.held.get(this.cursor + 1)) {
      this.held.delete(this.cursor + 1);
      this.enqueue(this.cursor + 1, event);
    }
    for (const seq of this.held.keys()) if (seq <= this.cursor) this.held.delete(seq);
    if (this.held.size === 0) this.forgetHeld();
  }

  private forgetHeld(): void {
    this.held.clear();
    clearTimeout(this.holeTimer);
    this.holeTimer = undefined;
  }

  private enqueue(seq: number, event: MailboxEvent): void {
    this.cursor = seq;
    try {
      this.connection.push(new DurableFrame(this, this.generation, seq, event));
    } catch (error) {
      // Whether it is in the queue is not known; left as it is, the next `prev` would hide the gap (I4).
      this.fellBehind();
      throw error;
    }
  }

  private read(): void {
    if (this.mode === 'stopped' || this.mode === 'reading') return;
    this.restart();
  }

  private restart(): void {
    this.mode = 'reading';
    this.forgetHeld();
    this.readings += 1;
    this.readOn(this.readings).catch((error: unknown) => this.delivery.failed(this, error));
  }

  private async readOn(reading: number): Promise<void> {
    const isCurrent = () => this.readings === reading && this.mode === 'reading';
    if (this.owesReset && this.resetQueuedIn !== this.generation) {
      this.resetQueuedIn = this.generation;
      this.cursor = this.owesReset.head;
      this.connection.push(new StreamNotice(this, this.generation, 'mailbox.reset', this.owesReset));
    }
    if (!this.resumes) this.tellLive();
    while (this.cursor < this.mailbox.known) {
      if (!this.delivery.mayRead()) return this.delivery.wait(this);
      const events = await this.delivery.readAfter(this.mailbox.owner, this.cursor, STREAM_LIMITS.page);
      if (!isCurrent()) return;
      // The store has every number after the last one that was trimmed.
      if (events[0]?.seq !== this.cursor + 1) {
        await this.lacking(isCurrent, events.length === 0);
        if (!isCurrent()) return;
        continue;
      }
      for (const event of events) {
        if (this.connection.outbound.waitingBytes > STREAM_LIMITS.readAheadBytes) {
          await this.connection.outbound.whenEmpty();
          if (!isCurrent()) return;
        }
        // What it told of is no longer kept: as if filtered out, and `prev` shows no gap.
        if (event.gone) this.cursor = event.seq;
        else this.enqueue(event.seq, event);
      }
    }
    this.mode = 'live';
    if (this.healing) this.delivery.counts.healed += 1;
    this.healing = false;
    this.tellLive();
  }

  /** The next event is not in the store: it was trimmed, or somebody had heard wrong. Rejects where it ought to be there. */
  private async lacking(isCurrent: () => boolean, hasNothing: boolean): Promise<void> {
    const { delivery, mailbox } = this;
    if (hasNothing) {
      await delivery.hearAnew(mailbox, this.cursor);
      if (!isCurrent() || this.cursor >= mailbox.known) return;
    }
    const { head, trimmed, epoch } = await delivery.whereNow(mailbox.owner);
    if (!isCurrent()) return;
    if (this.cursor >= trimmed) throw new Error(`Mailbox ${mailbox.owner} lacks events after ${this.cursor}`);
    this.beginAnew({ epoch, head, reason: 'trimmed' });
  }

  private tellLive(): void {
    if (!this.owesLive || this.liveQueuedIn === this.generation) return;
    this.liveQueuedIn = this.generation;
    this.connection.push(new StreamNotice(this, this.generation, 'mailbox.live', { seq: this.cursor }));
  }

  /** @internal I1: asked at the write. What may not go at this moment, and all that waits behind it, is read from the store when it may. */
  private mayGo(generation: number): boolean {
    if (generation !== this.generation) return false;
    const refusal = this.connection.refusal(READ);
    // What the scopes filter out is not for this connection, and its `prev` shows no gap.
    if (refusal && refusal !== 'scope_missing') this.fellBehind();
    return !refusal;
  }

  private fellBehind(): void {
    if (this.mode === 'stopped') return;
    this.generation += 1;
    this.cursor = this.writtenSeq;
    this.mode = 'reading';
    this.readings += 1;
    this.forgetHeld();
    this.delivery.wait(this);
  }

  /** @internal I1, I4: in the same step as the socket write. */
  writeEvent(bytes: FrameBytes, generation: number, seq: number, event: MailboxEvent): void {
    if (!this.mayGo(generation)) return;
    const head = durableHead(event.name, seq, this.writtenSeq);
    const clientId = this.ownClientId(event);
    // The data ends in the brace of its object, before which the sender's own copy gets its clientId.
    if (clientId) bytes.shared(head, event.data.subarray(0, -1), `,"clientId":"${clientId}"}}`);
    else bytes.shared(head, event.data, '}');
    this.writtenSeq = seq;
    this.connection.session!.consent.lastSeq = seq;
  }

  /** Where this connection is of the person and app that sent it. */
  private ownClientId({ own, ownClientId }: MailboxEvent): string | undefined {
    const app = this.connection.session?.consent.app.id;
    if (own) return own.person === this.mailbox.owner && own.app === app ? own.clientId : undefined;
    return ownClientId?.app === app ? ownClientId?.clientId : undefined;
  }

  /** @internal */
  writeNotice(bytes: FrameBytes, generation: number, name: 'mailbox.reset' | 'mailbox.live', data: object): void {
    if (!this.mayGo(generation)) return;
    if (name === 'mailbox.live') this.owesLive = false;
    else if (this.owesReset) {
      // The `prev` of what comes now.
      this.writtenSeq = this.owesReset.head;
      this.owesReset = undefined;
    }
    bytes.text(passingFrame(name, data));
  }
}

class DurableFrame implements WaitingFrame {
  constructor(
    private readonly stream: MailboxStream,
    private readonly generation: number,
    private readonly seq: number,
    private readonly event: MailboxEvent,
  ) {}

  size(): number {
    return this.event.data.length + 64;
  }

  writeTo(bytes: FrameBytes): void {
    this.stream.writeEvent(bytes, this.generation, this.seq, this.event);
  }
}

/** `mailbox.reset` and `mailbox.live`: in their place among the events, and never lost. */
class StreamNotice implements WaitingFrame {
  constructor(
    private readonly stream: MailboxStream,
    private readonly generation: number,
    private readonly name: 'mailbox.reset' | 'mailbox.live',
    private readonly data: object,
  ) {}

  size(): number {
    return 256;
  }

  writeTo(bytes: FrameBytes): void {
    this.stream.writeNotice(bytes, this.generation, this.name, this.data);
  }
}
