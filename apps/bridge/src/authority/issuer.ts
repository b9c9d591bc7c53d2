import { Injectable } from '@nestjs/common';
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type IDToken,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { Config, type SignInSettings } from '../config/config.js';
import { ANSWER_TOO_LONG, boundedFetch, Unreachable } from './bounded-fetch.js';
import type { IssuerLink } from './sign-in-form.js';
import { SignInRefused } from './sign-in-refused.js';

/** What the platform's provider may take, and how far its clock may be from ours (I9). */
export const ISSUER_LIMITS = {
  /** Each of its answers is waited for so long. */
  answerMs: 5_000,
  /** What it says of itself, its keys among it, is read anew after so long. */
  metadataMs: 3_600_000,
  /** Its clock and ours may differ by so much, where `auth_time`, `exp` and `iat` are compared. */
  clockS: 30,
} as const;

/** Where the provider sends people back to; to be registered there. */
export const ISSUER_CALLBACK_PATH = '/sign-in/callback';

/** What one sign-in is known by at the provider; only whoever began it can finish it. */
export interface IssuerSecrets {
  state: string;
  nonce: string;
  verifier: string;
}

/** The host platform's own OpenID provider. Nothing is asked of it before somebody signs in: while it is down, all else works. */
/** What an app may say of the person's languages: BCP 47 tags, and not a burden for the provider. */
const LANGUAGE_TAGS = /^[\w-]+( [\w-]+){0,15}$/;

@Injectable()
export class Issuer {
  private readonly settings: SignInSettings | undefined;
  private readonly redirectUri: string;
  private known: { configuration: Configuration; atMs: number } | undefined;
  private asking: Promise<Configuration> | undefined;

  constructor(config: Config) {
    this.settings = config.signIn;
    this.redirectUri = `${config.publicUrl}${ISSUER_CALLBACK_PATH}`;
  }

  /** How people know it; undefined where they sign in with a password here. */
  get host(): string | undefined {
    return this.settings && new URL(this.settings.issuer).host;
  }

  /** For a page: where people go who begin. */
  link(href: string): IssuerLink | undefined {
    return this.host === undefined ? undefined : { host: this.host, href };
  }

  /** Where to send a person who begins, in the languages that the app says. SignInRefused while the provider cannot be used. */
  async addressFor({ state, nonce, verifier }: IssuerSecrets, uiLocales = ''): Promise<URL> {
    const configuration = await this.configuration();
    return buildAuthorizationUrl(configuration, {
      redirect_uri: this.redirectUri,
      scope: 'openid',
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      // A fresh sign-in, whoever is signed in there: this one gives others access.
      prompt: 'login',
      max_age: '0',
      ...(LANGUAGE_TAGS.test(uiLocales) ? { ui_locales: uiLocales } : {}),
    });
  }

