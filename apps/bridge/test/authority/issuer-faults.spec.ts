import { People } from '@drawbridge/people';
import { type FormPage, freePort, shownText } from '@drawbridge/testing';
import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AUTHORITY_LIMITS, AuthorityTurns } from '../../src/authority/authority-turns.js';
import { AuthorityHarness } from './authority-harness.js';
import { type IssuerFaults, startOn, TestIssuer } from './issuer.js';

const { jest: spies } = import.meta as unknown as { jest: typeof jest };
const nowS = () => Math.floor(Date.now() / 1_000);

describe('With a provider that', () => {
  let bridge: AuthorityHarness;
  let issuer: TestIssuer;
  let port: number;
  const lines: Record<string, unknown>[] = [];
  beforeAll(async () => {
    port = await freePort();
    issuer = await TestIssuer.start(`http://127.0.0.1:${port}`);
    bridge = await AuthorityHarness.start('postgres', { port, signIn: issuer.config });
    await bridge.app.get(People).put({ id: 'gone', handle: 'gone', name: 'Gone' });
    await bridge.app.get(People).erase('gone', 'platform');
    const take = (...said: unknown[]) => {
      const [line] = said;
      if (typeof line === 'object' && line !== null && 'refusal' in line) lines.push(line as Record<string, unknown>);
    };
    for (const level of ['log', 'warn'] as const) spies.spyOn(Logger.prototype, level).mockImplementation(take);
  });
  afterAll(async () => {
    spies.restoreAllMocks();
    await bridge[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    issuer.faults = {};
    lines.length = 0;
  });

  const againOn = ({ html }: FormPage) => /<a class="button" href="([^"]+)"/.exec(html)![1]!.replaceAll('&amp;', '&');

  const old = { signedInAt: nowS() - 120 };
  const claims = (over: Record<string, unknown>): IssuerFaults => ({ idToken: (said) => ({ ...said, ...over }) });
  test.each<[what: string, refusal: string, faults: IssuerFaults & { login?: string }]>([
    ['is for another audience', 'wrong_audience', claims({ aud: 'another-client' })],
    ['is for several, and made for another', 'wrong_audience', claims({ aud: ['drawbridge', 'b'], azp: 'b' })],
    ['is another issuer’s', 'wrong_issuer', claims({ iss: 'https://evil.example' })],
    ['is of another sign-in', 'wrong_nonce', claims({ nonce: 'another' })],
    ['is of no sign-in', 'invalid_answer', claims({ nonce: undefined })],
    ['has run out', 'token_expired', claims({ exp: nowS() - 31 })],
    ['is signed by somebody else', 'invalid_answer', { wrongKey: true }],
    ['says that the person signed in before they were sent there', 'old_auth_time', old],
    ['says that the person will sign in', 'old_auth_time', claims({ auth_time: nowS() + 3_600 })],
    ['does not say when the person signed in', 'no_auth_time', claims({ auth_time: undefined })],
    ['names nobody of the bridge', 'unknown_person', { login: 'zoe' }],
    ['names somebody who was erased', 'erased_person', { login: 'gone' }],
    ['names what is no id', 'bad_person_id', { login: 'a b <c>' }],
    ['names an id of the wrong form', 'bad_person_id', { login: 'x'.repeat(65) }],
    ['says that the person did not want to', 'denied', { error: 'access_denied' }],
    ['says that it has trouble', 'provider_refused', { error: 'temporarily_unavailable' }],
    ['does not take the code', 'code_refused', { tokenError: 'invalid_grant' }],
    ['does not take the bridge', 'code_refused', { tokenError: 'invalid_client' }],
    ['does not know the bridge', 'code_refused', { tokenError: 'invalid_client', challenge: 'Basic realm="there"' }],
  ])(
    'an answer that %s signs nobody in: %s, on a page that leads back to the sign-in',
    async (_, refusal, { login = 'alice', ...faults }) => {
      issuer.faults = faults;
      const browser = bridge.browser();
      const page = await browser.get(bridge.authorizationUrl().url);
      const refused = await issuer.signInFrom(browser, page, login);
      expect(lines).toEqual([expect.objectContaining({ refusal, for: 'app' })]);
      expect([400, 403]).toContain(refused.status);
      expect(refused.url.pathname).toBe('/sign-in/callback');
      expect(againOn(refused)).toBe(page.url.pathname);
      // The app's sign-in stands, with nobody in it, and goes on when the provider is well.
      issuer.faults = {};
      const again = await browser.get(againOn(refused));
      expect((await issuer.signInFrom(browser, again, 'alice')).html).toContain('Alice Arden');
    },
  );

  test('is down when the person comes back from it, or before they are sent there: nobody is signed in, and later they are', async () => {
    const browser = bridge.browser();
    const back = await issuer.answer(await browser.get('/connected-apps/start'), 'alice');
    await issuer.down();
    const refused = await browser.get(back);
    const before = await browser.get(againOn(refused));
    const sent = await browser.get(startOn(before));
    await issuer.up();
    expect([refused.status, sent.status]).toEqual([503, 503]);
    expect(lines.map(({ refusal }) => refusal)).toEqual(['provider_unreachable', 'provider_unreachable']);
    const again = await browser.get(againOn(sent));
    expect(shownText(await issuer.signInFrom(browser, again, 'alice'))).toContain('Signed in as Alice Arden');
  });

  test('is slow keeps a person waiting for a bounded time, and nobody else (I9)', async () => {
    const second = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin, signIn: issuer.config });
    const browser = bridge.browser();
    const back = await issuer.answer(await browser.get('/connected-apps/start'), 'alice');
    let answer: (value?: unknown) => void = () => {};
    issuer.faults = { slow: { paths: /./, until: new Promise((resolve) => (answer = resolve)) } };
    const cameBack = browser.get(back);
    // Of the second process, which knows nothing of the provider yet, everybody waits.
    const begun = Array.from({ length: 20 }, () => fetch(`${second.origin}/connected-apps/start`));
    const others = bridge.browser();
    expect((await others.get(bridge.authorizationUrl().url)).status).toBe(200);
    expect((await fetch(`${second.origin}/oidc/jwks`)).status).toBe(200);
    const [refused, ...waited] = await Promise.all([cameBack, ...begun]);
    expect([refused.status, ...waited.map(({ status }) => status)]).toEqual(Array.from({ length: 21 }, () => 503));
    expect(new Set(lines.map(({ refusal }) => refusal))).toEqual(new Set(['provider_slow']));
    answer();
    await second.closeApp();
  });

  test.each<[what: string, refusal: string, faults: IssuerFaults]>([
    ['calls itself another issuer', 'provider_wrong_issuer', { says: { issuer: 'https://evil.example' } }],
    ['sends people to no address', 'provider_unusable', { says: { authorization_endpoint: 'javascript:alert(1)' } }],
    ['is no provider', 'provider_unusable', { garbage: '<h1>Hello</h1>' }],
    ['answers without end', 'provider_unusable', { garbage: ' '.repeat(2_000_000) }],
  ])('%s nobody is sent anywhere: %s', async (_, refusal, faults) => {
    const fresh = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin, signIn: issuer.config });
    issuer.faults = faults;
    const response = await fetch(`${fresh.origin}/connected-apps/start`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([503, null]);
    expect(lines).toEqual([expect.objectContaining({ refusal })]);
    // Nothing of it is kept: once it is well, so is this.
    issuer.faults = {};
    const well = await fetch(`${fresh.origin}/connected-apps/start`, { redirect: 'manual' });
    expect(well.headers.get('location')).toMatch(issuer.issuer);
    await fresh.closeApp();
  });

  test('has the person’s id in another claim is asked for that one, which has to be a text', async () => {
    const others = await freePort();
    await using another = await TestIssuer.start(`http://127.0.0.1:${others}`);
    const signIn = { ...another.config, claim: 'person' };
    const fresh = await AuthorityHarness.on(bridge.database, { port: others, signIn });
    for (const [person, seen] of [
      ['bob', 'Signed in as Bob Brook'],
      [undefined, 'no_person_id'],
      [4711, 'no_person_id'],
      [['bob'], 'no_person_id'],
    ] as const) {
      another.faults = claims({ person });
      const browser = fresh.browser();
      const page = await another.signInFrom(browser, await browser.get('/connected-apps'), 'alice');
      expect(shownText(page)).toContain(seen);
    }
    await fresh.closeApp();
  });

  test('takes the secret in one way alone is told it in that way', async () => {
    for (const [ways, header] of [
      [['client_secret_post'], undefined],
      [['client_secret_post', 'client_secret_basic'], expect.stringMatching(/^Basic /)],
      [undefined, expect.stringMatching(/^Basic /)],
    ] as const) {
      const fresh = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin, signIn: issuer.config });
      issuer.faults = { says: { token_endpoint_auth_methods_supported: ways } };
      const begun = await fetch(`${fresh.origin}/connected-apps/start`, { redirect: 'manual' });
      const back = await issuer.answer({ left: new URL(begun.headers.get('location')!) }, 'alice');
      const cookie = begun.headers.getSetCookie()[0]!.split(';')[0]!;
      await fetch(fresh.origin + back.pathname + back.search, { headers: { cookie }, redirect: 'manual' });
      expect(issuer.authorizations.at(-1)).toEqual(header);
      await fresh.closeApp();
    }
  });

  test('is sent so many people a minute from one address, and then a page says when to come back (I9)', async () => {
    const fresh = await AuthorityHarness.on(bridge.database, { publicUrl: bridge.origin, signIn: issuer.config });
    const turns = fresh.app.get(AuthorityTurns);
    const from = { headers: {}, originalUrl: '/', socket: { remoteAddress: '127.0.0.1' } };
    const request = { ...from, accepts: () => 'json' } as unknown as Request;
    const nowhere = { setHeader() {}, appendHeader() {}, end() {} } as unknown as Response;
    let sent = 0;
    const send = () => {
      while (turns.maySend(request, nowhere)) sent += 1;
      return fetch(`${fresh.origin}/connected-apps/start`, { redirect: 'manual', headers: { accept: 'text/html' } });
    };
    let refused = await send();
    expect(sent).toBeGreaterThanOrEqual(AUTHORITY_LIMITS.beginnings.perMinute);
    // Some time has passed, and with it room has come.
    while (refused.status === 303) refused = await send();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.text()).toContain('Please try again in a second.');
    await fresh.closeApp();
  });

  test('a bridge without a provider has no way to one', async () => {
    const fresh = await AuthorityHarness.on(bridge.database);
    for (const path of ['/connected-apps/start', '/sign-in/callback?state=a&code=b', '/device/start']) {
      const response = await fetch(fresh.origin + path, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).not.toEqual([303, expect.stringMatching(/^http/)]);
    }
    await fresh.closeApp();
  });
});
