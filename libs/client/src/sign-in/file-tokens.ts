import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sweepDraftsOf, writeWhole } from '../whole-file.js';
import { KEY_ALGORITHM } from './proof.js';
import type { StoredSignIn, TokenStorage } from './storage.js';

/** A lock that is older belongs to a program that died with it. */
const STALE_LOCK_MS = 60_000;
const LOCK_POLL_MS = 50;

type Kept = Omit<StoredSignIn, 'key'> & { readonly key: { privateKey: JsonWebKey; publicKey: JsonWebKey } };
type JsonWebKey = Awaited<ReturnType<typeof exported>>;

/**
 * Keeps a sign-in in a file that only this user can read. The key is in it, so whoever reads the file has the sign-in:
 * where the platform has a safer place (Electron's safeStorage, a keychain), write a `TokenStorage` for that.
 */
export function fileTokens(path: string): TokenStorage {
  return {
    extractsKeys: true,
    async load() {
      const text = await readFile(path, 'utf8').catch(absent);
      if (text === undefined) return undefined;
      const { key, ...rest } = JSON.parse(text) as Kept;
      return { ...rest, key: await imported(key) };
    },
    async save({ key, ...rest }) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const keys = { privateKey: await exported(key.privateKey), publicKey: await exported(key.publicKey) };
      await writeWhole(path, JSON.stringify({ ...rest, key: keys } satisfies Kept));
    },
    // What a program left that died while it wrote has the sign-in in it too.
    clear: async () => {
      await rm(path, { force: true });
      await sweepDraftsOf(path);
    },
    async exclusive(work) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const lock = `${path}.lock`;
      await take(lock);
      try {
        return await work();
      } finally {
        await rm(lock, { force: true });
      }
    },
  };
}

async function take(lock: string): Promise<void> {
  for (;;) {
    const file = await open(lock, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (file) return file.close();
    const since = await stat(lock).catch(absent);
    if (since && Date.now() - since.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
    else await sleep(LOCK_POLL_MS);
  }
}

const absent = (error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
};

const exported = (key: CryptoKey) => crypto.subtle.exportKey('jwk', key);

async function imported({ privateKey, publicKey }: Kept['key']): Promise<CryptoKeyPair> {
  const take = (jwk: JsonWebKey, use: 'sign' | 'verify') =>
    crypto.subtle.importKey('jwk', jwk, KEY_ALGORITHM, true, [use]);
  return { privateKey: await take(privateKey, 'sign'), publicKey: await take(publicKey, 'verify') };
}
