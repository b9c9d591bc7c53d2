import type { App } from '@drawbridge/partners';
import type { AdapterPayload } from 'oidc-provider';

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * An app as oidc-provider's client metadata (RFC 7591), or undefined when it may not ask for consent now: its partner
 * is not approved, or it has nowhere to send a code to. A device asks with a code of its own, and in no other way
 * (RFC 8628). Every app is a public client: what is on a person's machine keeps no secret, and PKCE is required of all
 * that get a code through a browser.
 */
export function clientMetadata(app: App): AdapterPayload | undefined {
  if (app.partner.status !== 'approved') return undefined;
  if (app.kind === 'device') {
    return {
      ...common(app),
      redirect_uris: [],
      grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
      response_types: [],
    };
  }
  if (app.redirectUris.length === 0) return undefined;
  return {
    ...common(app),
    redirect_uris: app.redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    // Not `form_post`: it needs a script in the page.
    response_modes: ['query', 'fragment'],
  };
}

function common(app: App): AdapterPayload {
  return {
    client_id: app.clientId,
    client_name: app.name,
    application_type: app.kind === 'web' ? 'web' : 'native',
    token_endpoint_auth_method: 'none',
    dpop_bound_access_tokens: app.requiresDpop,
  };
}
