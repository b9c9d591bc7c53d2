import { randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, makeDirectory, shownPath, systemReason } from '@drawbridge/database';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { madeOnce } from '../secrets.js';
import { StartError } from '../start-error.js';

const FILE = 'signing-keys.json';

/**
 * The ES256 keys that access tokens and ID tokens are signed with. They are made once and kept: in the database, or,
 * where KEYS_DIR is set, in `signing-keys.json` there (`{"keys": [private JWK, …]}`). The first key signs; all of them
 * are published and accepted, so that an operator can put a new one in front.
 */
export class SigningKeys {
  private constructor(readonly privateKeys: readonly JWK[]) {}

  /** StartError, one clear line, where KEYS_DIR cannot be used or holds something else. */
  static async load(database: Database, keysDir?: string): Promise<SigningKeys> {
    const text = keysDir
      ? await readOrMakeFile(keysDir, makeKeySet).catch((error: unknown) => {
          throw new StartError(`KEYS_DIR (${shownPath(keysDir)}) cannot be used: ${systemReason(error)}.`);
        })
      : await madeOnce(database, 'signing-keys', makeKeySet);
    const keys = keysIn(text);
    if (keys.length === 0 || !keys.every(isSigningKey)) {
      throw new StartError(`${keysDir ? join(keysDir, FILE) : 'The key set'} holds no private ES256 keys with a kid.`);
    }
    return new SigningKeys(keys);
  }

  publicKeys(): JWK[] {
    return this.privateKeys.map(
      ({ kty, crv, x, y, kid }) => ({ kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }) as JWK,
    );
  }
}

function keysIn(text: string): JWK[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: JWK[] };
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}

function isSigningKey(key: JWK): boolean {
  return key.kty === 'EC' && key.crv === 'P-256' && typeof key.d === 'string' && typeof key.kid === 'string';
}

async function makeKeySet(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return JSON.stringify({ keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }] });
}

/** `link` fails when the name is taken, so of several processes that start together one makes the file, whole. */
async function readOrMakeFile(dir: string, make: () => Promise<string>): Promise<string> {
  const path = join(dir, FILE);
  const read = () =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  const there = await read();
  if (there !== undefined) return there;
  await makeDirectory(dir);
  const draft = join(dir, `.${FILE}.${randomUUID()}`);
  await writeFile(draft, await make(), { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return (await read())!;
}
