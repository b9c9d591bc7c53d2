import { InProcessBus, Peers } from '@drawbridge/bus';
import type { MailboxRead, StoredEvent } from '@drawbridge/messaging';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import type { Connection } from './connection.js';
import { Delivery } from './delivery.js';
import { FrameBytes } from './frame-bytes.js';
import { MailboxStream } from './mailbox-stream.js';
import type { WaitingFrame } from './outbound.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };
const OWNER = 1;
const none = () => {};

type Action =
  | { do: 'commit' }
  /** The n-th hint of a commit that is under way arrives, or is lost. */
  | { do: 'hint' | 'lose'; n: number }
  | { do: 'lapse' | 'restore' | 'compare' }
  /** A hint of an event that is not. */
  | { do: 'mislead' }
  | { do: 'write'; frames: number }
  | { do: 'wait'; ms: number }
  | { do: 'fail' };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Action>({ do: 'commit' }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hint' as const), n: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), n: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), frames: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Action>({ do: 'lapse' }, { do: 'restore' }, { do: 'compare' }, { do: 'fail' }),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ do: 'mislead' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }) },
);

/** A mailbox, its hints, a lease and a socket, as plain as can be. */
class World {
  readonly delivery = new Delivery();
  readonly store: StoredEvent[] = [];
  readonly hints: StoredEvent[] = [];
  readonly queue: WaitingFrame[] = [];
  readonly written: { event: string; seq?: number; prev?: number; data: unknown }[] = [];
  fresh = true;
  /** Reads from the store that will fail. */
  failures = 0;

  constructor(private readonly start: number) {
    for (let seq = 1; seq <= start; seq++) this.commit();
    this.hints.length = 0;
    this.delivery.start({
      isFresh: () => this.fresh,
      hearsAll: () => true,
      peers: new Peers({ bus: new InProcessBus(), instance: '', onHint: none, onAnnounced: none, onDoubt: none }),
      messaging: { read: this.read, heads: this.heads },
    });
  }

  async open(after: number): Promise<void> {
    const stream = await this.delivery.attach(OWNER, async (mailbox) => {
      mailbox.known = this.start;
      return new MailboxStream(this.connection(), this.delivery, mailbox, after, undefined, true);
    });
    stream.start();
  }

  commit(): void {
    const seq = this.store.length + 1;
    const event = { seq, name: 'message.created', data: Buffer.from(`{"n":${seq}}`) } as const;
    this.store.push(event);
    this.hints.push(event);
  }

  async perform(step: Action): Promise<void> {
    const hint = 'n' in step ? this.hints[step.n % this.hints.length] : undefined;
    if (hint) this.hints.splice(this.hints.indexOf(hint), 1);
    if (step.do === 'commit') this.commit();
    if (step.do === 'hint' && hint) {
      this.delivery.committed([{ ...hint, recipients: [{ owner: OWNER, seq: hint.seq }] }]);
    }
    if (step.do === 'mislead') {
      const recipients = [{ owner: OWNER, seq: Number.MAX_SAFE_INTEGER - 1 }];
      this.delivery.committed([{ name: 'message.created', data: Buffer.from('{"n":0}'), recipients }]);
    }
    if (step.do === 'lapse') this.fresh = false;
    if (step.do === 'restore') this.fresh = true;
    if (step.do === 'compare') this.delivery.doubt();
    if (step.do === 'write') this.write(step.frames);
    if (step.do === 'fail') this.failures += 1;
    await clock.advanceTimersByTimeAsync(step.do === 'wait' ? step.ms : 0);
  }

  write(frames: number): void {
    for (const frame of this.queue.splice(0, frames)) {
      const bytes = new FrameBytes(1_024);
      frame.writeTo(bytes);
      if (bytes.length > 0) this.written.push(JSON.parse(bytes.take().subarray(2).toString()));
    }
  }

  /** Whatever happened, all is well again, and time passes. */
  async settle(): Promise<void> {
    this.fresh = true;
    this.failures = 0;
    this.delivery.doubt();
    for (let n = 0; n < 12; n++) {
      this.write(Number.POSITIVE_INFINITY);
      await clock.advanceTimersByTimeAsync(150);
    }
    this.delivery.stop();
  }

  private readonly read = async (reads: readonly MailboxRead[]) => {
    return this.answer(reads.map(({ after, limit }) => this.store.slice(after, after + Math.min(limit, 3))));
  };

  private readonly heads = () => this.answer(new Map([[OWNER, { head: this.store.length, trimmed: 0 }]]));

  /** What was found at the moment of the question; more commits before it comes. */
  private async answer<T>(found: T): Promise<T> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the store is down');
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
    return found;
  }

  private connection(): Connection {
    return {
      refusal: () => (this.fresh ? undefined : 'consent_unverifiable'),
      push: (frame: WaitingFrame) => this.queue.push(frame),
      outbound: { waitingBytes: 0, whenEmpty: async () => {} },
      session: { consent: { app: { id: 'an-app' }, lastSeq: 0 } },
    } as unknown as Connection;
  }
}

describe('A stream of a mailbox', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
    clock.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  });
  afterAll(() => {
    clock.useRealTimers();
    Logger.overrideLogger(undefined as never);
  });

  test('writes every event once, in order, with its prev, whatever hints, lease and store do (I4, I6)', async () => {
    const property = fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.nat(6),
      fc.nat(6),
      async (actions, start, missed) => {
        const world = new World(start);
        const after = Math.max(0, start - missed);
        await world.open(after);
        for (const step of actions) await world.perform(step);
        await world.settle();
        const events = world.written.filter(({ event }) => event === 'message.created');
        const expected = Array.from({ length: world.store.length - after }, (_, n) => ({
          seq: after + n + 1,
          prev: after + n,
          data: { n: after + n + 1 },
        }));
        expect(events.map(({ seq, prev, data }) => ({ seq, prev, data }))).toEqual(expected);
        const live = world.written.findIndex(({ event }) => event === 'mailbox.live');
        expect(world.written.filter(({ event }) => event === 'mailbox.live')).toHaveLength(1);
        // Everything that was there at the opening comes before mailbox.live.
        expect(world.written.slice(live).every(({ seq }) => seq === undefined || seq > start)).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });
});
