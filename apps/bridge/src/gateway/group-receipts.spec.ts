import { GROUP_RECEIPT_LIMITS, GroupReceipts } from './group-receipts.js';
import type { PassingEvent } from './hints.js';

const { jest: clock } = import.meta as unknown as { jest: typeof jest };
const GROUP = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const receipt = (person: string) => Buffer.from(JSON.stringify({ conversation: GROUP, person, readUpTo: 1 }));

describe('Receipts in groups', () => {
  beforeEach(() => void clock.useFakeTimers());
  afterEach(() => void clock.useRealTimers());

  test('that waited for their turn are told to those who are in the group by then, also those of other gateways (I1)', async () => {
    const told: PassingEvent[] = [];
    const tell = (event: PassingEvent) => void told.push(event);
    const delivery = {
      pass: tell,
      passHere: tell,
      receiptsHeard: undefined as ((event: PassingEvent) => void) | undefined,
    };
    let members = [1, 2, 3];
    const asked: (number | string)[] = [];
    const audience = async (reader: number | string) => {
      asked.push(reader);
      return members;
    };
    new GroupReceipts(delivery, audience, () => {});
    const hears = (person: string) =>
      delivery.receiptsHeard!({ name: 'receipt.updated', data: receipt(person), people: [1, 2, 3] });
    hears('bob');
    hears('carol');
    members = [1];
    await clock.advanceTimersByTimeAsync(GROUP_RECEIPT_LIMITS.everyMs);
    expect(asked).toEqual(['bob', 'carol']);
    expect(told.map(({ data, people }) => [JSON.parse(String(data)).person, people])).toEqual([
      ['bob', [1, 2, 3]],
      ['carol', [1]],
    ]);
  });
});
