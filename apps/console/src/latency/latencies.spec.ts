import type { Entry, Side } from '../wire/entry.js';
import { aligned, figuresOf, msWords, since } from './figures.js';
import { LATENCY_LIMITS, Latencies } from './latencies.js';

/** A log that the test writes: times are given, everything else is as the tap has it. */
class Wire {
  #number = 0;
  #listener: (entry: Entry) => void = () => {};
  readonly latencies = new Latencies({
    on: (listener) => {
      this.#listener = listener;
      return () => {};
    },
  });

  sent(side: Side, at: number, event: string, data: object): { number: number; at: number; event: string } {
    const number = this.#put({ side, at, kind: 'sent', event, frame: { event, data } });
    return { number, at, event };
  }

  replied(side: Side, at: number, to: { number: number; at: number; event: string }, data: object, event = 'ok'): void {
    const answers = { command: to.event, entry: to.number, ms: at - to.at };
    this.#put({ side, at, kind: 'received', event, frame: { event, data }, answers });
  }

  told(side: Side, at: number, event: string, data: object): void {
    this.#put({ side, at, kind: 'received', event, frame: { event, data } });
  }

  #put(entry: Pick<Entry, 'side' | 'at' | 'kind' | 'event'> & Partial<Entry>): number {
    const number = ++this.#number;
    this.#listener({ whose: { name: 'Left' }, connection: 1, text: '', size: 0, problems: [], ...entry, number });
    return number;
  }
}

const message = { message: { id: 'm-1' } };

describe('Latencies', () => {
  test('measure each round trip, also of a refusal', () => {
    const wire = new Wire();
    wire.replied('left', 1_004, wire.sent('left', 1_000, 'ping', {}), {});
    wire.replied('left', 1_020, wire.sent('left', 1_010, 'conversation.get', {}), {}, 'error');
    expect(wire.latencies.samples.left.roundTrip.map(({ of, ms }) => [of, ms])).toEqual([
      ['ping', 4],
      ['conversation.get', 10],
    ]);
    expect(wire.latencies.samples.right.roundTrip).toEqual([]);
  });

  test('measure a delivery from when it first left to when the other one had it, whichever end is seen first', () => {
    for (const arrivesFirst of [true, false]) {
      const wire = new Wire();
      const asked = wire.sent('left', 1_000, 'message.send', { clientId: 'c-1' });
      if (arrivesFirst) wire.told('right', 1_007, 'message.created', message);
      wire.replied('left', 1_005, asked, { ...message, duplicate: false });
      wire.told('left', 1_005, 'message.created', { ...message, clientId: 'c-1' });
      if (!arrivesFirst) wire.told('right', 1_007, 'message.created', message);
      expect(wire.latencies.samples.left.delivery).toEqual([{ at: 1_007, ms: 7, of: 'm-1' }]);
      expect(wire.latencies.samples.right.delivery).toEqual([]);
    }
  });

  test('count a message that was sent twice, or came twice, as one, from its first sending (I5)', () => {
    const wire = new Wire();
    wire.sent('right', 1_000, 'message.send', { clientId: 'c-1' });
    const again = wire.sent('right', 3_000, 'message.send', { clientId: 'c-1' });
    wire.replied('right', 3_010, again, { ...message, duplicate: true });
    wire.told('left', 1_008, 'message.created', message);
    wire.told('left', 5_000, 'message.created', message);
    expect(wire.latencies.samples.right.delivery).toEqual([{ at: 1_008, ms: 8, of: 'm-1' }]);
  });

  test('are bounded, and keep the newest (I9)', () => {
    const wire = new Wire();
    for (let turn = 0; turn < LATENCY_LIMITS.samples * 2; turn++)
      wire.replied('left', turn + 1, wire.sent('left', turn, 'ping', {}), {});
    const { roundTrip } = wire.latencies.samples.left;
    expect(roundTrip.length).toBeLessThanOrEqual(LATENCY_LIMITS.samples * 1.1);
    expect(roundTrip.at(-1)?.at).toBe(LATENCY_LIMITS.samples * 2);
  });
});

describe('Figures', () => {
  test('are of what was measured: the nearest rank', () => {
    expect(figuresOf([])).toBeUndefined();
    expect(figuresOf([{ ms: 7 }])).toEqual({ count: 1, p50: 7, p95: 7, max: 7 });
    const hundred = Array.from({ length: 100 }, (_, index) => ({ ms: 100 - index }));
    expect(figuresOf(hundred)).toEqual({ count: 100, p50: 50, p95: 95, max: 100 });
  });

  test('have one time axis for two series, in order, with nothing where only the other has something', () => {
    const left = [
      { at: 1_000, ms: 3, of: 'ping' },
      { at: 3_000, ms: 5, of: 'ping' },
    ];
    const right = [{ at: 2_000, ms: 4, of: 'ping' }];
    expect(aligned(left, right)).toEqual([
      [1, 2, 3],
      [3, null, 5],
      [null, 4, null],
    ]);
    expect(since(left, 2_000)).toEqual([left[1]]);
    expect(since(left, 4_000)).toEqual([]);
  });

  test('are short words', () => {
    expect([0, 0.84, 9.96, 12.4, 1_400].map(msWords)).toEqual(['0 ms', '0.8 ms', '10.0 ms', '12 ms', '1.40 s']);
  });
});
