import type { Delivery } from './delivery.js';

export const GROUP_RECEIPT_LIMITS = {
  /** The people of a group are told of one reader in so long. */
  everyMs: 1_000,
  /** Groups in which somebody reads through this process; of more nobody is told (I9). */
  maxGroups: 10_000,
} as const;

interface Group {
  /** By the reader's key, oldest first: the latest of each that nobody was told of. */
  readonly waiting: Map<number, Buffer>;
  timer: NodeJS.Timeout;
}

/**
 * How far messages have reached people in groups and were read, told in passing: in a group of 250 every message would
 * otherwise become 250 events for 250 people. Who wants all of it asks conversation.get.
 */
export class GroupReceipts {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly delivery: Pick<Delivery, 'pass'>,
    private readonly audience: (reader: number, conversation: string) => Promise<number[]>,
    private readonly onProblem: (error: unknown) => void,
  ) {}

  /** `data` as of receipt.updated. */
  read(reader: number, conversation: string, data: Buffer): void {
    const known = this.groups.get(conversation);
    if (known) {
      known.waiting.set(reader, data);
      return;
    }
    if (this.groups.size >= GROUP_RECEIPT_LIMITS.maxGroups) return;
    this.groups.set(conversation, { waiting: new Map(), timer: this.next(conversation) });
    this.tell(reader, conversation, data);
  }

  private next(conversation: string): NodeJS.Timeout {
    return setTimeout(() => this.tellNext(conversation), GROUP_RECEIPT_LIMITS.everyMs).unref();
  }

  private tellNext(conversation: string): void {
    const group = this.groups.get(conversation);
    const [first] = group?.waiting ?? [];
    if (!group || !first) {
      this.groups.delete(conversation);
      return;
    }
    const [reader, data] = first;
    group.waiting.delete(reader);
    group.timer = this.next(conversation);
    this.tell(reader, conversation, data);
  }

  private tell(reader: number, conversation: string, data: Buffer): void {
    this.audience(reader, conversation).then(
      (people) => this.delivery.pass({ name: 'receipt.updated', data, people }),
      // Who has left meanwhile is nobody's to be told of.
      (error: unknown) => (error as { code?: string }).code === 'not_found' || this.onProblem(error),
    );
  }
}
