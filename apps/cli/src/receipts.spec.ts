import { concernedText, receiptText, takenText } from './receipts.ts';

const receipt = {
  partner: 'a1f0',
  grants: 1_204,
  requestedAt: '2026-11-25T15:04:05.123Z',
  effectiveAt: '2026-11-25T15:04:10.144Z',
  connectionsClosed: 1,
  gateways: [
    { id: 'gw-1', confirmed: 'ack' as const, at: '2026-11-25T15:04:05.161Z' },
    { id: 'gw-2', confirmed: 'lease_expired' as const, at: '2026-11-25T15:04:10.144Z' },
  ],
};
const read =
  'In effect since 2026-11-25 15:04:10.144 UTC (5.02 s after it was asked for), confirmed by gw-1 and gw-2 (lease expired)';

describe('A receipt', () => {
  test('reads as one sentence: since when, who confirmed it, and what was closed (I2)', () => {
    expect(receiptText(receipt)).toBe(`${read}; 1 connection closed.`);
    expect(receiptText({ ...receipt, scopes: ['profile'] })).toBe(`${read}.`);
    expect(receiptText({ ...receipt, gateways: [] })).toContain('with no gateway running');
  });

  test('says what was ended, or when it is going to be', () => {
    expect(takenText('Ended', 'Tunebox', receipt)).toBe(`Ended Tunebox: 1,204 grants. ${read}; 1 connection closed.`);
    expect(takenText('Ended', 'Tunebox', { endsAt: '2999-12-31T00:00:00.000Z' })).toMatch(
      /^Tunebox ends on 2999-12-31 00:00 UTC \(in \d+ years\)\.$/,
    );
  });
});

test('A preview counts grants, apps and people', () => {
  const ends = (grants: number, apps: number, people: number) => concernedText('ends', { grants, apps, people });
  expect(ends(1_204, 3, 1_100)).toBe(' and ends 1,204 grants of 3 apps (1,100 people)');
  expect(ends(1, 1, 1)).toBe(' and ends 1 grant of 1 app (1 person)');
  expect(ends(0, 0, 0)).toBe('; no grants are concerned');
});
