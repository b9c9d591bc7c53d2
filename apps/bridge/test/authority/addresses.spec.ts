import { connect } from 'node:net';
import { everyDatabase } from '@drawbridge/testing';
import { AuthorityHarness, bodyOf, DESKTOP, WEB, WEB_ORIGIN } from './authority-harness.js';

describe.each(everyDatabase)('Attacks with addresses, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  describe('redirects', () => {
    test.each([
      'http://127.0.0.1:49152/another',
      'http://127.0.0.1:49152/callback/../evil',
      'http://127.0.0.1:49152/callback?x=1',
      'http://localhost:49152/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1:80@evil.example/callback',
      'http://evil.example/callback',
      'https://127.0.0.1/callback',
      'javascript:alert(1)',
    ])(
      'RFC 8252 section 7.3, RFC 9700 section 2.1: %s is refused on a page, never redirected to',
      async (redirect_uri) => {
        const page = await bridge.ask({ redirect_uri });
        expect(page.status).toBe(400);
        expect(page.left).toBeUndefined();
        expect(page.html).toContain('invalid_redirect_uri');
      },
    );

    test('RFC 8252 section 7.3: any port of the loopback address will do, IPv4 and IPv6', async () => {
      for (const redirect_uri of [
        'http://127.0.0.1:1/callback',
        'http://127.0.0.1:65535/callback',
        'http://[::1]:5000/callback',
      ]) {
        const { left } = await bridge.code({ ask: { redirect_uri } });
        expect(left.href.startsWith(`${redirect_uri}?code=`)).toBe(true);
      }
    });

    test('RFC 9700 section 2.1: a web app gets no free port and no other path', async () => {
      for (const redirect_uri of [`${WEB_ORIGIN}:8443/signed-in`, `${WEB_ORIGIN}/`, `${WEB_ORIGIN}/signed-in/`]) {
        expect((await bridge.ask({ client_id: WEB, redirect_uri, scope: 'messages.read' })).status).toBe(400);
      }
    });

    test('response_mode=form_post, which needs a script in our page, is refused in the query', async () => {
      const { left } = await bridge.ask({ response_mode: 'form_post' });
      expect(left?.searchParams.get('error')).toBe('unsupported_response_mode');
    });

    test('RFC 6749 section 3.1.2.4: an unknown app is told so on a page, whatever its redirect address', async () => {
      const page = await bridge.ask({ client_id: 'nobody' });
      expect(page).toMatchObject({ status: 400, left: undefined });
    });
  });

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
