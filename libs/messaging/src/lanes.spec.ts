import { randomUUID } from 'node:crypto';
import { LANE_LIMITS, type LaneItem, Lanes } from './lanes.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };

interface Item extends LaneItem {
  n: number;
  failed?: string;
}

function item(conversation: string, n = 0): Item {
  return { conversation, n, bytes: 100, queuedAtMs: 0, fail: () => {} };
}

/** Lanes whose commits wait until the test lets one return. */
function heldLanes(sizes: Record<string, number>, shared = 1) {
  const batches: { batch: Item[]; release(): void }[] = [];
  let arrived = Promise.withResolvers<void>();
  const lanes = new Lanes<Item>({
    shared,
    large: 1,
    sizes: async (asked) => new Map(asked.flatMap((id) => (sizes[id] ? [[id, sizes[id]]] : []))),
    commit: (batch) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      batches.push({ batch, release: resolve });
      arrived.resolve();
      arrived = Promise.withResolvers<void>();
      return promise;
    },
  });
  const batch = async (n: number) => {
    while (batches.length <= n) await arrived.promise;
    return batches[n]!;
  };
  return { lanes, batches, batch };
}

describe('Lanes', () => {
  test('have one batch in flight, and what comes meanwhile is the next one, in order (I4)', async () => {
    const conversation = randomUUID();
    const { lanes, batches, batch } = heldLanes({ [conversation]: 2 });
    lanes.join(item(conversation, 1));
    const first = await batch(0);
    for (let n = 2; n < 10; n++) lanes.join(item(conversation, n));
    expect(batches).toHaveLength(1);
    first.release();
    expect((await batch(1)).batch.map(({ n }) => n)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('send at most 256 sends, or 2,000 mailbox entries, at once (I9)', async () => {
    const pair = randomUUID();
    const { lanes, batch } = heldLanes({ [pair]: 2 });
    for (let n = 0; n < 300; n++) lanes.join(item(pair, n));
    const first = await batch(0);
    expect(first.batch).toHaveLength(LANE_LIMITS.maxSends);
    first.release();
    expect((await batch(1)).batch).toHaveLength(300 - LANE_LIMITS.maxSends);

    const group = randomUUID();
    const large = heldLanes({ [group]: 250 });
    for (let n = 0; n < 20; n++) large.lanes.join(item(group, n));
    expect((await large.batch(0)).batch).toHaveLength(8);
  });

  test('give a group over 20 people a lane of its own, with all that waits for it, in order (I4)', async () => {
    const pair = randomUUID();
    const group = randomUUID();
    const { lanes, batch } = heldLanes({ [pair]: 2, [group]: 21 });
    for (let n = 0; n < 400; n++) lanes.join(item(n % 2 === 0 ? pair : group, n));
    const batches = [await batch(0), await batch(1)];
    const ofPair = batches.find(({ batch }) => batch[0]!.conversation === pair)!;
    const ofGroup = batches.find(({ batch }) => batch[0]!.conversation === group)!;
    expect(ofPair.batch.every(({ conversation }) => conversation === pair)).toBe(true);
    lanes.join(item(group, 401));
    ofGroup.release();
    const next = await batch(2);
    const order = [...ofGroup.batch, ...next.batch].map(({ n }) => n);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order.slice(0, 3)).toEqual([1, 3, 5]);
  });

  test('refuse what is over their bounds (I9)', async () => {
    const conversation = randomUUID();
    const { lanes, batch } = heldLanes({ [conversation]: 2 });
    lanes.join(item(conversation));
    await batch(0);
    const refused: string[] = [];
    const fail = (error: { code: string }) => void refused.push(error.code);
    for (let n = 0; n < LANE_LIMITS.maxQueuedSends; n++) lanes.join({ ...item(conversation, n), fail });
    expect(refused).toEqual([]);
    lanes.join({ ...item(conversation), fail });
    expect(refused).toEqual(['unavailable']);
    const other = heldLanes({ [conversation]: 2 });
    other.lanes.join({ ...item(conversation), bytes: LANE_LIMITS.maxQueuedBytes + 1, fail });
    expect(refused).toHaveLength(2);
  });

  test('let what nobody waits for gather in a large group, until something comes that does not wait, in order (I4)', async () => {
    const group = randomUUID();
    const pair = randomUUID();
    const { lanes, batches, batch } = heldLanes({ [group]: 250, [pair]: 2 });
    const joins = (n: number, gathers: boolean) => lanes.join({ ...item(group, n), gathers });
    /** The other lane has had its turn, and the group's meanwhile. */
    const turn = async () => {
      const n = batches.length;
      lanes.join({ ...item(pair), gathers: true });
      expect((await batch(n)).batch[0]!.conversation).toBe(pair);
      batches[n]!.release();
    };
    joins(0, false);
    (await batch(0)).release();
    clock.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      for (let n = 1; n <= 3; n++) {
        joins(n, true);
        await turn();
      }
      joins(4, false);
      expect((await batch(4)).batch.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
      batches[4]!.release();
      joins(5, true);
      await turn();
      clock.advanceTimersByTime(LANE_LIMITS.gatherMs);
      expect((await batch(6)).batch.map(({ n }) => n)).toEqual([5]);
    } finally {
      clock.useRealTimers();
    }
  });
});