  /**
   * The person's id that the provider's answer stands for: `search` is what the browser came back with, `elapsedS` how
   * long ago it was sent there. Nothing else of the answer is kept.
   */
  async personId(search: string, { state, nonce, verifier }: IssuerSecrets, elapsedS: number): Promise<string> {
    const sentAtS = Date.now() / 1_000 - elapsedS;
    const claims = await this.claims(new URL(`${this.redirectUri}${search}`), {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const { auth_time: at } = claims;
    if (typeof at !== 'number') throw new SignInRefused('no_auth_time');
    const { clockS } = ISSUER_LIMITS;
    if (at < sentAtS - clockS || at > Date.now() / 1_000 + clockS) {
      throw new SignInRefused('old_auth_time', `${Math.round(at - sentAtS)} s after the person was sent there`);
    }
    const id = claims[this.settings!.claim];
    if (typeof id !== 'string' || id === '') throw new SignInRefused('no_person_id');
    return id;
  }

  private async claims(answer: URL, checks: Parameters<typeof authorizationCodeGrant>[2]): Promise<IDToken> {
    const configuration = await this.configuration();
    try {
      const tokens = await authorizationCodeGrant(configuration, answer, checks);
      const claims = tokens.claims();
      if (!claims) throw new SignInRefused('invalid_answer', 'there is no ID token in it');
      return claims;
    } catch (error) {
      // It may have other keys by now, or other addresses.
      if (!(error instanceof AuthorizationResponseError)) this.known = undefined;
      throw refusalOf(error, 'answer');
    }
  }

  /** Asked for once, however many wait for it. */
  private configuration(): Promise<Configuration> {
    const { known } = this;
    if (known && performance.now() - known.atMs < ISSUER_LIMITS.metadataMs) return Promise.resolve(known.configuration);
    this.asking ??= this.discover()
      .then((configuration) => {
        this.known = { configuration, atMs: performance.now() };
        return configuration;
      })
      .finally(() => {
        this.asking = undefined;
      });
    return this.asking;
  }

  /** Once more where a connection broke: it may have been one of a server that has gone. */
  private async discover(): Promise<Configuration> {
    const { settings } = this;
    if (!settings) throw new SignInRefused('provider_unusable', 'no provider is set');
    try {
      return await describe(settings).catch((error: unknown) =>
        isUnreachable(error) ? describe(settings) : Promise.reject(error),
      );
    } catch (error) {
      throw refusalOf(error, 'discovery');
    }
  }
}

async function describe({ issuer, clientId, clientSecret }: SignInSettings): Promise<Configuration> {
  const metadata = { client_secret: clientSecret, [clockTolerance]: ISSUER_LIMITS.clockS };
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)];
  // OpenID Connect Discovery, section 3: `client_secret_basic` where the provider does not say.
  const authenticate: ClientAuth = (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (ways.includes('client_secret_basic') ? basic : post)(server, ...rest);
  };
  const configuration = await discovery(new URL(issuer), clientId, metadata, authenticate, {
    timeout: ISSUER_LIMITS.answerMs / 1_000,
    execute: [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])],
    [customFetch]: boundedFetch,
  });
  const said = configuration.serverMetadata();
  // openid-client makes exceptions for some providers.
  if (new URL(said.issuer).href !== new URL(issuer).href) throw new SignInRefused('provider_wrong_issuer');
  // Here, and not where people are sent: what cannot be used is not kept, and asked for again by the next person.
  if (!isHttp(said.authorization_endpoint ?? '', issuer.startsWith('https:'))) {
    throw new SignInRefused('provider_unusable', 'its authorization_endpoint is no address');
  }
  return configuration;
}

interface Coded {
  code?: unknown;
  cause?: { claim?: unknown; cause?: { claim?: unknown; attribute?: unknown } };
}

/** Messages of openid-client's name what was wrong, and not what it was; of the provider only its error's name is told. */
function refusalOf(error: unknown, during: 'discovery' | 'answer'): SignInRefused {
  if (error instanceof SignInRefused) return error;
  if (error instanceof AuthorizationResponseError) {
    return new SignInRefused(error.error === 'access_denied' ? 'denied' : 'provider_refused', nameOf(error.error));
  }
  if (error instanceof ResponseBodyError) return new SignInRefused('code_refused', nameOf(error.error));
  // RFC 6749 section 5.2: so a provider answers whoever said in a header who they are, and is not known or has another secret.
  if (error instanceof WWWAuthenticateChallengeError && error.status === 401) {
    return new SignInRefused('code_refused', 'invalid_client');
  }
  if (isUnreachable(error)) return new SignInRefused('provider_unreachable');
  const { code, cause } = error as Coded;
  const detail = typeof code === 'string' ? code : 'an error without a code';
  if (code === 'OAUTH_TIMEOUT') return new SignInRefused('provider_slow');
  if (code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED') return new SignInRefused('provider_wrong_issuer');
  if (during === 'discovery') return new SignInRefused('provider_unusable', detail);
  if (code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED') {
    const claim = String(cause?.cause?.claim ?? '');
    if (claim === 'aud' || claim === 'azp') return new SignInRefused('wrong_audience');
    if (claim === 'nonce') return new SignInRefused('wrong_nonce');
    if (claim === 'iss') return new SignInRefused('wrong_issuer');
  }
  if (code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return new SignInRefused('token_expired');
  return new SignInRefused('invalid_answer', detail);
}

function isUnreachable(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth++) {
    if (each instanceof Unreachable && each.message !== ANSWER_TOO_LONG) return true;
  }
  return false;
}

/** The error of an answer, as far as it looks like one (RFC 6749 section 4.1.2.1). */
function nameOf(error: string): string {
  return /^[\w.-]{1,64}$/.test(error) ? error : 'an error without a name';
}

/** Where people may be sent: over https, but by a provider that is to be tried without. */
function isHttp(address: string, secure: boolean): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && !secure);
}
