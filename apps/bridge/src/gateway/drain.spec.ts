import { batchSize } from './drain.js';

describe('A drain', () => {
  it('spreads many connections over its window, and is soon over where there are few', () => {
    expect([batchSize(50_000, 10_000), batchSize(2_001, 10_000), batchSize(300, 10_000)]).toEqual([500, 21, 20]);
  });

  it('with no window, or hardly one, is one batch', () => {
    expect([batchSize(50_000, 0), batchSize(50_000, 99)]).toEqual([50_000, 50_000]);
  });
});
