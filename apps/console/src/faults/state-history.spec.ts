import { durationWords, HISTORY_LIMITS, StateHistory } from './state-history.js';

describe('The history of states', () => {
  test('says how long each lasted, and counts what was told again as one stay', () => {
    const history = new StateHistory();
    const start = history.now.since;
    history.heard({ name: 'opening', retryable: true }, start + 5);
    history.heard({ name: 'live', retryable: true }, start + 30);
    history.heard({ name: 'reconnecting', retryable: true, reason: 'connection_lost', retryInMs: 90 }, start + 1_030);
    history.heard({ name: 'reconnecting', retryable: true, reason: 'timeout', retryInMs: 200 }, start + 1_130);
    const told = history.stays.value.map(({ state, reason, told, since, until }) => [
      state,
      reason,
      told,
      until === undefined ? undefined : until - since,
    ]);
    expect(told).toEqual([
      ['signed-out', undefined, 0, 5],
      ['opening', undefined, 1, 25],
      ['live', undefined, 1, 1_000],
      ['reconnecting', 'timeout', 2, undefined],
    ]);
    expect(history.before?.state).toBe('live');
  });

  test('is bounded, and keeps the newest (I9)', () => {
    const history = new StateHistory();
    for (let turn = 0; turn < HISTORY_LIMITS.stays; turn++)
      history.heard({ name: turn % 2 ? 'live' : 'reconnecting', retryable: true }, turn);
    expect(history.stays.value).toHaveLength(HISTORY_LIMITS.stays);
    expect(history.now).toMatchObject({ number: HISTORY_LIMITS.stays + 1, until: undefined });
  });
});

test('Durations are short words', () => {
  expect([3.4, 999, 1_000, 59_949, 250_000, 7_260_000].map(durationWords)).toEqual([
    '3 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '4 min 10 s',
    '2 h 1 min',
  ]);
});
