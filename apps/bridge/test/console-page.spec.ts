import { request } from 'node:http';
import { type BridgeProcess, startBridge } from '@drawbridge/testing';

let bridge: BridgeProcess;
beforeAll(async () => {
  bridge = await startBridge({ database: 'pglite', env: { CONSOLE_HOSTS: 'Testers.example.com' } });
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** As a browser asks that was told that this name is this machine. */
async function get(
  path: string,
  host: string,
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof get>>>();
  request(`${bridge.internalUrl}${path}`, { headers: { host } }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
  })
    .on('error', reject)
    .end();
  return promise;
}

describe('The console', () => {
  const own = [
    '127.0.0.1:8081',
    '10.1.2.3',
    '[::1]:8081',
    'localhost',
    'LOCALHOST:9',
    'a.localhost:1',
    'testers.example.com',
  ];
  test.each(own)('is there for a browser that asks for %s', async (host) => {
    expect((await get('/console/', host)).status).toBe(200);
    expect((await get('/console/settings.json', host)).body).toContain('"demo"');
  });

  const strange = [
    'evil.example',
    'evil.example:8081',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'testers.example.com.evil.example',
    '1.evil',
  ];
  test.each(strange)('is not there under a stranger’s name that was made to point here, such as %s', async (host) => {
    for (const path of ['/console/', '/console/settings.json', '/console/assets/x.js']) {
      const { status, body } = await get(path, host);
      expect([path, status]).toEqual([path, 421]);
      expect(body).toContain('CONSOLE_HOSTS');
      expect(body).not.toContain('drawbridge');
    }
    // A collector of metrics asks by a name of its own.
    expect((await get('/metrics', host)).status).toBe(200);
  });

  test('is in no frame, in no handle of another page, and in no other page’s answers', async () => {
    for (const path of ['/console/', '/console/settings.json', '/console/nothing']) {
      const { headers } = await get(path, '127.0.0.1');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
      const policy = String(headers['content-security-policy']);
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "trusted-types 'none'",
      ])
        expect(policy.split('; ')).toContain(rule);
    }
  });

  test.each([
    '/console/../package.json',
    '/console/%2e%2e/main.js',
    '/console/assets/..%2f..%2fbridge/src/main.js',
    '/console/assets/%5c..%5c..',
  ])('gives nothing beside itself: %s', async (path) =>
    expect([400, 403, 404]).toContain((await get(path, '127.0.0.1')).status),
  );
});
