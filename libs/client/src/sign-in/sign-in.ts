import { BridgeError } from '../errors.js';
import type { BoundToken, TokenRequest } from '../tokens.js';
import { Authority } from './authority.js';
import { KEY_ALGORITHM, sessionProof } from './proof.js';
import { memoryTokens, type StoredSignIn, type TokenStorage } from './storage.js';

export interface SignInOptions {
  /** The bridge's public address, as for `createClient`. */
  readonly url: string;
  /** Of your app, as an operator of the bridge registered it. */
  readonly clientId: string;
  /** What to ask for; the person may allow less. */
  readonly scopes: readonly string[];
  /** Where the sign-in is kept: `memoryTokens()` by default, which forgets it with the program. */
  readonly storage?: TokenStorage;
}

/** A token with less than this to live is renewed before it is used. */
const WORTH_USING_MS = 10_000;
/** One with more than this to live was renewed just now, by another tab or program. */
const NEW_MS = 90_000;

/**
 * One person's sign-in on this device: keeps its tokens, renews them, and proves that they are ours. How the person signs in
 * is in other functions: `signInWithBrowser`, `signInOnDevice`, `beginRedirect` and `finishRedirect`.
 */
export class SignIn {
  readonly authority: Authority;
  readonly scopes: readonly string[];
  readonly storage: TokenStorage;
  /** The last that was kept or used here. */
  #own: StoredSignIn | undefined;

  constructor({ url, clientId, scopes, storage = memoryTokens() }: SignInOptions) {
    this.authority = new Authority(url, clientId);
    this.scopes = scopes;
    this.storage = storage;
  }

  async isSignedIn(): Promise<boolean> {
    return (await this.storage.load()) !== undefined;
  }

  /** What the person allowed. */
  async allowedScopes(): Promise<readonly string[]> {
    return (await this.storage.load())?.scopes ?? [];
  }

  /**
   * For `createClient({ token })`. Null where nobody is signed in, or the consent is over. With a `reason` of `expiring`,
   * `expired` or `rejected` it is another token than the one that was there.
   */
  readonly accessToken = async (request: Partial<TokenRequest> = {}): Promise<BoundToken | null> => {
    const kept = await this.storage.load();
    if (!kept) return null;
    const livesMs = kept.expiresAt - Date.now();
    const isFirst = request.reason === undefined || request.reason === 'open';
    const isGood = request.reason !== 'rejected' && livesMs > (isFirst ? WORTH_USING_MS : NEW_MS);
    const used = isGood ? kept : await this.#renewed(kept);
    if (used) this.#own = used;
    return shown(used);
  };

  /** Takes what a way of signing in has brought. */
  async keep(signIn: StoredSignIn): Promise<void> {
    await this.storage.exclusive(() => this.storage.save(signIn));
    this.#own = signIn;
  }

  /** Ends the consent, as far as the authority can be reached, and forgets the sign-in whether it can or not. */
  async signOut(): Promise<void> {
    const kept = await this.#forgotten();
    if (kept) await this.authority.revoke(kept.refreshToken);
  }

  /** Forgets the sign-in, where the consent has ended already; not a later one, of another tab or program. */
  async forget(): Promise<void> {
    await this.#forgotten();
  }

  /** In turn: whoever renews it at the same time would put it back. */
  #forgotten(): Promise<StoredSignIn | undefined> {
    return this.storage.exclusive(async () => {
      const kept = await this.storage.load();
      if (kept && this.#own && !(await isSame(kept, this.#own))) return this.#own;
      await this.storage.clear();
      this.#own = kept ?? this.#own;
      return kept;
    });
  }

  /** For tokens to come. Nobody can read the private key, unless the storage has to. */
  newKey(): Promise<CryptoKeyPair> {
    return crypto.subtle.generateKey(KEY_ALGORITHM, this.storage.extractsKeys, [
      'sign',
      'verify',
    ]) as Promise<CryptoKeyPair>;
  }

  #renewed(seen: StoredSignIn): Promise<StoredSignIn | undefined> {
    return this.storage.exclusive(async () => {
      const kept = await this.storage.load();
      // Another tab or program was first.
      if (!kept || kept.accessToken !== seen.accessToken) return kept;
      try {
        const renewed = await this.authority.refresh(kept);
        await this.storage.save(renewed);
        return renewed;
      } catch (error) {
        if (!(error instanceof BridgeError) || error.code !== 'invalid_grant') throw error;
        await this.storage.clear();
        return undefined;
      }
    });
  }
}

export function createSignIn(options: SignInOptions): SignIn {
  return new SignIn(options);
}

/** Each has a key of its own, and keeps it however often it is renewed. */
async function isSame(one: StoredSignIn, other: StoredSignIn): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(({ key }) => crypto.subtle.exportKey('jwk', key.publicKey)));
  return a!.x === b!.x && a!.y === b!.y;
}

function shown(kept: StoredSignIn | undefined): BoundToken | null {
  if (!kept) return null;
  const { accessToken, key } = kept;
  return { accessToken, prove: ({ nonce }) => sessionProof(key, accessToken, nonce) };
}
