import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  BridgeClient,
  everyDatabase,
  exchange,
  launchChromium,
  ProofKey,
  refresh,
  signIn,
  startBridge,
  type Tokens,
} from '@drawbridge/testing';
import type { Browser, Page } from 'playwright-core';

/** A desktop client's half of RFC 8252: a listener on a free loopback port, and PKCE. */
async function authorization(publicUrl: string) {
  const listener = createServer((_, response) => response.end('You can close this page.'));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const redirectUri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`;
  const verifier = randomBytes(32).toString('base64url');
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: 'tunebox-desktop',
    redirect_uri: redirectUri,
    state: 'a-state',
    scope: 'openid profile messages.read messages.send contacts.read presence.read',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const callback = once(listener, 'request') as Promise<[IncomingMessage]>;
  return {
    url: `${publicUrl}/oidc/auth?${question}`,
    async tokens(): Promise<Tokens> {
      const [request] = await callback;
      const answer = new URL(request.url!, redirectUri).searchParams;
      expect(answer.get('state')).toBe('a-state');
      expect(answer.get('iss')).toBe(`${publicUrl}/oidc`);
      listener.close();
      listener.closeAllConnections();
      const app = { clientId: 'tunebox-desktop', key: new ProofKey() };
      return exchange({ publicUrl }, app, { code: answer.get('code')!, redirectUri, verifier });
    },
  };
}

async function fillSignIn(page: Page, login: string): Promise<void> {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('drawbridge');
  await page.locator('input[name=password]').press('Enter');
}

describe.each(everyDatabase)('A person with a browser and a desktop app, on %s', (database) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('signs in, ticks, chats, and ends it: the app is closed with 4403 and never gets the next message (I1, I2)', async () => {
    await using bridge = await startBridge({ database });
    const page = await browser.newPage();
    const asked = await authorization(bridge.publicUrl);
    await page.goto(asked.url);
    await fillSignIn(page, 'alice');
    await page.locator('input[name=scope]').first().waitFor();
    expect(await page.locator('input[name=scope]:checked').count()).toBe(0);
    await page.locator('button[name=decision][value=tick-all]').click();
    await page.locator('input[name=scope]:checked').first().waitFor();
    expect(await page.locator('input[name=scope]:not(:checked)').count()).toBe(0);
    await page.locator('button[name=decision][value=allow]').click();
    const tokens = await asked.tokens();

    const alice = await BridgeClient.connect(bridge.publicUrl);
    const session = await alice.open(tokens);
    expect(session).toMatchObject({ person: { id: 'alice', handle: 'alice' }, app: { id: 'tunebox-desktop' } });
    const bob = await BridgeClient.connect(bridge.publicUrl);
    const bobsTokens = await signIn(bridge, {
      login: 'bob',
      password: 'drawbridge',
      clientId: 'tunebox-desktop',
      scopes: 'all',
    });
    await bob.open(bobsTokens);

    const { conversations } = await alice.request<{
      conversations: { id: string; kind: string; members: { id: string }[] }[];
    }>('conversation.list', {});
    const direct = conversations.find((c) => c.kind === 'direct' && c.members.some((member) => member.id === 'bob'))!;
    await alice.request('message.send', { conversation: direct.id, text: 'Hello bob 👋', clientId: randomUUID() });
    const arrived = await bob.waitFor((frame) => frame.event === 'message.created');
    expect(arrived.data).toMatchObject({
      message: { text: 'Hello bob 👋', from: { id: 'alice' }, via: { app: 'Tunebox' } },
    });
    await alice.waitFor((frame) => frame.event === 'message.created');

    await page.goto(`${bridge.publicUrl}/connected-apps`);
    await fillSignIn(page, 'alice');
    await page.locator('button[name=action][value=end]').first().click();
    await page.locator('[name=confirm][value=yes]').first().click();
    await page
      .getByText(/no longer has access/i)
      .first()
      .waitFor();

    expect(await alice.closed).toEqual({ code: 4403, reason: 'revoked_by_person' });
    await expect(refresh(bridge, tokens)).rejects.toThrow(/invalid_grant/);
    const before = alice.frames.length;
    const sent = await bob.request<{ message: { id: string } }>('message.send', {
      conversation: direct.id,
      text: 'Are you there?',
      clientId: randomUUID(),
    });
    // The barrier: another sign-in of alice's gets this message, so the old client had its chance to get it too.
    const again = await signIn(bridge, {
      login: 'alice',
      password: 'drawbridge',
      clientId: 'tunebox-desktop',
      scopes: 'all',
    });
    const second = await BridgeClient.connect(bridge.publicUrl);
    await second.open(again);
    await bob.request('message.send', { conversation: direct.id, text: 'barrier', clientId: randomUUID() });
    await second.waitFor((frame) => JSON.stringify(frame.data).includes('barrier'));
    expect(alice.frames.length).toBe(before);
    expect(JSON.stringify(alice.frames)).not.toContain(sent.message.id);
    expect(bob.problems).toEqual([]);
    await Promise.all([bob.close(), second.close(), page.close()]);
  });
});
