import type { Endings, Grants } from '@drawbridge/consent';
import type { Partners } from '@drawbridge/partners';
import type { People } from '@drawbridge/people';
import { SCOPES, scopeSet, scopesOf } from '@drawbridge/protocol';
import { Logger } from '@nestjs/common';
import type { Request } from 'express';
import Provider, { type Configuration, errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config/config.js';
import { sendProblem } from '../http/problem.filter.js';
import { pageFor } from '../pages/send-page.js';
import { PROOFS } from '../proofs.js';
import type { Secrets } from '../secrets.js';
import { LANGUAGES } from '../texts/languages.js';
import { clientMetadata } from './client-metadata.js';
import { DEVICE_LIMITS, type DeviceCodes } from './device-codes.js';
import { answerDevice, checkDeviceScope, deviceInfo, isProvidersDevicePage } from './device-flow.js';
import { oauthErrorPage } from './oauth-error-page.js';
import type { OidcArtifacts } from './oidc-artifacts.js';
import { RefreshTokenNames } from './refresh-token-names.js';
import { PROVIDERS_COOKIES, SIGN_IN_LIMITS, type SignInCookies } from './sign-in-cookies.js';
import type { SigningKeys } from './signing-keys.js';
import { answerMissingProof, FirstNonces, refuseUnbound, requireNonce } from './token-proofs.js';

const DAY_S = 86_400;
const CODE_S = 60;

export interface ProviderParts {
  config: Config;
  people: People;
  partners: Partners;
  grants: Grants;
  endings: Endings;
  artifacts: OidcArtifacts;
  deviceCodes: DeviceCodes;
  cookies: SignInCookies;
  secrets: Secrets;
  keys: SigningKeys;
}

/** The one resource of the bridge, and the audience of every access token. */
export function bridgeResource(config: Config): string {
  return `${config.publicUrl}/bridge`;
}

/** oidc-provider, configured to the OAuth profile of the wire contract (section 4). */
export function makeProvider(parts: ProviderParts): Provider {
  const { config, people, partners, grants, endings, artifacts, deviceCodes, cookies, secrets, keys } = parts;
  const resource = bridgeResource(config);
  const secure = config.publicUrl.startsWith('https:');
  const nonceSecret = secrets.key('dpop-nonce');
  const firstNonces = new FirstNonces(nonceSecret);
  const refreshTokens = new RefreshTokenNames(secrets.key('refresh-tokens'));
  const cookie = { httpOnly: true, signed: true, sameSite: 'lax', secure } as const;

  /** The end is on record before oidc-provider forgets its tokens, and before the request is answered (I2). */
  const end = async (grantId: string, reason: 'signed_out' | 'token_replayed', by: 'app' | 'bridge') => {
    await endings.end({ grants: [grantId], reason, by });
    await artifacts.forgetGrant(grantId);
  };

  const configuration: Configuration = {
    adapter: (model: string) =>
      artifacts.adapter(model, {
        client: async (clientId) => {
          // PostgreSQL's text holds no NUL: no app has such an id.
          const app = clientId.includes('\0') ? undefined : await partners.app(clientId);
          return app && clientMetadata(app);
        },
        replayed: (grantId) => end(grantId, 'token_replayed', 'bridge'),
        refreshTokens,
        deviceCodes,
      }),
    jwks: { keys: keys.privateKeys.map((key) => ({ ...key })) as NonNullable<Configuration['jwks']>['keys'] },
    cookies: {
      keys: [secrets.key('oidc-cookies').toString('base64url')],
      names: PROVIDERS_COOKIES,
      long: { ...cookie, path: '/oidc' },
      // What SignInCookies makes of them is signed.
      short: { ...cookie, signed: false },
    },
    routes: { authorization: '/auth', token: '/token', revocation: '/token/revocation', jwks: '/jwks' },
    scopes: ['openid'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], dPoPSigningAlgValues: PROOFS.algorithms },
    extraParams: { scope: checkDeviceScope },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    expiresWithSession: () => false,
    issueRefreshToken: () => true,
    rotateRefreshToken: (ctx) => {
      refuseUnbound(ctx);
      return true;
    },
    interactions: { policy: freshSignInEveryTime(), url: (_ctx, interaction) => `/sign-in/${interaction.uid}` },
    // Only the grant that this very sign-in made: one sign-in is one grant.
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId ? ctx.oidc.provider.Grant.find(grantId) : undefined;
    },
    findAccount: async (_ctx, sub) => {
      const person = await people.byId(sub);
      if (!person) return undefined;
      return { accountId: sub, claims: async () => ({ sub, name: person.name, preferred_username: person.handle }) };
    },
    extraTokenClaims: async (_ctx, token) => {
      if (token.kind !== 'AccessToken' || !('grantId' in token) || !token.grantId) return undefined;
      const grant = await grants.find(token.grantId);
      // Narrows the race of a refresh with an end; the gateway, which asks the consent itself, closes it.
      if (!grant || grant.ended) {
        throw new errors.InvalidGrant('the grant has ended');
      }
      return { grant_id: token.grantId, auth_time: Math.floor(grant.authTime.getTime() / 1000) };
    },
    clientBasedCORS: (_ctx, origin, client) =>
      client.applicationType === 'web' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    revokeGrantPolicy: async (ctx) => {
      if (ctx.oidc.route !== 'token') return true;
      const used = ctx.oidc.entities.RefreshToken ?? (await codeOf(ctx));
      if (used?.grantId) await end(used.grantId, 'token_replayed', 'bridge');
      return true;
    },
    renderError: (ctx, out) => {
      const { status, page } = oauthErrorPage(out);
      const { html, headers, vary } = pageFor(ctx.req as Request, page, { uiLocales: uiLocalesOf(ctx) });
      if (out.error !== 'server_error') ctx.status = ctx.status >= 400 ? ctx.status : status;
      ctx.set(headers);
      ctx.vary(vary);
      ctx.body = html;
    },
    ttl: {
      AccessToken: config.accessTokenS,
      AuthorizationCode: CODE_S,
      DeviceCode: DEVICE_LIMITS.codeS,
      Interaction: SIGN_IN_LIMITS.s,
      Session: SIGN_IN_LIMITS.s,
      IdToken: config.accessTokenS,
      Grant: (config.grantDays + 1) * DAY_S,
      // As long as the grant itself: it, and not the token, runs out.
      RefreshToken: (_ctx, token) =>
        Math.max(1, (token.authTime ?? 0) + config.grantDays * DAY_S - Math.floor(Date.now() / 1000)),
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      deviceFlow: { enabled: true, charset: 'base-20', mask: '****-****', deviceInfo: deviceInfo(config) },
      dPoP: { enabled: true, nonceSecret, requireNonce },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => {
          if (token.clientId !== client.clientId) return false;
          if (token.kind === 'RefreshToken' && 'grantId' in token && token.grantId) {
            await end(token.grantId, 'signed_out', 'app');
          }
          return true;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf ?? resource,
        useGrantedResource: () => true,
        getResourceServerInfo: async (ctx, indicator, client) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          const app = await partners.app(client.clientId);
          let allowed = scopeSet(app?.scopes ?? []);
          const grantId = ctx.oidc.entities.Grant?.jti;
          if (grantId) allowed &= scopeSet((await grants.find(grantId))?.scopes ?? []);
          return {
            scope: scopesOf(allowed).join(' '),
            audience: resource,
            accessTokenTTL: config.accessTokenS,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
  };

  const provider = new Provider(`${config.publicUrl}/oidc`, configuration);
  Object.defineProperty(provider.RefreshToken.prototype, 'generateTokenId', {
    value(this: { grantId: string }) {
      return refreshTokens.make(this.grantId);
    },
  });
  // The pinned headers of mount.ts say how the public reaches us.
  provider.proxy = true;
  provider.use(async (ctx, next) => {
    // oidc-provider answers in this mode even when it refuses it, with a script in the page. As an unknown mode it is
    // refused in the query.
    if (ctx.query.response_mode === 'form_post') ctx.query = { ...ctx.query, response_mode: 'not-form_post' };
    if (!isProvidersDevicePage(ctx)) await next();
    if ('oidc' in ctx) {
      answerDevice(ctx as KoaContextWithOIDC, config.publicUrl);
      answerMissingProof(ctx as KoaContextWithOIDC);
      completeMetadata(ctx as KoaContextWithOIDC, firstNonces);
    }
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('X-Content-Type-Options', 'nosniff');
    cookies.replace(ctx as KoaContextWithOIDC);
    if (ctx.status === 404 && !ctx.body) {
      // Nothing of oidc-provider's: answered as any other address that is nothing, and not by Koa.
      ctx.respond = false;
      sendProblem(ctx.req as Request, ctx.res, 404);
    }
  });
  const log = new Logger('Authority');
  provider.on('server_error', ({ method, path }, error) => log.error({ method, path, err: error }, 'A request failed'));
  return provider;
}

/** Sign-in and consent are asked for in every flow, whatever the browser remembers. */
function freshSignInEveryTime() {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy
    .get('login')!
    .checks.add(
      new Check('fresh_login', 'the person signs in every time', 'login_required', (ctx) =>
        ctx.oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
      ),
    );
  policy
    .get('consent')!
    .checks.add(
      new Check('fresh_consent', 'the person is asked every time', 'consent_required', (ctx) =>
        ctx.oidc.result?.consent ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
      ),
    );
  return policy;
}

/** oidc-provider lets nobody change what it says of itself: that it knows no scope of ours, and a mode that is refused. */
function completeMetadata(ctx: KoaContextWithOIDC, nonces: FirstNonces): void {
  if (ctx.oidc.route !== 'discovery' || ctx.status !== 200) return;
  const said = {
    scopes_supported: ['openid', ...SCOPES],
    response_modes_supported: ['query', 'fragment'],
    ui_locales_supported: LANGUAGES.map(({ tag }) => tag),
  };
  ctx.body = { ...(ctx.body as object), ...said };
  nonces.give(ctx);
}

/** Of a request that may have been refused before it was read. */
function uiLocalesOf(ctx: KoaContextWithOIDC): string | undefined {
  const { ui_locales: asked } = ctx.query;
  return typeof asked === 'string' ? asked : undefined;
}

/** The code in this token request: oidc-provider has not made an entity of it when it finds that it was used before. */
async function codeOf({ oidc: { provider, params } }: KoaContextWithOIDC) {
  const { code, device_code } = params ?? {};
  if (typeof code === 'string') return provider.AuthorizationCode.find(code, { ignoreExpiration: true });
  return typeof device_code === 'string'
    ? provider.DeviceCode.find(device_code, { ignoreExpiration: true })
    : undefined;
}
