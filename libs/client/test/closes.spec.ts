import { CLOSE_CODES, END_REASONS } from '@drawbridge/protocol';
import { closeMeans, isConsentOver } from '../src/closes.js';

describe('What a close asks of a client', () => {
  test('44xx stop, but for a token that may be replaced; 45xx and lost connections come again', () => {
    for (const [reason, code] of Object.entries(CLOSE_CODES)) {
      const meaning = code === 4401 ? 'token' : code < 4500 ? 'stop' : 'again';
      expect([reason, closeMeans(code)]).toEqual([reason, meaning]);
    }
    expect([1001, 1006].map((code) => closeMeans(code))).toEqual(['again', 'again']);
  });

  test('the consent is over for each reason that the protocol has for it, and for no other close', () => {
    const over = Object.keys(CLOSE_CODES).filter(isConsentOver);
    expect(over.toSorted()).toEqual([...END_REASONS].toSorted());
  });
});
