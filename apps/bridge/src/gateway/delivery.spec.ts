import { type ByteWriter, InProcessBus, MAX_PAYLOAD_BYTES, Peers } from '@drawbridge/bus';
import type { DurableEvent, StoredEvent } from '@drawbridge/messaging';
import { Logger } from '@nestjs/common';
import type { Connection } from './connection.js';
import { Delivery } from './delivery.js';
import { FrameBytes } from './frame-bytes.js';
import { readHint, sendHints } from './hints.js';
import { MailboxStream } from './mailbox-stream.js';
import type { WaitingFrame } from './outbound.js';

/** Jest's own, which is not a global in an ES module. */
const { jest: clock } = import.meta as unknown as { jest: typeof jest };
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

const EPOCH = 'an epoch';

interface Told {
  read(): void;
  heads(): void;
}

/** A store of which everybody has every event, and whose questions are told as they are answered. */
function world(told: Told = { read: none, heads: none }) {
  const store: StoredEvent[] = [];
  const delivery = new Delivery();
  delivery.start({
    isFresh: () => true,
    hearsAll: () => true,
    peers: new Peers({ bus: new InProcessBus(), instance: '', onHint: none, onAnnounced: none, onDoubt: none }),
    messaging: {
      read: async (reads) => {
        const events = reads.map(({ after }) => store.slice(after));
        told.read();
        return events;
      },
      heads: async (owners) => {
        const heads = new Map(owners.map((owner) => [owner, { head: store.length, trimmed: 0 }]));
        told.heads();
        return heads;
      },
      epoch: async () => EPOCH,
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
      async (mailbox) =>
        new MailboxStream(connection as unknown as Connection, delivery, mailbox, {
          after: 0,
          epoch: EPOCH,
          resumes: true,
        }),
    );
    stream.start();
    return connection;
  };
  return { delivery, commit, open };
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
    const { delivery, commit, open } = world();
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

  test.each(['read', 'heads'] as const)(
    'a hint of an event that no mailbox has costs a connection nothing, not even what commits during the %s (I4)',
    async (question) => {
      clock.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
      let reads = 0;
      let during: (() => void) | undefined;
      const tell = (of: keyof Told) => () => {
        if (of === 'read') reads += 1;
        const then = of === question ? during : undefined;
        if (then) during = undefined;
        then?.();
      };
      const { delivery, commit, open } = world({ read: tell('read'), heads: tell('heads') });
      const connection = await open(1);
      delivery.committed([commit()]);
      during = () => delivery.committed([commit()]);
      const data = Buffer.from('{}');
      delivery.committed([{ name: 'message.created', data, recipients: [{ owner: 1, seq: 2 ** 53 - 2 }] }]);
      // Sooner than mailboxes are compared.
      await clock.advanceTimersByTimeAsync(500);
      delivery.committed([commit()]);
      expect(connection.written()).toEqual([
        [0, 1],
        [1, 2],
        [2, 3],
      ]);
      const readsSoFar = reads;
      await clock.advanceTimersByTimeAsync(5_000);
      expect(reads).toBe(readsSoFar);
      delivery.stop();
      clock.useRealTimers();
    },
  );
});

describe('A hint', () => {
  test('of many large events leaves as several, each of which the bus carries (I9)', () => {
    const hints: Buffer[] = [];
    const peer = { instance: 'there' };
    const peers = {
      size: 1,
      holders: () => [peer],
      doubtful: () => [],
      hint: (_: unknown, hint: ByteWriter) => hints.push(hint.take()),
    };
    const events = Array.from(
      { length: 256 },
      (_, n): DurableEvent => ({
        name: 'message.created',
        data: Buffer.alloc(24_000, 'x'),
        recipients: [{ owner: 1, seq: n + 1 }],
      }),
    );
    sendHints(peers, events);
    const read = hints.flatMap((hint) => readHint(hint)) as DurableEvent[];
    expect(read.map(({ recipients }) => recipients)).toEqual(events.map(({ recipients }) => recipients));
    expect(read.every(({ data }, n) => data.equals(events[n]!.data))).toBe(true);
    expect([hints.length, hints.every(({ length }) => length < MAX_PAYLOAD_BYTES)]).toEqual([6, true]);
  });
});
