import { MessagingError, unavailable } from './errors.js';

/** Every bound of the way of a send to the store (I9). */
export const LANE_LIMITS = {
  /** One batch: this many sends, or this many mailbox entries, whichever comes first; one send at least. */
  maxSends: 256,
  maxEntries: 2_000,
  /** Groups of more people than this have lanes of their own. */
  maxPeopleInSharedLanes: 20,
  maxQueuedSends: 10_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  /** A send that has waited longer is answered `unavailable`, untried. */
  maxWaitMs: 5_000,
  /** Where nothing but read marks of large groups waits, they wait so long for others that leave with them. */
  gatherMs: 50,
  maxKnownSizes: 100_000,
  maxKnownLargeGroups: 50_000,
} as const;

/** What a lane carries. */
export interface LaneItem {
  readonly conversation: string;
  readonly bytes: number;
  /** In a large group it may wait for others: nobody sees the difference. */
  readonly gathers?: boolean;
  queuedAtMs: number;
  fail(error: MessagingError): void;
}

export interface LanesOptions<T extends LaneItem> {
  /** For conversations of up to 20 people, and for those of more. */
  shared: number;
  large: number;
  /** Answers every item of the batch before it resolves; never rejects. */
  commit(batch: T[]): Promise<void>;
  /** How many people each conversation has; those that are not there are left out. */
  sizes(conversations: string[]): Promise<ReadonlyMap<string, number>>;
}

interface Lane<T> {
  readonly isLarge: boolean;
  queue: T[];
  running: boolean;
  /** Ends the wait of what gathers, where it does. */
  hurry: (() => void) | undefined;
}

/**
 * Group commit. A conversation always uses the same lane, so the order of its sends is kept; a lane has one batch in
 * flight, and the next leaves when it returns. No send waits for a timer: the busier the store, the larger the batches.
 * What nobody waits for, in large groups, gathers for a moment: everybody in a group of 250 reads each message, which was a
 * transaction for each of them, beside those of everybody else's sends.
 */
export class Lanes<T extends LaneItem> {
  private readonly shared: Lane<T>[];
  private readonly large: Lane<T>[];
  /** Members of conversations with up to 20; forgetting one costs a query. */
  private readonly sizes = new Map<string, number>();
  /** Members of larger ones; forgetting one while it has sends in its lane would cost order. */
  private readonly largeSizes = new Map<string, number>();
  private queued = 0;
  private queuedBytes = 0;

  constructor(private readonly options: LanesOptions<T>) {
    const lanes = (length: number, isLarge: boolean): Lane<T>[] =>
      Array.from({ length }, () => ({ isLarge, queue: [], running: false, hurry: undefined }));
    this.shared = lanes(options.shared, false);
    this.large = lanes(options.large, true);
  }

  /** Synchronous: two items of one conversation are committed in the order in which they joined. */
  join(item: T): void {
    if (this.queued >= LANE_LIMITS.maxQueuedSends || this.queuedBytes + item.bytes > LANE_LIMITS.maxQueuedBytes) {
      item.fail(unavailable('Too many sends are waiting for the store.'));
      return;
    }
    this.queued++;
    this.queuedBytes += item.bytes;
    item.queuedAtMs = performance.now();
    const lane = this.laneOf(item.conversation);
    lane.queue.push(item);
    this.wake(lane);
  }

  /**
   * The size of a conversation, of which no batch is in flight. One found to be large moves to its own lane, with all
   * that waits, in order.
   */
  learn(conversation: string, people: number): void {
    if (people <= LANE_LIMITS.maxPeopleInSharedLanes && !this.largeSizes.has(conversation)) {
      if (this.sizes.size >= LANE_LIMITS.maxKnownSizes) this.sizes.clear();
      this.sizes.set(conversation, people);
      return;
    }
    if (this.largeSizes.size >= LANE_LIMITS.maxKnownLargeGroups && this.large.every((lane) => !lane.running))
      this.largeSizes.clear();
    const from = this.laneOf(conversation);
    this.sizes.delete(conversation);
    this.largeSizes.set(conversation, people);
    const to = this.laneOf(conversation);
    if (from === to) return;
    const moving = from.queue.filter((item) => item.conversation === conversation);
    if (moving.length === 0) return;
    from.queue = from.queue.filter((item) => item.conversation !== conversation);
    to.queue.push(...moving);
    this.wake(to);
  }

  /** How many people a commit found in it: where that is news it is asked again before the next batch is taken. */
  noticed(conversation: string, people: number): void {
    const known = this.sizes.get(conversation);
    if (known !== undefined && known !== people) this.sizes.delete(conversation);
  }

  private laneOf(conversation: string): Lane<T> {
    const lanes = this.largeSizes.has(conversation) ? this.large : this.shared;
    return lanes[Number.parseInt(conversation.slice(0, 7), 16) % lanes.length]!;
  }

  /** What came in with the same turn of the event loop leaves together. */
  private wake(lane: Lane<T>): void {
    if (lane.hurry && !onlyGathers(lane)) lane.hurry();
    if (lane.running) return;
    lane.running = true;
    setImmediate(() => void this.run(lane));
  }

  private async run(lane: Lane<T>): Promise<void> {
    while (lane.queue.length > 0) {
      if (onlyGathers(lane)) await gathered(lane);
      await this.learnSizes(lane);
      const batch = this.take(lane);
      if (batch.length > 0) await this.options.commit(batch);
    }
    lane.running = false;
  }

  private async learnSizes(lane: Lane<T>): Promise<void> {
    const unknown = new Set<string>();
    for (const { conversation } of lane.queue.slice(0, LANE_LIMITS.maxSends))
      if (!this.sizes.has(conversation) && !this.largeSizes.has(conversation)) unknown.add(conversation);
    if (unknown.size === 0) return;
    try {
      for (const [conversation, people] of await this.options.sizes([...unknown])) this.learn(conversation, people);
    } catch {
      // The store is in trouble; the commit will say so to each of them.
    }
  }

  private take(lane: Lane<T>): T[] {
    const batch: T[] = [];
    const tooLate = performance.now() - LANE_LIMITS.maxWaitMs;
    let entries = 0;
    let taken = 0;
    for (const item of lane.queue) {
      const people = this.sizes.get(item.conversation) ?? this.largeSizes.get(item.conversation) ?? 1;
      if (batch.length === LANE_LIMITS.maxSends) break;
      if (batch.length > 0 && entries + people > LANE_LIMITS.maxEntries) break;
      taken++;
      this.queued--;
      this.queuedBytes -= item.bytes;
      if (item.queuedAtMs < tooLate) {
        item.fail(unavailable('The store did not come to it in time.'));
        continue;
      }
      entries += people;
      batch.push(item);
    }
    lane.queue.splice(0, taken);
    return batch;
  }
}

function onlyGathers({ isLarge, queue }: Lane<LaneItem>): boolean {
  return isLarge && queue.length < LANE_LIMITS.maxSends && queue.every((item) => item.gathers);
}

/** Resolves after a moment, or when something has joined that does not wait. */
async function gathered(lane: Lane<LaneItem>): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LANE_LIMITS.gatherMs);
    lane.hurry = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  lane.hurry = undefined;
}
