import { SCOPES } from '@drawbridge/protocol';
import { everyDatabase, formWith } from '@drawbridge/testing';
import { sql } from 'kysely';
import {
  AuthorityHarness,
  bodyOf,
  claimsOf,
  DESKTOP,
  DEVICE_GRANT,
  INVALID_GRANT,
  type Tokens,
  WEB,
  WEB_ORIGIN,
} from './authority-harness.js';

describe.each(everyDatabase)('Attacks on scopes, resources and partners, on %s', (kind) => {
  let bridge: AuthorityHarness;
  beforeAll(async () => {
    bridge = await AuthorityHarness.start(kind);
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  test('RFC 6749 section 3.3: what the app may not have is not offered, and a forged tick is not granted', async () => {
    const browser = bridge.browser();
    const redirect_uri = `${WEB_ORIGIN}/signed-in`;
    const { url, verifier } = bridge.authorizationUrl({
      client_id: WEB,
      redirect_uri,
      scope: 'messages.read messages.send',
    });
    const consent = await bridge.toConsent(browser, url);
    const form = formWith(consent, 'scope');
    expect(form.checkboxes.map((box) => box.value)).toEqual(['messages.read']);
    const { left } = await browser.submit(form, { scope: ['messages.read', 'messages.send', 'admin'] }, [
      'decision',
      'allow',
    ]);
    const response = await bridge.exchange(left!.searchParams.get('code')!, verifier, {
      client_id: WEB,
      redirect_uri,
    });
    expect(claimsOf(((await response.json()) as Tokens).access_token).scope).toBe('messages.read');
  });

  test('what was not asked for is not granted, however it is ticked', async () => {
    const tokens = await bridge.signIn({
      ask: { scope: 'messages.read' },
      scopes: ['messages.read', 'messages.send'],
    });
    expect(claimsOf(tokens.access_token).scope).toBe('messages.read');
  });

  test('RFC 6749 section 4.1.2.1: nothing that can be granted is invalid_scope, at once', async () => {
    for (const scope of [undefined, 'openid profile', 'public.read', 'admin']) {
      expect((await bridge.ask({ scope })).left?.searchParams.get('error')).toBe('invalid_scope');
    }
  });

  test('a ceiling that was lowered narrows the next token', async () => {
    const tokens = await bridge.signIn({ scopes: ['messages.read', 'messages.send'] });
    await sql`update app set scopes = array['messages.read'] where client_id = ${DESKTOP}`.execute(
      bridge.database.tables(),
    );
    const next = (await (await bridge.refresh(tokens.refresh_token)).json()) as Tokens;
    await sql`update app set scopes = (select scopes from partner where id = app.partner) where client_id = ${DESKTOP}`.execute(
      bridge.database.tables(),
    );
    expect(claimsOf(next.access_token).scope).toBe('messages.read');
  });

  test('RFC 8414 section 2: what can be asked for is in the metadata, and nothing that is refused', async () => {
    const metadata = await (await fetch(`${bridge.origin}/oidc/.well-known/openid-configuration`)).json();
    expect(metadata).toMatchObject({
      scopes_supported: ['openid', ...SCOPES],
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'],
      grant_types_supported: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    });
  });

  test('RFC 8707 section 2: no token for another resource', async () => {
    const { left } = await bridge.ask({ resource: 'https://evil.example/' });
    expect(left?.searchParams.get('error')).toBe('invalid_target');
  });

  test.each(['pending', 'suspended', 'ended'])(
    'no app of a partner that is %s gets a code, even in the middle of it',
    async (status) => {
      const browser = bridge.browser();
      const consent = await bridge.toConsent(browser, bridge.authorizationUrl().url);
      const { code, verifier } = await bridge.code();
      await bridge.setPartnerStatus(status);
      try {
        expect(await bridge.ask({})).toMatchObject({ status: 400, left: undefined });
        const late = await browser.submit(formWith(consent, 'scope'), { scope: 'messages.read' }, [
          'decision',
          'allow',
        ]);
        expect(late.left).toBeUndefined();
        expect((await bridge.exchange(code, verifier)).status).toBeGreaterThanOrEqual(400);
      } finally {
        await bridge.setPartnerStatus('approved');
      }
    },
  );

  test('an erased person gets no token', async () => {
    const { code, verifier } = await bridge.code({ login: 'bob' });
    await sql`update person set erased_at = clock_timestamp() where id = 'bob'`.execute(bridge.database.tables());
    const refused = await bridge.exchange(code, verifier);
    await sql`update person set erased_at = null where id = 'bob'`.execute(bridge.database.tables());
    expect(await bodyOf(refused)).toMatchObject({ status: 400, ...INVALID_GRANT });
  });
});
