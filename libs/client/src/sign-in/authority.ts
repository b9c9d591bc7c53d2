import * as oauth from 'oauth4webapi';
import { BridgeError, clientError } from '../errors.js';
import type { StoredSignIn } from './storage.js';

/** How long one answer may take. Whoever renews a sign-in asks three times at most while others wait for the lock. */
const ANSWER_WITHIN_MS = 15_000;
/** A nonce for proofs is good for some minutes. One that is older than this is not tried: another comes with the metadata. */
const NONCE_WORTH_USING_MS = 120_000;

/** What the bridge's authority is asked for, and how it answers; nothing is kept here. */
export class Authority {
  readonly #client: oauth.Client;
  readonly #issuer: URL;
  #metadata: Promise<oauth.AuthorizationServer> | undefined;
  /** What came with the metadata, so that the first proof has one: without it each request for tokens is refused once. */
  #nonce: { readonly text: string; readonly at: number } | undefined;

  constructor(
    url: string,
    readonly clientId: string,
  ) {
    this.#client = { client_id: clientId, id_token_signed_response_alg: 'ES256' };
    this.#issuer = new URL(`${url.replace(/\/+$/, '')}/oidc`);
  }

  /** A handle that makes proofs with this key, and remembers the nonces that it is given. */
  proofs(key: CryptoKeyPair): oauth.DPoPHandle {
    return oauth.DPoP(this.#client, key, {
      [oauth.modifyAssertion]: (_header, payload) => {
        payload.nonce ??= this.#nonce?.text;
      },
    });
  }

  /** The address that a browser is sent to. */
  async authorizationUrl(question: Record<string, string>): Promise<URL> {
    const { authorization_endpoint: endpoint } = await this.metadata();
    const url = new URL(endpoint!);
    // Whatever else it is would be opened on the person's device.
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.#isOwn))
      throw invalid('The authority’s address for signing in is none of the web.');
    for (const [name, value] of Object.entries({ response_type: 'code', client_id: this.clientId, ...question }))
      url.searchParams.set(name, value);
    return url;
  }

  /** What came back to the redirect address, exchanged for tokens. */
  async exchange(
    answer: URLSearchParams,
    { state, verifier, redirectUri, key }: { state: string; verifier: string; redirectUri: string; key: CryptoKeyPair },
  ): Promise<StoredSignIn> {
    const server = await this.metadata();
    return asked(async () => {
      const callback = oauth.validateAuthResponse(server, this.#client, answer, state);
      const options = { ...this.#options(), DPoP: this.proofs(key) };
      const none = oauth.None();
      const ask = async () => {
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          this.#client,
          none,
          callback,
          redirectUri,
          verifier,
          options,
        );
        return oauth.processAuthorizationCodeResponse(server, this.#client, response);
      };
      return stored(await withNonce(ask), key);
    });
  }

  /** Uses up the refresh token, and brings another. */
  async refresh({ refreshToken, key }: Pick<StoredSignIn, 'refreshToken' | 'key'>): Promise<StoredSignIn> {
    const server = await this.metadata();
    return asked(async () => {
      const options = { ...this.#options(), DPoP: this.proofs(key) };
      const ask = async () => {
        const answer = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), refreshToken, options);
        return oauth.processRefreshTokenResponse(server, this.#client, answer);
      };
      // RFC 6749 section 6: it stays where there is no other.
      return stored({ refresh_token: refreshToken, ...(await withNonce(ask)) }, key);
    });
  }

  async deviceCode(scopes: readonly string[]): Promise<oauth.DeviceAuthorizationResponse> {
    const server = await this.metadata();
    return asked(async () => {
      const parameters = { scope: scopes.join(' ') };
      const answer = await oauth.deviceAuthorizationRequest(
        server,
        this.#client,
        oauth.None(),
        parameters,
        this.#options(),
      );
      return oauth.processDeviceAuthorizationResponse(server, this.#client, answer);
    });
  }

  /** One poll: tokens, or an error with the code `authorization_pending`, `slow_down`, `access_denied` or `expired_token`. */
  async pollDevice(deviceCode: string, key: CryptoKeyPair, proofs: oauth.DPoPHandle): Promise<StoredSignIn> {
    const server = await this.metadata();
    return asked(async () => {
      const options = { ...this.#options(), DPoP: proofs };
      const ask = async () => {
        const answer = await oauth.deviceCodeGrantRequest(server, this.#client, oauth.None(), deviceCode, options);
        return oauth.processDeviceCodeResponse(server, this.#client, answer);
      };
      return stored(await withNonce(ask), key);
    });
  }

  /** RFC 7009: the consent is over with it. */
  async revoke(refreshToken: string): Promise<void> {
    const server = await this.metadata();
    await asked(async () => {
      const parameters = { additionalParameters: { token_type_hint: 'refresh_token' } };
      const options = { ...this.#options(), ...parameters };
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, this.#client, oauth.None(), refreshToken, options),
      );
    });
  }

  metadata(): Promise<oauth.AuthorizationServer> {
    if (this.#nonce && Date.now() - this.#nonce.at > NONCE_WORTH_USING_MS) this.#metadata = this.#nonce = undefined;
    this.#metadata ??= asked(async () => {
      const answer = await oauth.discoveryRequest(this.#issuer, this.#options());
      const nonce = answer.headers.get('dpop-nonce');
      this.#nonce = nonce === null ? undefined : { text: nonce, at: Date.now() };
      return oauth.processDiscoveryResponse(this.#issuer, answer);
    }).catch((error) => {
      // Perhaps there was no network; the next one asks again.
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  /** A bridge on the developer's own machine, where `http:` will do. */
  get #isOwn(): boolean {
    return this.#issuer.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(this.#issuer.hostname);
  }

  #options(): { signal: () => AbortSignal; [oauth.allowInsecureRequests]?: boolean } {
    const signal = () => AbortSignal.timeout(ANSWER_WITHIN_MS);
    return this.#isOwn ? { signal, [oauth.allowInsecureRequests]: true } : { signal };
  }
}

/** Asks again where the proof had no nonce, or an old one: the handle has the new one by then. */
async function withNonce<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return ask();
  }
}

function stored(tokens: oauth.TokenEndpointResponse, key: CryptoKeyPair): StoredSignIn {
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? '',
    expiresAt: Date.now() + (tokens.expires_in ?? 0) * 1_000,
    scopes: tokens.scope?.split(' ') ?? [],
    key,
  };
}

/** What the authority refuses is an error with its OAuth code; networks fail as they do. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if ((error as Error).name === 'TimeoutError') throw Object.assign(clientError('timeout'), { cause: error });
    if (code === undefined) throw error;
    const { error_description: told, status = statusOf(error) } = error as Partial<oauth.ResponseBodyError>;
    const refusal = {
      code,
      message: told ?? `The authority answered ${code}.`,
      retryable: status >= 500 || status === 429,
    };
    throw Object.assign(new BridgeError(refusal), { cause: error });
  }
}

function invalid(message: string): BridgeError {
  return new BridgeError({ code: 'invalid_response', message, retryable: false });
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) return error.error;
  return error instanceof oauth.OperationProcessingError ? 'invalid_response' : undefined;
}

/** Of an answer that is none of an authority's: whatever stands in front of it may have given it. */
function statusOf(error: unknown): number {
  return ((error as Error).cause as Partial<Response> | undefined)?.status ?? 400;
}
