import { randomBytes } from 'node:crypto';
import { type Algorithm, hash, verify } from '@node-rs/argon2';

/** OWASP's parameters for argon2id: 19 MiB, two passes, one lane. */
const ARGON2ID = { algorithm: 2 as Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** What is longer is not a password somebody typed, and hashing it would be work for an attacker's asking. */
export const MAX_PASSWORD_LENGTH = 1_024;

export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2ID);
}

let nobody: Promise<string> | undefined;

/**
 * True when the password is the one that was hashed. Without a hash (an unknown login) the same work is done against
 * a password nobody has, so that the time of the answer does not tell who exists.
 */
export async function passwordMatches(password: string, passwordHash: string | undefined): Promise<boolean> {
  nobody ??= hashPassword(randomBytes(16).toString('hex'));
  const matches = await verify(passwordHash ?? (await nobody), password);
  return matches && passwordHash !== undefined;
}

/** One spelling per login: surrounding spaces, case and Unicode composition make no second one. */
export function normaliseLogin(login: string): string {
  return login.trim().normalize('NFKC').toLowerCase();
}
