import type { Peers } from '@drawbridge/bus';
import type { DurableEvent, MailboxPosition, Messaging, StoredEvent } from '@drawbridge/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { Connection } from './connection.js';
import { type PassingEvent, readHint, sendHints, sendPassing } from './hints.js';
import { MailboxReads } from './mailbox-reads.js';
import type { MailboxStream } from './mailbox-stream.js';
import { PassingShared } from './outbound-frames.js';
import { PASSING_HOLD_LIMITS, PassingHold } from './passing-hold.js';

/** Every bound of the way from a commit to the connections (I9). */
export const DELIVERY_LIMITS = {
  /** How often streams that wait for the lease or the store try again. */
  retryMs: 100,
  /** How often some mailboxes, and the epoch, are compared with the store. */
  compareMs: 1_000,
  /** Every mailbox with a connection is compared with the store once in this many seconds. */
  compareWithinS: 60,
  /** The same while some gateway cannot be heard, so that its hints do not come. */
  compareUnheardWithinS: 5,
  /** Mailboxes compared by one statement. */
  compareSlice: 2_000,
  /** Presence is dropped where more waits than this: it tells of a state, and is dropped later than what is typed. */
  presenceBytes: 524_288,
} as const;

/** A mailbox that somebody here is connected to. */
export interface Mailbox {
  readonly owner: number;
  /** The furthest position heard of. Somebody may have heard wrong: where the store has nothing there, it says how far it goes. */
  known: number;
  readonly streams: Set<MailboxStream>;
  /** Connections that are told of presence; they need not read, and then have no stream. */
  readonly watching: Set<Connection>;
  /** Sessions that are being opened, whose streams are still to come. */
  openings: number;
}

/** What it takes of messaging and consent; both tell it what happens, so it cannot be made of them. */
export interface DeliverySources {
  readonly messaging: Pick<Messaging, 'read' | 'heads' | 'epoch'>;
  /** Where hints of other gateways come from, and where this one's go. */
  readonly peers: Pick<Peers, 'size' | 'holders' | 'doubtful' | 'hint' | 'hold' | 'release'>;
  /** Whether consent is proven at this moment. */
  isFresh(): boolean;
  /** Whether every other gateway that is alive can be heard. */
  hearsAll(): boolean;
}

/**
 * From commits to live connections (I4). The events of a commit, here or told of by another gateway's hint, are offered
 * to the streams of the mailboxes that have somebody here; whatever a stream could not take, it reads from the store.
 * The store decides, the hint only hurries (I7): mailboxes are compared with the store at once where a hint may have
 * been lost, and all of them in turn at all times.
 */
@Injectable()
export class Delivery {
  private readonly mailboxes = new Map<number, Mailbox>();
  private readonly waiting = new Set<MailboxStream>();
  private readonly log = new Logger('Delivery');
  private sources: DeliverySources | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private compareTimer: NodeJS.Timeout | undefined;
  /** Mailboxes of the round of comparing that goes on at all times. */
  private round: number[] = [];
  /** Mailboxes that are to be compared at once. */
  private readonly doubted = new Set<number>();
  private comparing = false;
  private reads: MailboxReads | undefined;
  /** The store's, as far as it was heard of; and whether some stream may be of another. */
  private epoch: string | undefined;
  private epochsDiffer = false;
  private comparingEpochs = false;
  private readonly held = new PassingHold((person, events) => this.tell(person, events));
  /** Where receipts in passing of other gateways wait for their turn. */
  receiptsHeard: ((event: PassingEvent) => void) | undefined;
  /** Streams that the store had more for than they were told of, and those of them that have it by now. */
  readonly counts = { missed: 0, healed: 0 };

  start(sources: DeliverySources): void {
    this.sources = sources;
    this.reads = new MailboxReads((reads) => sources.messaging.read(reads));
    this.compareTimer = setInterval(() => {
      this.compareSlice();
      void this.compareEpochs();
    }, DELIVERY_LIMITS.compareMs).unref();
  }

  stop(): void {
    clearInterval(this.compareTimer);
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.waiting.clear();
    this.held.stop();
  }

  /** Called after each commit, before its sends are answered. */
  committed(events: readonly DurableEvent[]): void {
    this.deliver(events);
    if (this.sources) sendHints(this.sources.peers, events);
  }

  /** Another gateway's commit, as far as it concerns people who are here. RangeError where the bytes are no hint. */
  hinted(payload: Buffer): void {
    const heard: PassingEvent[] = [];
    const told = readHint(payload).filter((event) => {
      const waits = this.receiptsHeard && 'people' in event && event.name === 'receipt.updated';
      if (waits) heard.push(event);
      return !waits;
    });
    this.deliver(told);
    for (const event of heard) this.receiptsHeard?.(event);
  }

