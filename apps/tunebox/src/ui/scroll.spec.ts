import { turned, windowAround } from './scroll.js';

describe('What of a list is shown', () => {
  test('is around what is selected, and within the list', () => {
    expect(windowAround(0, 100, 10)).toEqual({ from: 0, to: 10 });
    expect(windowAround(50, 100, 10)).toEqual({ from: 45, to: 55 });
    expect(windowAround(99, 100, 10)).toEqual({ from: 90, to: 100 });
    expect(windowAround(3, 4, 0)).toEqual({ from: 3, to: 4 });
  });

  test('turns back to the oldest message, and forth to the newest, where it stays whatever comes', () => {
    const positions = [3, 4, 5, 8, 9];
    expect(turned(positions, undefined, -2)).toBe(5);
    expect(turned(positions, 5, -9)).toBe(3);
    expect(turned([1, 2, ...positions], 3, -2)).toBe(1);
    expect(turned(positions, 3, 2)).toBe(5);
    expect(turned(positions, 5, 2)).toBeUndefined();
    expect(turned(positions, undefined, 2)).toBeUndefined();
    expect(turned([], undefined, -2)).toBeUndefined();
  });
});
