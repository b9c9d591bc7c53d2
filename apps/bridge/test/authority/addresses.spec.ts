import { connect } from 'node:net';
import { everyDatabase } from '@drawbridge/testing';
import { AuthorityHarness, bodyOf, DESKTOP, WEB, WEB_ORIGIN } from './authority-harness.js';

describe.each(everyDatabase)('Attacks with addresses, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  describe('the Host header and other origins', () => {
    /** The request as bytes: no client would send these. */
    const raw = (request: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(bridge.origin).port), '127.0.0.1', () => socket.write(request));
        let answer = '';
        socket.on('data', (bytes) => (answer += bytes));
        socket.on('close', () => resolve(answer));
        socket.on('error', reject);
      });

    test.each([
      [
        'Host',
        'GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      ],
      [
        'X-Forwarded-Host',
        'GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n',
      ],
      [
        'the request target',
        'GET http://evil.example/oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      ],
    ])('RFC 8414 section 3.3: the addresses are PUBLIC_URL’s, whatever %s says', async (_, request) => {
      const answer = await raw(request);
      expect(answer).toMatch(/^HTTP\/1\.1 200/);
      expect(answer).not.toContain('evil');
      const metadata = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Record<
        string,
        string
      >;
      expect(metadata).toMatchObject({
        issuer: `${bridge.origin}/oidc`,
        token_endpoint: `${bridge.origin}/oidc/token`,
      });
    });

    test('a sign-in with a wrong Host leads nowhere else', async () => {
      const { url } = bridge.authorizationUrl();
      const answer = await raw(`GET ${url} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/location: \/sign-in\//i);
      expect(answer).not.toContain('evil');
    });

    test('the token endpoint answers a web app in its own origin only, and says so to the browser', async () => {
      const from = (origin: string, client_id: string) =>
        bridge.token({ grant_type: 'refresh_token', refresh_token: 'x', client_id }, { origin });
      const own = await from(WEB_ORIGIN, WEB);
      expect(own.headers.get('access-control-allow-origin')).toBe(WEB_ORIGIN);
      const other = await from('https://evil.example', WEB);
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
      expect(await bodyOf(other)).toMatchObject({ error: 'invalid_request' });
      expect((await from('https://evil.example', DESKTOP)).headers.get('access-control-allow-origin')).toBeNull();
    });
  });
});
