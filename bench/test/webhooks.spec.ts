import { readWebhooksOptions, WEBHOOKS_HELP } from '../src/webhooks/options.js';
import { webhooksReport } from '../src/webhooks/report.js';

test('An option of the webhooks that is unknown or wrong is an error that names it', () => {
  expect(() => readWebhooksOptions(['--evnets', '5'])).toThrow('--evnets');
  expect(() => readWebhooksOptions(['--slow-ms', '9999'])).toThrow("--slow-ms: '9999' is no whole number");
  expect(readWebhooksOptions(['--help'])).toBeUndefined();
  for (const name of ['--events', '--conversations', '--slow-ms']) expect(WEBHOOKS_HELP).toContain(name);
});

test('The report of webhooks has how many were told in a second, and what went wrong', () => {
  const result = { events: 500, ms: 2_000, firstAfterMs: 300, again: 1, heapBytes: [50e6, 51e6], problems: [] };
  expect(webhooksReport(result)).toBe(
    [
      '500 events in 2.0 s, 250 a second, the first 0.3 s after the receiver was back; 1 came again',
      'heap of the bridge before, and then: 50.0 MB, 51.0 MB',
      'PASSED: each was told, in the order of its conversation',
    ].join('\n'),
  );
  expect(webhooksReport({ ...result, problems: ['2 came before'] })).toMatch(/\n2 came before\nFAILED$/);
});
