import { type BridgeClient, everyDatabase } from '@drawbridge/testing';
import { OPENING_LIMITS } from '../../src/gateway/openings.js';
import { codeOf, GatewayHarness } from './gateway-harness.js';

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Far more than wait on one grant. */
const AT_ONCE = 150;
const FLOOD = 2_000;
/** Beside the flood, an opening takes at most this, and on a machine that is busy with something else, so many times one alone. */
const HELD_UP_MS = 500;
const HELD_UP_TIMES = 25;

const open = (client: BridgeClient, token: string) =>
  client.request('session.open', { token, client: { name: 'flood', version: '1' } });

describe.each(everyDatabase)('Openings on %s', (kind) => {
  let bridge: GatewayHarness;
  beforeAll(async () => {
    bridge = await GatewayHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('of one grant that opens all the time delay nobody else, and are refused beyond the bound (I2, I9)', async () => {
    const token = await bridge.token('bob', await bridge.grant('bob'));
    const codes = new Map<string, number>();
    const opened = () => codes.get('ok') ?? 0;
    /** Who comes and opens a session, which is then ended; how long the opening took. */
    const victim = async () => {
      const grant = await bridge.grant('alice');
      const client = await bridge.connect();
      const own = await bridge.token('alice', grant);
      const since = performance.now();
      const before = opened();
      await open(client, own);
      const [ms, others] = [performance.now() - since, opened() - before];
      const receipt = await bridge.end(grant);
      expect(receipt.gateways).toMatchObject([{ confirmed: 'ack' }]);
      return { ms, others };
    };
    const alone: number[] = [];
    for (let i = 0; i < 5; i += 1) alone.push((await victim()).ms);
    let begun = 0;
    const atWork = Promise.withResolvers<void>();
    const flooding = Array.from({ length: AT_ONCE }, async () => {
      while (begun < FLOOD) {
        begun += 1;
        const client = await bridge.connect();
        const code = await codeOf(open(client, token));
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code === 'rate_limited') expect(await client.closed).toEqual({ code: 4529, reason: 'rate_limited' });
        client.socket.terminate();
        if (begun === 3 * AT_ONCE) atWork.resolve();
      }
    });
    await atWork.promise;
    const ahead: number[] = [];
    const tookMs: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const { ms, others } = await victim();
      tookMs.push(ms);
      ahead.push(others);
    }
    await Promise.all(flooding);
    // Of those that came before, fewer are opened first than may wait: 3 on the embedded database, 6 to 11 on PostgreSQL, and
    // all of them without turns.
    expect(median(ahead)).toBeLessThan(OPENING_LIMITS.waitingPerGrant);
    // And nothing else holds them up, which no count would show: 5 to 9 times as long as alone, on a machine that is
    // busy too (25 to 430 ms), and many seconds without turns.
    expect(median(tookMs)).toBeLessThan(Math.max(HELD_UP_MS, HELD_UP_TIMES * median(alone)!));
    expect(codes.get('rate_limited')).toBeGreaterThan(0);
  });
});
