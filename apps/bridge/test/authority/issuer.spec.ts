import { everyDatabase, formWith, freePort } from '@drawbridge/testing';
import { AuthorityHarness, claimsOf, DESKTOP, DESKTOP_REDIRECT, type Tokens } from './authority-harness.js';
import { TestIssuer } from './issuer.js';

describe.each(everyDatabase)('Sign-in at the platform’s own provider, on %s', (kind) => {
  let bridge: AuthorityHarness;
  let issuer: TestIssuer;
  beforeAll(async () => {
    const port = await freePort();
    issuer = await TestIssuer.start(`http://127.0.0.1:${port}`);
    bridge = await AuthorityHarness.start(kind, { port, signIn: issuer.config });
  });
  afterAll(async () => {
    await bridge[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });
  afterEach(() => {
    issuer.faults = {};
  });

  test('a person signs in there, afresh, and finds the consent page; the app gets their tokens', async () => {
    const browser = bridge.browser();
    const { url, verifier } = bridge.authorizationUrl();
    const page = await browser.get(url);
    expect(page.html).toContain('Tunebox Ltd');
    expect(page.html).not.toContain('type="password"');
    const consent = await issuer.signInFrom(browser, page, 'alice');
    const asked = Object.fromEntries(issuer.asked.at(-1)!);
    expect(asked).toMatchObject({ prompt: 'login', max_age: '0', scope: 'openid', code_challenge_method: 'S256' });
    expect(consent.html).toContain('You are signed in as <strong>Alice Arden</strong>');
    const allowed = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, ['decision', 'allow']);
    expect(allowed.left!.origin + allowed.left!.pathname).toBe(DESKTOP_REDIRECT);
    const answer = await bridge.exchange(allowed.left!.searchParams.get('code')!, verifier);
    const tokens = (await answer.json()) as Tokens;
    expect(claimsOf(tokens.access_token)).toMatchObject({ sub: 'alice', client_id: DESKTOP, scope: 'messages.read' });
  });
});