  /** Tells whoever is here at the moment, on this gateway and the others. */
  pass(...events: readonly PassingEvent[]): void {
    this.deliver(events);
    if (this.sources) sendPassing(this.sources.peers, events);
  }

  passHere(event: PassingEvent): void {
    this.deliver([event]);
  }

  private tell(person: number, events: readonly PassingEvent[]): void {
    for (const stream of this.mailboxes.get(person)?.streams ?? []) for (const event of events) stream.pass(event);
  }

  private deliver(events: readonly (DurableEvent | PassingEvent)[]): void {
    for (const event of events) {
      if ('people' in event) {
        this.deliverPassing(event);
        continue;
      }
      for (const { owner, seq } of event.recipients) {
        const mailbox = this.mailboxes.get(owner);
        if (!mailbox) continue;
        if (seq > mailbox.known) mailbox.known = seq;
        for (const stream of mailbox.streams) this.offer(stream, seq, event);
      }
    }
  }

  private deliverPassing(event: PassingEvent): void {
    if (event.name !== 'presence' && event.people.length >= PASSING_HOLD_LIMITS.crowd) {
      this.held.add(event, (person) => this.mailboxes.has(person));
      return;
    }
    for (const person of event.people) {
      const mailbox = this.mailboxes.get(person);
      if (!mailbox) continue;
      if (event.name !== 'presence') {
        for (const stream of mailbox.streams) stream.pass(event);
        continue;
      }
      for (const connection of mailbox.watching)
        if (connection.outbound.waitingBytes <= DELIVERY_LIMITS.presenceBytes)
          connection.push(new PassingShared(connection, event));
    }
  }

  /** One connection's fault costs the others nothing: that one reads the store again. */
  private offer(stream: MailboxStream, seq: number, event: DurableEvent): void {
    try {
      stream.offer(seq, event);
    } catch (error) {
      this.log.error({ ...stream.ids, err: error }, 'An event could not be handed on');
      stream.catchUp();
    }
  }

  /** Hints may have been lost: these mailboxes, or all that have somebody here, are compared with the store at once. */
  doubt(owners: Iterable<number> = this.mailboxes.keys()): void {
    for (const owner of owners) this.doubted.add(owner);
    if (!this.comparing) void this.compareDoubted();
  }

  /** From here on nothing that commits is missed: it is offered to the stream that `make` gives, or at least known of. */
  async attach<T>(owner: number, make: (mailbox: Mailbox) => Promise<T>): Promise<T> {
    const mailbox = this.mailboxOf(owner);
    mailbox.openings += 1;
    try {
      return await make(mailbox);
    } finally {
      mailbox.openings -= 1;
      this.forgetIfUnused(mailbox);
    }
  }

  /** A stream has been made, of a mailbox that is attached. */
  began(stream: MailboxStream): void {
    stream.mailbox.streams.add(stream);
    if (stream.epoch !== this.epoch) this.epochsDiffer = true;
  }

  detach(stream: MailboxStream): void {
    this.waiting.delete(stream);
    stream.mailbox.streams.delete(stream);
    this.forgetIfUnused(stream.mailbox);
  }

  /** The connection is told of the presence of its person's contacts, as far as its scopes go, until `unwatch`. */
  watch(owner: number, connection: Connection): void {
    this.mailboxOf(owner).watching.add(connection);
  }

  unwatch(owner: number, connection: Connection): void {
    const mailbox = this.mailboxes.get(owner);
    if (mailbox?.watching.delete(connection)) this.forgetIfUnused(mailbox);
  }

  private mailboxOf(owner: number): Mailbox {
    const known = this.mailboxes.get(owner);
    if (known) return known;
    const mailbox: Mailbox = { owner, known: 0, streams: new Set(), watching: new Set(), openings: 0 };
    this.mailboxes.set(owner, mailbox);
    this.sources?.peers.hold(owner);
    // In this round too: otherwise it might wait for two.
    this.round.push(owner);
    return mailbox;
  }

  private forgetIfUnused(mailbox: Mailbox): void {
    if (mailbox.streams.size > 0 || mailbox.watching.size > 0 || mailbox.openings > 0) return;
    this.mailboxes.delete(mailbox.owner);
    this.sources?.peers.release(mailbox.owner);
  }

  mayRead(): boolean {
    return this.sources?.isFresh() ?? false;
  }

  async readAfter(owner: number, after: number, limit: number): Promise<StoredEvent[]> {
    return (await this.reads?.after(owner, after, limit)) ?? [];
  }

