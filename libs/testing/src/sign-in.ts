import { createHash, randomBytes } from 'node:crypto';
import { FormBrowser, type FormPage, formWith } from './form-browser.js';
import { ProofKey } from './proof-key.js';

export interface Tokens {
  readonly clientId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken?: string;
  readonly scope: string;
  /** That they are bound to (RFC 9449). */
  readonly key?: ProofKey;
}

export interface SignInOptions {
  readonly login: string;
  readonly password: string;
  readonly clientId: string;
  /** What to ask for and to tick; `all` (the default) is what the desktop demo app may ask for. */
  readonly scopes?: readonly string[] | 'all';
  readonly redirectUri?: string;
  /** False for an app without a key: its tokens are worth something to whoever has them. */
  readonly bound?: boolean;
}

export interface Bridge {
  readonly publicUrl: string;
}

const DESKTOP_SCOPES = ['profile', 'messages.read', 'messages.send', 'contacts.read', 'presence.read'];

/** Signs in and consents as a person with a browser without JavaScript would, and exchanges the code. */
export async function signIn(bridge: Bridge, options: SignInOptions): Promise<Tokens> {
  const scopes = options.scopes === undefined || options.scopes === 'all' ? DESKTOP_SCOPES : options.scopes;
  const redirectUri = options.redirectUri ?? 'http://127.0.0.1:49152/callback';
  const verifier = randomBytes(32).toString('base64url');
  const question = new URLSearchParams({
    response_type: 'code',
    client_id: options.clientId,
    redirect_uri: redirectUri,
    state: randomBytes(8).toString('hex'),
    scope: ['openid', ...scopes].join(' '),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new FormBrowser(bridge.publicUrl);
  const page = await browser.get(`/oidc/auth?${question}`);
  if (page.left) throw new Error(`The authorisation was refused: ${page.left}`);
  const { login, password } = options;
  const consent = await browser.submit(formWith(page, 'login'), { login, password });
  const back = await browser.submit(formWith(consent, 'scope'), { scope: scopes }, ['decision', 'allow']);
  const code = back.left?.searchParams.get('code');
  if (!code) throw new Error(`No code came back: ${back.left ?? back.html}`);
  const app = { clientId: options.clientId, ...(options.bound === false ? {} : { key: new ProofKey() }) };
  return exchange(bridge, app, { code, redirectUri, verifier });
}

/** An app, with the key that its tokens are to be bound to. */
export type AskingApp = Pick<Tokens, 'clientId' | 'key'>;

/** Exchanges a code; throws an error that names the OAuth error code. */
export function exchange(
  bridge: Bridge,
  app: AskingApp,
  { code, redirectUri, verifier }: { code: string; redirectUri: string; verifier: string },
): Promise<Tokens> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
  return token(bridge, app, form);
}

/** Rotates the refresh token; throws an error that names the OAuth error code. */
export function refresh(bridge: Bridge, tokens: AskingApp & Pick<Tokens, 'refreshToken'>): Promise<Tokens> {
  return token(bridge, tokens, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
}

/** RFC 7009; resolves to the HTTP status. */
export async function revoke(bridge: Bridge, tokens: Pick<Tokens, 'clientId' | 'refreshToken'>): Promise<number> {
  const { clientId, refreshToken } = tokens;
  const body = new URLSearchParams({ token: refreshToken, token_type_hint: 'refresh_token', client_id: clientId });
  return (await fetch(`${bridge.publicUrl}/oidc/token/revocation`, { method: 'POST', body })).status;
}

/** Asks the token endpoint; throws an error that names the OAuth error code. */
export async function token(
  bridge: Bridge,
  { clientId, key }: AskingApp,
  asked: Record<string, string>,
): Promise<Tokens> {
  const url = `${bridge.publicUrl}/oidc/token`;
  const form = { ...asked, client_id: clientId };
  const response = await (key?.post(url, form) ?? fetch(url, { method: 'POST', body: new URLSearchParams(form) }));
  const body = (await response.json()) as Record<string, string>;
  if (!response.ok) throw new Error(`${body.error}: ${body.error_description}`);
  return {
    clientId,
    accessToken: body.access_token!,
    refreshToken: body.refresh_token!,
    scope: body.scope ?? '',
    ...(body.id_token ? { idToken: body.id_token } : {}),
    ...(key ? { key } : {}),
  };
}

/** Connected apps, as a person without JavaScript uses it. */
export async function connectedApps(bridge: Bridge, credentials: { login: string; password: string }) {
  const browser = new FormBrowser(bridge.publicUrl);
  const open = async (): Promise<FormPage> => {
    const page = await browser.get('/connected-apps');
    const asksForPassword = page.forms.some(({ fields }) => fields.some(([name]) => name === 'password'));
    return asksForPassword ? browser.submit(formWith(page, 'login'), credentials) : page;
  };
  const cards = (page: FormPage) =>
    page.forms.flatMap((form) => {
      const grant = form.fields.find(([name]) => name === 'grant')?.[1];
      return grant === undefined || !form.buttons.some(({ value }) => value === 'end') ? [] : [{ grant, form }];
    });
  const confirm = async (question: FormPage) =>
    (await browser.submit(formWith(question, 'confirm'), {}, ['confirm', 'yes'])).html;
  return {
    /** The ids of the grants that stand. */
    grants: cards(await open()).map(({ grant }) => grant),
    /** Ends one, confirms, and resolves to the page that says when it took effect. */
    async end(grant: string): Promise<string> {
      const card = cards(await open()).find((each) => each.grant === grant);
      if (!card) throw new Error(`No card for grant ${grant}`);
      return confirm(await browser.submit(card.form, {}, ['action', 'end']));
    },
    async endAll(): Promise<string> {
      const form = formWith(await open(), 'action', 'end-all');
      return confirm(await browser.submit(form, {}, ['action', 'end-all']));
    },
  };
}
