import { oneLine, plain } from './plain.js';

describe('Text of others in a terminal', () => {
  test('cannot move the cursor, change colours or turn the direction of what comes after it', () => {
    expect(plain('a\u001b[2J\u009b31mb\u0007\u202ec\u2066')).toBe('a\ufffd[2J\ufffd31mb\ufffd\ufffdc\ufffd');
  });

  test('stays what it is otherwise: lines, other scripts, emoji of several parts', () => {
    const text = 'Grüße\nمرحبا\n👩‍👩‍👧 שלום';
    expect(plain(text)).toBe(text);
    expect(plain('a\r\nb\rc\u2028d\te')).toBe('a\nb\nc\nd e');
    expect(oneLine('a\nb')).toBe('a b');
  });
});
