import { createHash, randomBytes } from 'node:crypto';
import {
  BridgeClient,
  type BridgeProcess,
  emptyPostgresUrl,
  exchange,
  FormBrowser,
  type FormPage,
  formWith,
  freePort,
  ProofKey,
  postgresUrl,
  startBridge,
} from '@drawbridge/testing';
import { ExamplePlatform } from '../src/platform.js';
import { EXAMPLE_PASSWORD } from '../src/seed.js';
import { bridgeSettings, type Settings } from '../src/settings.js';
import { registerTunebox, TUNEBOX } from '../src/tunebox.js';

const ADMIN_TOKEN = 'root-token-of-the-tests';
const SCOPES = ['profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];

/** The company's platform and the bridge beside it, each with a store of its own; Tunebox is registered. */
export class World implements AsyncDisposable {
  private constructor(
    readonly settings: Settings,
    readonly bridge: BridgeProcess,
    public platform: ExamplePlatform,
  ) {}

  static async start(): Promise<World> {
    const [port, bridgePort, internalPort] = [await freePort(), await freePort(), await freePort()];
    const settings: Settings = {
      port,
      url: `http://127.0.0.1:${port}`,
      databaseUrl: await emptyPostgresUrl(),
      bridge: {
        internalUrl: `http://127.0.0.1:${internalPort}`,
        publicUrl: `http://127.0.0.1:${bridgePort}`,
        token: 'platform-token-of-the-tests',
        webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
        clientId: 'drawbridge',
        clientSecret: 'the secret of the bridge',
      },
    };
    const env = {
      ...bridgeSettings(settings),
      PORT: String(bridgePort),
      INTERNAL_PORT: String(internalPort),
      DEMO: 'false',
      ADMIN_TOKEN,
    };
    const bridge = await startBridge({ database: 'postgres', databaseUrl: await postgresUrl(), env });
    await registerTunebox(bridge.internalUrl, ADMIN_TOKEN);
    return new World(settings, bridge, await ExamplePlatform.start(settings));
  }

  async restartPlatform(): Promise<void> {
    this.platform = await ExamplePlatform.start(this.settings);
  }

  /** A call of the operators' API. */
  async operators<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.bridge.internalUrl}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as T;
  }

  /** Alice's Tunebox: she signs in at her company's provider, consents at the bridge, and the app opens its session. */
  async connect(login: string): Promise<BridgeClient> {
    const redirectUri = 'http://127.0.0.1:49152/callback';
    const verifier = randomBytes(32).toString('base64url');
    const question = new URLSearchParams({
      response_type: 'code',
      client_id: TUNEBOX.clientId,
      redirect_uri: redirectUri,
      state: 'a-state',
      scope: ['openid', ...SCOPES].join(' '),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const browser = new FormBrowser(this.bridge.publicUrl);
    const consent = await this.signInAtTheCompany(browser, await browser.get(`/oidc/auth?${question}`), login);
    const back = await browser.submit(formWith(consent, 'scope'), { scope: SCOPES }, ['decision', 'allow']);
    const code = back.left?.searchParams.get('code');
    if (!code) throw new Error(`No code came back: ${back.html}`);
    const app = { clientId: TUNEBOX.clientId, key: new ProofKey() };
    const client = await BridgeClient.connect(this.bridge.publicUrl);
    await client.open(await exchange(this.bridge, app, { code, redirectUri, verifier }));
    return client;
  }

  private async signInAtTheCompany(browser: FormBrowser, begun: FormPage, login: string): Promise<FormPage> {
    const href = /<a class="button" href="([^"]*\/start[^"]*)"/.exec(begun.html)?.[1];
    if (!href) throw new Error(`Nothing leads to the company: ${begun.html}`);
    const { left } = await browser.get(href.replaceAll('&amp;', '&'));
    const company = new FormBrowser(this.settings.url);
    const asked = await company.get(left!);
    const done = await company.submit(formWith(asked, 'password'), { login, password: EXAMPLE_PASSWORD });
    if (!done.left) throw new Error(`The company did not send ${login} back: ${done.html}`);
    return browser.get(done.left);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop().catch(() => {});
    await this.bridge[Symbol.asyncDispose]();
  }
}
