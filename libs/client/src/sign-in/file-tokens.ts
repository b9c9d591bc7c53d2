import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DRAFT, sweepDraftsOf, writeWhole } from '../whole-file.js';
import { KEY_ALGORITHM } from './proof.js';
import type { StoredSignIn, TokenStorage } from './storage.js';

/** Nobody renews for so long: a lock that is older belongs to a program that died with it, if that is not there any more. */
const STALE_LOCK_MS = 60_000;
/** And to one that has died whatever is there: another program may have got its number. */
const ABANDONED_LOCK_MS = 600_000;
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
      try {
        const { key, ...rest } = JSON.parse(text) as Kept;
        return { ...rest, key: await imported(key) };
      } catch {
        // It is none of ours, and nobody can use it: the person signs in again.
        return undefined;
      }
    },
    async save({ key, ...rest }) {
      const keys = { privateKey: await exported(key.privateKey), publicKey: await exported(key.publicKey) };
      await writeWhole(path, JSON.stringify({ ...rest, key: keys } satisfies Kept));
    },
    // What a program left that died while it wrote has the sign-in in it too.
    clear: async () => {
      await rm(path, { force: true });
      await sweepDraftsOf(path);
    },
    async exclusive(work) {
      const lock = `${path}.lock`;
      const giveBack = await take(lock);
      try {
        return await work();
      } finally {
        await giveBack();
      }
    },
  };
}

/** Takes the lock when its turn comes. What is returned gives it back. */
async function take(lock: string): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${randomUUID()}`;
  for (;;) {
    const file = await open(lock, 'wx', 0o600).catch(async (error: NodeJS.ErrnoException) => {
      // Whoever had it before may have removed the folder with the sign-in.
      if (error.code === 'ENOENT') await mkdir(dirname(lock), { recursive: true, mode: 0o700 });
      else if (error.code !== 'EEXIST') throw error;
    });
    if (file) {
      await file.writeFile(mine).finally(() => file.close());
      return async () => {
        if ((await holder(lock)) === mine) await rm(lock, { force: true });
      };
    }
    const since = await stat(lock).catch(absent);
    if (!since) continue;
    const ageMs = Math.abs(Date.now() - since.mtimeMs);
    const whose = ageMs > STALE_LOCK_MS ? await holder(lock) : undefined;
    if (whose !== undefined && (ageMs > ABANDONED_LOCK_MS || !isAlive(whose))) await breakOpen(lock, whose);
    else await sleep(LOCK_POLL_MS);
  }
}

const holder = (lock: string) => readFile(lock, 'utf8').catch(absent);

/** A program that sleeps with its machine still has its lock when it wakes. */
function isAlive(whose: string): boolean {
  try {
    return process.kill(Number(whose.split(' ')[0]) || Number.NaN, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of several who find it stale one removes it; who was too late, and has the lock of that one, puts it back. */
async function breakOpen(lock: string, whose: string): Promise<void> {
  const taken = `${lock}.${randomUUID()}${DRAFT}`;
  await rename(lock, taken).catch(absent);
  const had = await holder(taken);
  if (had !== undefined && had !== whose) await link(taken, lock).catch(() => {});
  await rm(taken, { force: true });
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
