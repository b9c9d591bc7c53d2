import { InProcessBus, Peers } from '@drawbridge/bus';
import type { DurableEvent, StoredEvent } from '@drawbridge/messaging';
import { Logger } from '@nestjs/common';
import type { Connection } from './connection.js';
import { Delivery } from './delivery.js';
import { FrameBytes } from './frame-bytes.js';
import { MailboxStream } from './mailbox-stream.js';
import type { WaitingFrame } from './outbound.js';

const none = () => {};

/** A connection whose queue is written when somebody looks. */
class FakeConnection {
  /** What the next push does instead of taking the frame. */
  fault: ((queue: WaitingFrame[], frame: WaitingFrame) => never) | undefined;
  readonly outbound = { waitingBytes: 0, whenEmpty: async () => {} };
  readonly session = { consent: { app: { id: 'an-app' }, lastSeq: 0 } };
  private readonly queue: WaitingFrame[] = [];
  private readonly frames: { event: string; seq?: number; prev?: number }[] = [];
  private pushed: () => void = none;

  readonly refusal = none;

  push(frame: WaitingFrame): void {
    const { fault } = this;
    this.fault = undefined;
    fault?.(this.queue, frame);
    this.queue.push(frame);
    this.pushed();
  }

  /** Each durable event that was written: [prev, seq]. */
  written(): unknown[] {
    for (const frame of this.queue.splice(0)) {
      const bytes = new FrameBytes(1_024);
      frame.writeTo(bytes);
      if (bytes.length > 0) this.frames.push(JSON.parse(bytes.take().subarray(2).toString()));
    }
    return this.frames.flatMap(({ seq, prev }) => (seq === undefined ? [] : [[prev, seq]]));
  }

  async wrote(seq: number): Promise<void> {
    while (!this.written().some((pair) => (pair as number[])[1] === seq))
      await new Promise<void>((resolve) => {
        this.pushed = resolve;
      });
  }
}

describe('Delivery', () => {
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(undefined as never));

  const lost = (): never => {
    throw new Error('a fault');
  };
  const queuedAllTheSame = (queue: WaitingFrame[], frame: WaitingFrame): never => {
    queue.push(frame);
    throw new Error('a fault');
  };

  test.each([
    ['not in its queue', lost],
    ['in its queue all the same', queuedAllTheSame],
  ])('one connection’s fault costs no other the event, and itself nothing: it is %s (I4)', async (_, fault) => {
    const store: StoredEvent[] = [];
    const delivery = new Delivery();
    delivery.start({
      isFresh: () => true,
      hearsAll: () => true,
      peers: new Peers({ bus: new InProcessBus(), instance: '', onHint: none, onAnnounced: none, onDoubt: none }),
      messaging: {
        read: async (reads) => reads.map(({ after }) => store.slice(after)),
        heads: async (owners) => new Map(owners.map((owner) => [owner, { head: store.length, trimmed: 0 }])),
      },
    });
    const commit = (): DurableEvent => {
      const seq = store.length + 1;
      const event = { name: 'message.created', data: Buffer.from('{}') } as const;
      store.push({ ...event, seq });
      return {
        ...event,
        recipients: [
          { owner: 1, seq },
          { owner: 2, seq },
        ],
      };
    };
    const open = async (owner: number) => {
      const connection = new FakeConnection();
      const stream = await delivery.attach(
        owner,
        async (mailbox) => new MailboxStream(connection as unknown as Connection, delivery, mailbox, 0, undefined),
      );
      stream.start();
      return connection;
    };
    const faulty = await open(1);
    const sibling = await open(1);
    const other = await open(2);

    faulty.fault = fault;
    // The second event of the one commit, and the next mailbox of the first, come after the fault.
    delivery.committed([commit(), commit()]);
    const both = [
      [0, 1],
      [1, 2],
    ];
    expect([sibling.written(), other.written()]).toEqual([both, both]);
    await faulty.wrote(2);
    delivery.committed([commit()]);
    await faulty.wrote(3);
    expect(faulty.written()).toEqual([...both, [2, 3]]);
    delivery.stop();
  });
});
