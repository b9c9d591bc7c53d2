import { Failure } from '../failure.ts';
import { count, duration, listed, moment, readTime } from './times.ts';

describe('A time', () => {
  const now = Date.parse('2026-11-22T15:00:00Z');

  test.each([
    ['2026-11-25T15:04:05.123Z', '2026-11-25 15:04 UTC (in 3 days)'],
    ['2026-11-22T14:59:30Z', '2026-11-22 14:59 UTC (30 seconds ago)'],
    ['2026-11-22T15:00:00.400Z', '2026-11-22 15:00 UTC (now)'],
    ['2028-01-01T00:00:00Z', '2028-01-01 00:00 UTC (in 1 year)'],
    [null, '–'],
  ])('%s reads %s', (at, text) => {
    expect(moment(at, now)).toBe(text);
  });

  test.each([
    ['2026-12-31', '2026-12-31T00:00:00.000Z'],
    ['2026-12-31T18:00', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31 18:00 UTC', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00:30+02:00', '2026-12-31T16:00:30.000Z'],
  ])('%s may be written', (text, at) => {
    expect(readTime(text, '--at')).toBe(at);
  });

  test.each(['tomorrow', '2026-13-01', '2026-02-30', '2026-02-30T10:00', '31.12.2026', '2026', ''])(
    '%p may not',
    (text) => {
      expect(() => readTime(text, '--at')).toThrow(Failure);
    },
  );
});

test('Numbers and lists read as people write them', () => {
  expect(count(1_204, 'grant')).toBe('1,204 grants');
  expect(count(1, 'person', 'people')).toBe('1 person');
  expect(duration(38)).toBe('38 ms');
  expect(duration(5_021)).toBe('5.02 s');
  expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
});
