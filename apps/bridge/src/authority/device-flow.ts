import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '../config/config.js';
import { clientNetwork, trustsProxy } from '../http/client-network.js';
import type { Secrets } from '../secrets.js';
import { DEVICE_CODE_GRANT } from './client-metadata.js';
import { DEVICE_LIMITS, type DeviceInfo } from './device-codes.js';
import { hasBridgeScope } from './scopes.js';

/** Where a person types a device's code; not below oidc-provider's address, since the page is ours. */
export const DEVICE_PATH = '/device';

/** Where a person goes on to the platform's provider: only with a browser that was shown the page for this code. */
export function deviceStartPath(secrets: Secrets, browser: string, userCode: string): string {
  const ticket = secrets.formToken(deviceStartBinding(browser, userCode));
  return `${DEVICE_PATH}/start?${new URLSearchParams({ user_code: userCode, ticket })}`;
}

export function deviceStartBinding(browser: string, userCode: string): string {
  return `device ${browser} starts ${userCode}`;
}

const USER_AGENT_LENGTH_MAX = 300;

/** Kept with each code, for the page that asks whether the person began this. */
export function deviceInfo(config: Config) {
  const behindProxy = trustsProxy(config.publicUrl);
  return (ctx: KoaContextWithOIDC): DeviceInfo & Record<string, unknown> => ({
    network: clientNetwork(ctx.req, behindProxy),
    userAgent: ctx.get('user-agent').slice(0, USER_AGENT_LENGTH_MAX),
  });
}

/** oidc-provider has pages of its own for the codes of devices; nothing is served there but the address for devices. */
export function isProvidersDevicePage({ path, method }: { path: string; method: string }): boolean {
  const [, first, ...rest] = path.toLowerCase().split('/');
  const forDevices = rest.filter(Boolean).join('/') === 'auth' && (method === 'POST' || method === 'OPTIONS');
  return first === 'device' && !forDevices;
}

/** A code that nobody could allow anything with is not given. */
export async function checkDeviceScope(ctx: KoaContextWithOIDC, scope: string | undefined): Promise<void> {
  if (ctx.oidc.route !== 'device_authorization') return;
  const allowed = Object.values(ctx.oidc.resourceServers ?? {}).flatMap(({ scopes }) => [...scopes]);
  if (hasBridgeScope((scope ?? '').split(' ').filter((one) => allowed.includes(one)))) return;
  throw new errors.InvalidScope('no scope of the bridge was asked for that this app may have', scope ?? '');
}

/**
 * What oidc-provider answers a device, made to say more: where our own page is, how often to poll, and the error that
 * RFC 6749 has for an app of another kind.
 */
export function answerDevice(ctx: KoaContextWithOIDC, publicUrl: string): void {
  const { client, route, params } = ctx.oidc;
  if (client && ctx.status === 400 && !mayAsk(client, route, params?.grant_type)) {
    ctx.body = { error: 'unauthorized_client', error_description: 'apps of this kind do not sign in in this way' };
  }
  if (route !== 'device_authorization' || ctx.status !== 200) return;
  const answer = ctx.body as { user_code: string };
  const page = `${publicUrl}${DEVICE_PATH}`;
  ctx.body = {
    ...answer,
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${answer.user_code}`,
    interval: DEVICE_LIMITS.intervalS,
  };
}

function mayAsk(client: Client, route: string, grantType: unknown): boolean {
  if (route === 'device_authorization') return client.grantTypeAllowed(DEVICE_CODE_GRANT);
  const ofAKind = grantType === DEVICE_CODE_GRANT || grantType === 'authorization_code';
  return route !== 'token' || !ofAKind || client.grantTypeAllowed(grantType);
}
