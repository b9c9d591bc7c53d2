import { rollingRestart } from '../bench/rolling.js';

/** The long form, with three gateways and 300 clients, is `npm run sdk:rolling`. */
test('A rolling restart behind HAProxy: no client of the SDK is without a connection, no send fails, and nobody lacks anything (I3, I4)', async () => {
  const { sent, failures, incomplete, reconnects, longestPauseMs } = await rollingRestart({
    gateways: 2,
    clients: 32,
    // As long as HAProxy takes to see that a gateway is back.
    betweenMs: 3_000,
  });
  console.log(`${sent} sends, none failed; the longest pause without a message was ${Math.round(longestPauseMs)} ms`);
  expect(failures).toEqual([]);
  expect(incomplete).toEqual([]);
  expect(reconnects).toEqual([]);
  expect(sent).toBeGreaterThan(100);
});
