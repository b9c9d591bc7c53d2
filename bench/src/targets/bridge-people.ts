/** People of a bridge with the grants and tokens that a sign-in would have made. */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Grants } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import { Partners } from '@drawbridge/partners';
import { People } from '@drawbridge/people';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';

/** Whose tokens are bound to no key: what is measured is not the making of proofs. */
const APP = 'drawbridge-console';
/** ACCESS_TOKEN_S of the bridges: a gateway takes no token that is made to live longer. */
export const TOKEN_S = 3_600;
/** People who are made at the same time. */
const AT_ONCE = 8;

export type Sign = (issuer: string, claims: { sub: string; grant_id: string; scope: string }) => Promise<string>;

/** The signing key of the bridge to come, in its KEYS_DIR, so that the tokens can be signed here. */
export async function makeKeys(folder: string): Promise<Sign> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  writeFileSync(
    join(folder, 'signing-keys.json'),
    JSON.stringify({ keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] }),
  );
  return (issuer, claims) =>
    new SignJWT({ ...claims, client_id: APP, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(`${issuer}/oidc`)
      .setAudience(`${issuer}/bridge`)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_S} s`)
      .sign(privateKey);
}

export interface SignIn {
  readonly databaseUrl: string;
  readonly publicUrl: string;
  readonly people: readonly string[];
  /** Who is in the contacts of each, by number. */
  readonly contacts: (person: number) => readonly string[];
  readonly sign: Sign;
}

/** What signing in on the pages leaves behind, without the pages: a person, a grant of their own, an access token. */
export async function signInAll({ databaseUrl, publicUrl, people, contacts, sign }: SignIn): Promise<string[]> {
  await using database = await Database.open({ url: databaseUrl, poolSize: AT_ONCE });
  const directory = new People(database);
  const grants = new Grants(database);
  const app = await new Partners(database).app(APP);
  if (!app) throw new Error(`The demo has no app ${APP}.`);
  const { scopes, partner } = app;
  const tokens: string[] = [];
  const next = people.entries();
  const one = async () => {
    for (const [index, id] of next) {
      const { key } = await directory.put({ id, handle: id, name: id });
      const asked = { person: key, clientId: APP, partner: partner.id, scopes, authTime: new Date(), days: 1 };
      const grant = await grants.create(asked);
      tokens[index] = await sign(publicUrl, { sub: id, grant_id: grant.id, scope: scopes.join(' ') });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  for (const [index, id] of people.entries()) {
    const known = contacts(index);
    if (known.length > 0) await directory.setContacts(id, known);
  }
  return tokens;
}
