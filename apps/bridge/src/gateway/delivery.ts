import type { DurableEvent, Messaging, StoredEvent } from '@drawbridge/messaging';
import { Injectable, Logger } from '@nestjs/common';
import type { MailboxStream } from './mailbox-stream.js';

/** Every bound of the way from a commit to the connections (I9). */
export const DELIVERY_LIMITS = {
  /** Reads of backlog that are under way at once; the others wait their turn. */
  maxReads: 8,
  /** How often streams that wait for the lease or the store try again. */
  retryMs: 100,
  /** Every mailbox with a connection is compared with the store once in this many seconds. */
  compareWithinS: 60,
} as const;

/** A mailbox that somebody here is connected to. */
export interface Mailbox {
  readonly owner: number;
  /** The furthest position heard of. */
  known: number;
  readonly streams: Set<MailboxStream>;
  /** Sessions that are being opened, whose streams are still to come. */
  openings: number;
}

/** What it takes of messaging and consent; both tell it what happens, so it cannot be made of them. */
export interface DeliverySources {
  readonly messaging: Pick<Messaging, 'read' | 'heads'>;
  /** Whether consent is proven at this moment. */
  isFresh(): boolean;
}

/**
 * From commits to live connections (I4). A commit's events are offered to the streams of the mailboxes that have
 * somebody here; whatever a stream could not take, it reads from the store.
 */
@Injectable()
export class Delivery {
  private readonly mailboxes = new Map<number, Mailbox>();
  private readonly waiting = new Set<MailboxStream>();
  private readonly log = new Logger('Delivery');
  private sources: DeliverySources | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private compareTimer: NodeJS.Timeout | undefined;
  private toCompare: number[] = [];
  private reads = 0;
  private readonly readers: (() => void)[] = [];

  start(sources: DeliverySources): void {
    this.sources = sources;
    this.compareTimer = setInterval(() => void this.compareSlice(), 1_000).unref();
  }

  stop(): void {
    clearInterval(this.compareTimer);
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.waiting.clear();
  }

  /** Called after each commit, before its sends are answered. */
  committed(events: readonly DurableEvent[]): void {
    for (const event of events) {
      for (const { owner, seq } of event.recipients) {
        const mailbox = this.mailboxes.get(owner);
        if (!mailbox) continue;
        if (seq > mailbox.known) mailbox.known = seq;
        for (const stream of mailbox.streams) this.offer(stream, seq, event);
      }
    }
  }

  /** One connection's fault costs the others nothing: that one reads the store again. */
  private offer(stream: MailboxStream, seq: number, event: DurableEvent): void {
    try {
      stream.offer(seq, event);
    } catch (error) {
      this.log.error('An event could not be handed on', error instanceof Error ? error.stack : String(error));
      stream.catchUp();
    }
  }

  /** A commit whose outcome is unknown may have moved mailboxes without a word. */
  outcomeUnknown(): void {
    void this.compare([...this.mailboxes.keys()]);
  }

  /** From here on nothing that commits is missed: it is offered to the stream that `make` gives, or at least known of. */
  async attach<T>(owner: number, make: (mailbox: Mailbox) => Promise<T>): Promise<T> {
    let mailbox = this.mailboxes.get(owner);
    if (!mailbox) {
      mailbox = { owner, known: 0, streams: new Set(), openings: 0 };
      this.mailboxes.set(owner, mailbox);
    }
    mailbox.openings += 1;
    try {
      return await make(mailbox);
    } finally {
      mailbox.openings -= 1;
      this.forgetIfUnused(mailbox);
    }
  }

  detach(stream: MailboxStream): void {
    this.waiting.delete(stream);
    stream.mailbox.streams.delete(stream);
    this.forgetIfUnused(stream.mailbox);
  }

  private forgetIfUnused(mailbox: Mailbox): void {
    if (mailbox.streams.size === 0 && mailbox.openings === 0) this.mailboxes.delete(mailbox.owner);
  }

  mayRead(): boolean {
    return this.sources?.isFresh() ?? false;
  }

  async readAfter(owner: number, after: number, limit: number): Promise<StoredEvent[]> {
    if (this.reads >= DELIVERY_LIMITS.maxReads) await new Promise<void>((resolve) => this.readers.push(resolve));
    else this.reads += 1;
    try {
      return (await this.sources?.messaging.read(owner, after, limit))?.events ?? [];
    } finally {
      const next = this.readers.shift();
      if (next) next();
      else this.reads -= 1;
    }
  }

  /** The stream goes on when the lease is proven again. */
  wait(stream: MailboxStream): void {
    this.waiting.add(stream);
    this.retryTimer ??= setTimeout(() => this.retry(), DELIVERY_LIMITS.retryMs);
  }

  failed(stream: MailboxStream, error: unknown): void {
    this.log.warn(`A mailbox could not be read: ${error instanceof Error ? error.message : error}`);
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

  private async compareSlice(): Promise<void> {
    if (this.toCompare.length === 0) this.toCompare = [...this.mailboxes.keys()];
    await this.compare(this.toCompare.splice(0, Math.ceil(this.mailboxes.size / DELIVERY_LIMITS.compareWithinS)));
  }

  private async compare(owners: number[]): Promise<void> {
    if (owners.length === 0 || !this.sources) return;
    try {
      const heads = await this.sources.messaging.heads(owners);
      for (const [owner, { head }] of heads) {
        const mailbox = this.mailboxes.get(owner);
        if (!mailbox) continue;
        mailbox.known = Math.max(mailbox.known, head);
        for (const stream of mailbox.streams) stream.catchUp();
      }
    } catch (error) {
      this.log.warn(`Mailboxes could not be compared: ${error instanceof Error ? error.message : error}`);
    }
  }
}
