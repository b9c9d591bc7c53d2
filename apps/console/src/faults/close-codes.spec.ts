import { closeOutlook, closeProblem } from './close-codes.js';

describe('Closing with a code and a reason', () => {
  test('takes what browsers take, and says why not otherwise', () => {
    expect([1000, 3000, 4000, 4403, 4999].map((code) => closeProblem(code, ''))).toEqual(Array(5).fill(undefined));
    for (const code of [0, 999, 1001, 1006, 2999, 5000, 4000.5, Number.NaN])
      expect(closeProblem(code, '')).toContain('1000');
    expect(closeProblem(4000, 'é'.repeat(61))).toBeUndefined();
    expect(closeProblem(4000, 'é'.repeat(62))).toContain('124');
  });

  test('says what the SDK makes of it', () => {
    expect(closeOutlook(4401, '')).toContain('another');
    expect(closeOutlook(4403, 'revoked_by_person')).toContain('forgets');
    expect(closeOutlook(4400, 'protocol_violation')).toContain('“Connect”');
    for (const code of [1000, 4000, 4512]) expect(closeOutlook(code, '')).toContain('connects again');
  });
});
