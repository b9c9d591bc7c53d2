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
  /** The oldest entries go; the n-th entry's message goes; the data becomes another's. */
  | { do: 'trim' | 'remove'; n: number }
  | { do: 'replace' }
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
  { weight: 1, arbitrary: fc.constantFrom<Action>({ do: 'mislead' }, { do: 'replace' }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('trim' as const, 'remove' as const), n: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant<Action>({ do: 'wait', ms: 1_100 }) },
);

interface Written {
  event: string;
  seq?: number;
  prev?: number;
  data: { n?: number; seq?: number; head?: number; epoch?: string; reason?: string };
}

/** A mailbox, its hints, a lease and a socket, as plain as can be. */
class World {
  readonly delivery = new Delivery();
  readonly store: StoredEvent[] = [];
  readonly hints: StoredEvent[] = [];
  readonly queue: WaitingFrame[] = [];
  readonly written: Written[] = [];
  fresh = true;
  trimmed = 0;
  epoch = 'epoch 0';
  replaced = 0;
  /** Reads from the store that will fail. */
  failures = 0;

  constructor(private readonly start: number) {
    for (let seq = 1; seq <= start; seq++) this.commit();
    this.hints.length = 0;
    this.delivery.start({
      isFresh: () => this.fresh,
      hearsAll: () => true,
      peers: new Peers({ bus: new InProcessBus(), instance: '', onHint: none, onAnnounced: none, onDoubt: none }),
      messaging: { read: this.read, heads: this.heads, epoch: () => this.answer(this.epoch) },
    });
  }

  async open(after: number): Promise<void> {
    const stream = await this.delivery.attach(OWNER, async (mailbox) => {
      mailbox.known = this.start;
      return new MailboxStream(this.connection(), this.delivery, mailbox, { after, epoch: this.epoch, resumes: true });
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
    const hint = step.do === 'hint' || step.do === 'lose' ? this.hints[step.n % this.hints.length] : undefined;
    if (hint) this.hints.splice(this.hints.indexOf(hint), 1);
    if (step.do === 'commit') this.commit();
    if (step.do === 'hint' && hint) {
      this.delivery.committed([{ ...hint, recipients: [{ owner: OWNER, seq: hint.seq }] }]);
    }
    if (step.do === 'mislead') {
      const recipients = [{ owner: OWNER, seq: Number.MAX_SAFE_INTEGER - 1 }];
      this.delivery.committed([{ name: 'message.created', data: Buffer.from('{"n":0}'), recipients }]);
    }
    if (step.do === 'trim') this.trimmed = Math.max(this.trimmed, Math.min(step.n, this.store.length));
    const kept = step.do === 'remove' ? this.store[step.n] : undefined;
    if (kept) this.store[kept.seq - 1] = { ...kept, data: Buffer.alloc(0), gone: true };
    if (step.do === 'replace') this.epoch = `epoch ${++this.replaced}`;
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
    return this.answer(
      reads.map(({ after, limit }) => {
        const from = Math.max(after, this.trimmed);
        return this.store.slice(from, from + Math.min(limit, 3));
      }),
    );
  };

  private readonly heads = () => this.answer(new Map([[OWNER, { head: this.store.length, trimmed: this.trimmed }]]));

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

  test('writes every event once, in order, with its prev, or says that the client has to load anew, whatever hints, lease and store do (I4, I6)', async () => {
    const property = fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.nat(6),
      fc.nat(6),
      fc.array(fc.nat(5), { maxLength: 4 }),
      async (actions, start, missed, removed) => {
        const world = new World(start);
        for (const n of removed) await world.perform({ do: 'remove', n });
        const after = Math.max(0, start - missed);
        await world.open(after);
        for (const step of actions) await world.perform(step);
        await world.settle();
        const { written } = world;
        const resets = written.filter(({ event }) => event === 'mailbox.reset');
        // What the client can tell by itself: from where it is to where it is told to be, nothing is missing.
        let at = after;
        const isMissing = (seq: number) => !world.store[seq - 1]!.gone;
        const between = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n + 1);
        for (const { event, seq, prev, data } of written) {
          if (event === 'mailbox.reset') at = data.head!;
          if (seq === undefined) continue;
          expect([prev, data.n]).toEqual([at, seq]);
          expect(seq).toBeGreaterThan(at);
          expect(between(at, seq - 1).filter(isMissing)).toEqual([]);
          at = seq;
        }
        expect(between(at, world.store.length).filter(isMissing)).toEqual([]);

        // Only for a reason: every other loss is healed.
        const reasons = resets.map(({ data }) => data.reason);
        if (world.trimmed <= after) expect(reasons).not.toContain('trimmed');
        expect(reasons.filter((reason) => reason === 'epoch_changed').length).toBeLessThanOrEqual(world.replaced);
        expect(resets.at(-1)?.data.epoch ?? 'epoch 0').toBe(world.epoch);

        const lives = written.flatMap(({ event }, n) => (event === 'mailbox.live' ? [n] : []));
        expect(lives.length).toBeGreaterThan(0);
        expect(lives.length).toBeLessThanOrEqual(1 + resets.length);
        // Each reset is followed by one.
        expect(lives.at(-1)).toBeGreaterThan(written.findLastIndex(({ event }) => event === 'mailbox.reset'));
        // Everything that was there at the opening comes before mailbox.live.
        if (resets.length === 0)
          expect(written.slice(lives[0]).every(({ seq }) => seq === undefined || seq > start)).toBe(true);
      },
    );
    // The lease lapses between a reset and its write.
    const lapse: Action[] = [{ do: 'commit' }, { do: 'replace' }, { do: 'wait', ms: 1_100 }, { do: 'lapse' }];
    const examples: [Action[], number, number, number[]][] = [
      [[...lapse, { do: 'write', frames: 8 }, { do: 'commit' }], 2, 0, []],
      [[{ do: 'commit' }, { do: 'write', frames: 8 }, ...lapse, { do: 'write', frames: 8 }], 4, 4, [1]],
    ];
    await fc.assert(property, { numRuns: 400, examples });
  });
});
