import type { Delivery } from './delivery.js';
import type { PassingEvent } from './hints.js';

export const GROUP_RECEIPT_LIMITS = {
  /** The people of a group are told of one reader in so long. */
  everyMs: 1_000,
  /** Groups in which somebody reads through this process; of more nobody is told (I9). */
  maxGroups: 10_000,
} as const;

interface Receipt {
  readonly data: Buffer;
  /** The key of somebody who reads here, or the id of whom another gateway told of, which all others have heard too. */
  readonly reader: number | string;
}

interface Group {
  /** By the reader's id, oldest first: the latest of each that nobody was told of. */
  readonly waiting: Map<string, Receipt>;
  timer: NodeJS.Timeout;
}

/**
 * How far messages have reached people in groups and were read, told in passing: in a group of 250 every message would
 * otherwise become 250 events for 250 people. Who wants all of it asks conversation.get. What other gateways tell of takes
 * its turn with what happens here, so that a connection hears of one in a second, however many gateways there are.
 */
export class GroupReceipts {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly delivery: Pick<Delivery, 'pass' | 'passHere' | 'receiptsHeard'>,
    private readonly audience: (reader: number | string, conversation: string) => Promise<number[]>,
    private readonly onProblem: (error: unknown) => void,
  ) {
    delivery.receiptsHeard = (event) => this.heard(event);
  }

  /** `data` as of receipt.updated. */
  read(reader: number, conversation: string, data: Buffer): void {
    this.take(conversation, { reader, data });
  }

  /** Whom it was for is asked again when its turn comes: in a large group that is minutes later, and somebody may have left. */
  private heard({ data }: PassingEvent): void {
    const { conversation, person } = JSON.parse(String(data)) as { conversation: string; person: string };
    // The bytes are a part of all that came with them.
    this.take(conversation, { data: Buffer.from(data), reader: person });
  }

  private take(conversation: string, receipt: Receipt): void {
    const known = this.groups.get(conversation);
    if (known) {
      known.waiting.set((JSON.parse(String(receipt.data)) as { person: string }).person, receipt);
      return;
    }
    if (this.groups.size >= GROUP_RECEIPT_LIMITS.maxGroups) return;
    this.groups.set(conversation, { waiting: new Map(), timer: this.next(conversation) });
    this.tell(conversation, receipt);
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
    const [reader, receipt] = first;
    group.waiting.delete(reader);
    group.timer = this.next(conversation);
    this.tell(conversation, receipt);
  }

  private tell(conversation: string, { data, reader }: Receipt): void {
    this.audience(reader, conversation).then(
      (people) => {
        const event = { name: 'receipt.updated', data, people } as const;
        if (typeof reader === 'number') this.delivery.pass(event);
        else this.delivery.passHere(event);
      },
      // Who has left meanwhile is nobody's to be told of.
      (error: unknown) => (error as { code?: string }).code === 'not_found' || this.onProblem(error),
    );
  }
}
