import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drawbridge } from './command-line.js';

const RETRY_AFTER_S = 2;

test('a bridge that answers 429 is asked again when it says, and not before', async () => {
  const askedAtMs: number[] = [];
  const bridge = createServer((_request, response) => {
    askedAtMs.push(performance.now());
    const json = { 'Content-Type': 'application/json' };
    if (askedAtMs.length === 1) {
      response.writeHead(429, { ...json, 'Retry-After': RETRY_AFTER_S });
      return void response.end('{"code":"rate_limited","message":"Too many calls wait already."}');
    }
    response.writeHead(200, json).end('{"operators":[]}');
  });
  bridge.listen(0, '127.0.0.1');
  await once(bridge, 'listening');
  const url = `http://127.0.0.1:${(bridge.address() as AddressInfo).port}`;
  const { code } = await drawbridge(['operators', 'list'], {
    DRAWBRIDGE_ADMIN_URL: url,
    DRAWBRIDGE_TOKEN: 'a-token-to-try',
  });
  bridge.close();
  expect(code).toBe(0);
  expect(askedAtMs).toHaveLength(2);
  expect(askedAtMs[1]! - askedAtMs[0]!).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000 - 5);
});
