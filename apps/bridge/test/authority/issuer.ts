import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { FormBrowser, type FormPage, formWith, freePort } from '@drawbridge/testing';
import express, { type Request, type Response } from 'express';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import Provider, { type AdapterConstructor, type KoaContextWithOIDC } from 'oidc-provider';
// @ts-expect-error: it has no types. By another name, since oidc-provider warns of this one.
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';

export const ISSUER_CLIENT = { clientId: 'drawbridge', clientSecret: 'the secret of the bridge' } as const;

type Claims = Record<string, unknown>;

/** What is wrong with a provider, for the tests. Nothing at first. */
export interface IssuerFaults {
  /** Nothing of these addresses is answered before the promise is fulfilled. */
  slow?: { paths: RegExp; until: Promise<unknown> };
  /** Breaks off the connection in place of an answer. */
  hangsUp?: RegExp;
  /** Says this of itself in its discovery. */
  says?: Record<string, unknown>;
  /** Changes what the ID token says; it is signed anew with the provider's key. */
  idToken?: (claims: Claims) => Claims;
  /** Signs it with a key that nobody knows. */
  wrongKey?: boolean;
  /** When the person signed in there, in seconds since 1970. */
  signedInAt?: number;
  /** Answers every sign-in so. */
  error?: string;
  /** Its token endpoint answers so. */
  tokenError?: string;
  /** With this challenge, as RFC 6749 section 5.2 has it for a client that is not known. */
  challenge?: string;
  /** Answers of this text, whatever was asked. */
  garbage?: string;
}

/** A second real OpenID provider (oidc-provider), with a sign-in page of its own: whoever types a login there is that subject. */
export class TestIssuer implements AsyncDisposable {
  faults: IssuerFaults = {};
  /** What was asked of its authorization endpoint. */
  readonly asked: URLSearchParams[] = [];
  /** How the bridge said at its token endpoint who it is. */
  readonly authorizations: (string | undefined)[] = [];
  #server: Server | undefined;

  private constructor(
    readonly issuer: string,
    private readonly port: number,
    private readonly handler: express.Express,
  ) {}

  /** Knows the bridges at these origins. */
  static async start(...bridges: string[]): Promise<TestIssuer> {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${port}`;
    const [right, wrong] = await Promise.all([
      generateKeyPair('RS256', { extractable: true }),
      generateKeyPair('RS256'),
    ]);
    const jwk = { ...(await exportJWK(right.privateKey)), kid: 'of-the-test', alg: 'RS256', use: 'sig' };
    const handler = express();
    const self = new TestIssuer(issuer, port, handler);
    const provider = new Provider(issuer, {
      adapter: class extends (MemoryAdapter as AdapterConstructor) {},
      ttl: { AccessToken: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      clients: [
        {
          client_id: ISSUER_CLIENT.clientId,
          client_secret: ISSUER_CLIENT.clientSecret,
          redirect_uris: bridges.map((origin) => `${origin}/sign-in/callback`),
        },
      ],
      jwks: { keys: [jwk as never] },
      cookies: { keys: ['of the test'] },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
      interactions: { url: (_ctx, { uid }) => `/there/${uid}` },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({ accountId: oidc.session!.accountId!, clientId: oidc.client!.clientId });
        grant.addOIDCScope('openid');
        await grant.save();
        return grant;
      },
    });
    provider.use(async (ctx, next) => {
      await next();
      const { oidc } = ctx as Partial<KoaContextWithOIDC>;
      if (oidc?.route === 'discovery') ctx.body = { ...(ctx.body as object), ...self.faults.says };
      const answer = ctx.body as { id_token?: string } | undefined;
      if (oidc?.route !== 'token' || !answer?.id_token) return;
      const claims = JSON.parse(Buffer.from(answer.id_token.split('.')[1]!, 'base64url').toString()) as Claims;
      const { idToken = (same: Claims) => same, wrongKey } = self.faults;
      answer.id_token = await new SignJWT(idToken(claims))
        .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
        .sign(wrongKey ? wrong.privateKey : right.privateKey);
      ctx.body = answer;
    });
    handler.use(async (request: Request, response: Response, next) => {
      const { slow, hangsUp, tokenError, challenge, garbage } = self.faults;
      if (request.path === '/auth') self.asked.push(new URL(request.url, issuer).searchParams);
      if (request.path === '/token') self.authorizations.push(request.headers.authorization);
      if (slow?.paths.test(request.path)) await slow.until;
      if (request.destroyed || response.destroyed) return;
      if (hangsUp?.test(request.path)) request.socket.destroy();
      else if (garbage !== undefined) response.type('html').send(garbage);
      else if (tokenError && request.path === '/token') {
        if (challenge) response.set('WWW-Authenticate', challenge);
        response.status(challenge ? 401 : 400).json({ error: tokenError });
      } else next();
    });
    handler.get('/there/:uid', (_request, response) => {
      response.send(
        '<!DOCTYPE html><html lang="en"><title>Sign in</title><form method="post"><label>Login <input name="login"></label> <button>Sign in there</button></form></html>',
      );
    });
    handler.post('/there/:uid', express.urlencoded({ extended: false }), async (request, response) => {
      const { signedInAt: ts, error } = self.faults;
      const login = { accountId: (request.body as { login: string }).login, remember: false, ...(ts ? { ts } : {}) };
      await provider.interactionFinished(request, response, error ? { error } : { login });
    });
    handler.use(provider.callback());
    await self.up();
    return self;
  }

  /** How a bridge is to be set up. */
  get config() {
    return { ...ISSUER_CLIENT, issuer: this.issuer, claim: 'sub' };
  }

  get settings(): Record<string, string> {
    const { clientId, clientSecret } = ISSUER_CLIENT;
    return { SIGN_IN_ISSUER: this.issuer, SIGN_IN_CLIENT_ID: clientId, SIGN_IN_CLIENT_SECRET: clientSecret };
  }

  /** Listens again, after `down`, where it did. */
  async up(): Promise<void> {
    this.#server = createServer(this.handler).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async down(): Promise<void> {
    const server = this.#server!;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server?.listening) await this.down();
  }

  /** Signs in where a page of the bridge sends a person; the address back at the bridge, which nobody has gone to yet. */
  async answer({ left }: Pick<FormPage, 'left'>, login: string): Promise<URL> {
    if (left?.origin !== this.issuer) throw new Error(`not sent to the provider, but to ${left}`);
    const there = new FormBrowser(this.issuer);
    const page = await there.get(left);
    const back = page.left ? page : await there.submit(formWith(page, 'login'), { login });
    if (!back.left) throw new Error(`the provider sent nobody back: ${back.status} ${back.html}`);
    return back.left;
  }

  /** From a page of the bridge with the link to the provider, to the page after it. */
  async signInFrom(browser: FormBrowser, page: FormPage, login: string): Promise<FormPage> {
    return browser.get(await this.answer(await browser.get(startOn(page)), login));
  }
}

/** The link on a page that leads to the provider. */
export function startOn({ html, status }: FormPage): string {
  const href = /<a class="button" href="([^"]*\/start[^"]*)"/.exec(html)?.[1];
  if (href === undefined) throw new Error(`no way to the provider on this page: ${status} ${html}`);
  return href.replaceAll('&amp;', '&');
}