  /**
   * The store has nothing after `cursor`, though something further was heard of. What the store says stands in its place,
   * and whatever is heard of from here on. Rejects when the store does not say.
   */
  async hearAnew(mailbox: Mailbox, cursor: number): Promise<void> {
    const heard = mailbox.known;
    // First: what commits while the store is asked may not be lost behind a number that no mailbox has.
    mailbox.known = cursor;
    if (await this.compare([mailbox.owner])) return;
    mailbox.known = Math.max(mailbox.known, heard);
    this.doubt([mailbox.owner]);
    throw new Error('The head of a mailbox could not be read');
  }

  /** Where a mailbox stands. The epoch first: what is read after it is of that one, or of one that is heard of later. */
  async whereNow(owner: number): Promise<MailboxPosition & { epoch: string }> {
    const { messaging } = this.started();
    const epoch = await messaging.epoch();
    const position = (await messaging.heads([owner])).get(owner);
    return { head: 0, trimmed: 0, ...position, epoch };
  }

  private started(): DeliverySources {
    if (!this.sources) throw new Error('Nothing is delivered yet.');
    return this.sources;
  }

  /** The stream goes on when the lease is proven again. */
  wait(stream: MailboxStream): void {
    this.waiting.add(stream);
    this.retryTimer ??= setTimeout(() => this.retry(), DELIVERY_LIMITS.retryMs);
  }

  failed(stream: MailboxStream, error: unknown): void {
    this.log.warn({ ...stream.ids, err: error }, 'A mailbox could not be read');
    this.wait(stream);
  }

  /** The lease is proven again, or it is time to see. */
  retry(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    if (this.waiting.size === 0) return;
    if (!this.mayRead()) {
      this.retryTimer = setTimeout(() => this.retry(), DELIVERY_LIMITS.retryMs);
      return;
    }
    const streams = [...this.waiting];
    this.waiting.clear();
    for (const stream of streams) stream.retry();
  }

  private compareSlice(): void {
    if (!this.sources) return;
    if (this.round.length === 0) this.round = [...this.mailboxes.keys()];
    const withinS = this.sources.hearsAll() ? DELIVERY_LIMITS.compareWithinS : DELIVERY_LIMITS.compareUnheardWithinS;
    this.doubt(this.round.splice(0, Math.ceil(this.mailboxes.size / withinS)));
  }

  /** The data is no longer the continuation of what the clients here saw: they are told at once. */
  private async compareEpochs(): Promise<void> {
    if (!this.sources || this.comparingEpochs || this.mailboxes.size === 0) return;
    this.comparingEpochs = true;
    try {
      const epoch = await this.sources.messaging.epoch();
      if (epoch === this.epoch && !this.epochsDiffer) return;
      this.epoch = epoch;
      this.epochsDiffer = false;
      await this.beginAnew(epoch);
    } catch (error) {
      this.epochsDiffer = true;
      this.log.warn({ err: error }, 'The epoch could not be compared');
    } finally {
      this.comparingEpochs = false;
    }
  }

  private async beginAnew(epoch: string): Promise<void> {
    const isOfAnother = (stream: MailboxStream) => stream.epoch !== epoch;
    const concerned = [...this.mailboxes.values()].filter(({ streams }) => [...streams].some(isOfAnother));
    for (let start = 0; start < concerned.length; start += DELIVERY_LIMITS.compareSlice) {
      const some = concerned.slice(start, start + DELIVERY_LIMITS.compareSlice);
      const heads = await this.started().messaging.heads(some.map(({ owner }) => owner));
      for (const { owner, streams } of some) {
        const head = heads.get(owner)?.head ?? 0;
        for (const stream of streams)
          if (isOfAnother(stream)) stream.beginAnew({ epoch, head, reason: 'epoch_changed' });
      }
    }
    if (concerned.length > 0) this.log.warn({ mailboxes: concerned.length }, 'The data is another: clients load anew');
  }

  private async compareDoubted(): Promise<void> {
    this.comparing = true;
    while (this.doubted.size > 0) {
      const owners = [...this.doubted].slice(0, DELIVERY_LIMITS.compareSlice);
      for (const owner of owners) this.doubted.delete(owner);
      if (await this.compare(owners)) continue;
      // The next round, in a second, tries them again.
      for (const owner of owners) this.doubted.add(owner);
      break;
    }
    this.comparing = false;
  }

  private async compare(owners: readonly number[]): Promise<boolean> {
    if (!this.sources) return true;
    try {
      const heads = await this.sources.messaging.heads(owners.filter((owner) => this.mailboxes.has(owner)));
      for (const [owner, { head }] of heads) {
        const mailbox = this.mailboxes.get(owner);
        if (!mailbox) continue;
        mailbox.known = Math.max(mailbox.known, head);
        for (const stream of mailbox.streams) stream.catchUp();
      }
      return true;
    } catch (error) {
      this.log.warn({ err: error }, 'Mailboxes could not be compared');
      return false;
    }
  }
}
