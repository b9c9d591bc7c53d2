/** What a sign-in leaves behind on the device. */
export interface StoredSignIn {
  readonly accessToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly refreshToken: string;
  /** The key that the tokens are bound to. */
  readonly key: CryptoKeyPair;
  readonly scopes: readonly string[];
}

/**
 * Where a sign-in is kept between starts. Refresh tokens are good once, so what is saved has to be there before `save`
 * resolves, and `exclusive` keeps two programs or tabs on one storage from using the same one.
 */
export interface TokenStorage {
  load(): Promise<StoredSignIn | undefined>;
  save(signIn: StoredSignIn): Promise<void>;
  clear(): Promise<void>;
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Whether it has to read the private key to keep it. Where it does not, the key is made so that nobody can. */
  readonly extractsKeys: boolean;
}

/** Keeps a sign-in as long as the program runs. */
export function memoryTokens(): TokenStorage {
  let kept: StoredSignIn | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  return {
    extractsKeys: false,
    load: async () => kept,
    save: async (signIn) => {
      kept = signIn;
    },
    clear: async () => {
      kept = undefined;
    },
    exclusive: (work) => {
      const next = turn.then(work, work);
      turn = next.catch(() => {});
      return next;
    },
  };
}
