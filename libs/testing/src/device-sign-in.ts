import { FormBrowser, formWith } from './form-browser.js';
import { type Bridge, type Tokens, token } from './sign-in.js';

/** What a device is told when it asks for a code (RFC 8628 section 3.2). */
export interface DeviceCode {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

export interface DeviceSignInOptions {
  readonly login: string;
  readonly password: string;
  /** An app of the kind `device`; the demo's by default. */
  readonly clientId?: string;
  /** What to ask for and to tick. */
  readonly scopes?: readonly string[];
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const TV_SCOPES = ['recommendations.send', 'contacts.read'];

/** A device asks for a code; a person signs in with it and consents in a browser without JavaScript; the device polls. */
export async function signInOnDevice(bridge: Bridge, options: DeviceSignInOptions): Promise<Tokens> {
  const { login, password, clientId = 'reelhouse-tv', scopes = TV_SCOPES } = options;
  const answer = await fetch(`${bridge.publicUrl}/oidc/device/auth`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, scope: scopes.join(' ') }),
  });
  if (!answer.ok) throw new Error(`No code for the device: ${await answer.text()}`);
  const code = (await answer.json()) as DeviceCode;
  const browser = new FormBrowser(bridge.publicUrl);
  const typed = await browser.get(code.verification_uri_complete);
  const asked = await browser.submit(formWith(typed, 'user_code'));
  const consent = await browser.submit(formWith(asked, 'login'), { login, password });
  await browser.submit(formWith(consent, 'scope'), { scope: scopes }, ['decision', 'allow']);
  return token(bridge, { clientId }, { grant_type: DEVICE_GRANT, device_code: code.device_code });
}
