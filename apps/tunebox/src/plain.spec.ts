import { endOf } from './ends.js';
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

  test('is made plain in the reason for an end too, which the bridge says', () => {
    const { text, isConsent } = endOf('\u001b]0;evil\u0007__proto__');
    expect([text, isConsent]).toEqual(['Tunebox cannot go on: \ufffd]0;evil\ufffd  proto  .', false]);
    expect(endOf('constructor')).toEqual({ text: 'Tunebox cannot go on: constructor.', isConsent: false });
    expect(endOf('revoked_by_person').isConsent).toBe(true);
  });
});
