import { confirmationsOf, ReceiptCase, tookMs } from './receipt-case.js';
import type { Gateway, Receipt } from './wire.js';

const gateway = (id: string, consentPosition: number, ageMs = 100): Gateway => ({
  id,
  instance: `${id}-instance`,
  lease: { ms: 3_000, ageMs },
  startedAt: '2026-11-26T12:00:00.000Z',
  connections: 1,
  consentPosition,
  draining: false,
});

const RECEIPT: Receipt = {
  grant: 'g-1',
  requestedAt: '2026-11-26T12:00:00.000Z',
  effectiveAt: '2026-11-26T12:00:04.500Z',
  connectionsClosed: 1,
  gateways: [
    { id: 'gw-2', confirmed: 'lease_expired', at: '2026-11-26T12:00:04.500Z', lastSeq: 9 },
    { id: 'gw-1', confirmed: 'ack', at: '2026-11-26T12:00:00.012Z', lastSeq: 7 },
  ],
};

describe('A receipt as it comes in', () => {
  test('has each thing once, in the order in which it came: who has it, who is not heard from, what was closed, the whole', () => {
    const found = new ReceiptCase(1, 'The end of Alice’s grant', { grant: 'g-1' });
    found.asked({ consentHead: 4 });
    found.seen({ consentHead: 4, gateways: [gateway('gw-1', 4), gateway('gw-2', 4)] });
    found.seen({ consentHead: 5, gateways: [gateway('gw-1', 5), gateway('gw-2', 4)] });
    found.closed('Alice', 4403, 'revoked_by_operator');
    found.seen({ consentHead: 5, gateways: [gateway('gw-1', 5), gateway('gw-2', 4, 3_100)] });
    found.complete(RECEIPT);
    found.seen({ consentHead: 5, gateways: [gateway('gw-2', 5)] });
    const steps = found.steps.value;
    expect(steps.map(({ kind }) => kind)).toEqual(['asked', 'gateway', 'closed', 'late', 'complete']);
    expect(steps[1]?.text).toContain('gw-1');
    expect(steps[3]?.text).toContain('gw-2');
    expect(steps.every(({ ms }, index) => index === 0 || ms >= steps[index - 1]!.ms)).toBe(true);
    expect(found.isOpen).toBe(false);
  });

  test('takes the closes of its own grant, or of everybody of its partner, and nobody else’s', () => {
    const alice = { grant: 'g-1', partner: 'Drawbridge' };
    const bob = { grant: 'g-2', partner: 'Drawbridge' };
    const ofGrant = new ReceiptCase(1, '', { grant: 'g-1' });
    expect([ofGrant.takesClose(alice), ofGrant.takesClose(bob)]).toEqual([true, false]);
    const ofPartner = new ReceiptCase(2, '', { partnerName: 'Drawbridge' });
    expect([ofPartner.takesClose(alice), ofPartner.takesClose(bob)]).toEqual([true, true]);
    expect(new ReceiptCase(3, '', { partnerName: 'Tunebox' }).takesClose(alice)).toBe(false);
  });

  test('orders its gateways by when they confirmed, counted from the request, on the bridge’s own clock', () => {
    expect(confirmationsOf(RECEIPT).map(({ id, afterMs }) => [id, afterMs])).toEqual([
      ['gw-1', 12],
      ['gw-2', 4_500],
    ]);
    expect(tookMs(RECEIPT)).toBe(4_500);
  });
});
