import { randomBytes } from 'node:crypto';
import type { Express } from 'express';
import { exportJWK, generateKeyPair } from 'jose';
import { sql } from 'kysely';
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider';
import { Refused } from './chat.js';
import { page, signInForm } from './pages.js';
import type { People } from './people.js';
import type { Db } from './schema.js';
import type { Settings } from './settings.js';
import { field } from './web.js';

/**
 * The company's OpenID provider, with the bridge as its one client: whoever connects a partner's app signs in here, with the
 * company's own password.
 */
export async function mountIssuer(app: Express, db: Db, people: People, { url, bridge }: Settings): Promise<void> {
  const keys = JSON.parse(await secret(db, 'signing-keys', newKeys));
  const cookies = await secret(db, 'issuer-cookies', async () => randomBytes(32).toString('base64url'));
  const cookie = { httpOnly: true, signed: true, sameSite: 'lax', secure: url.startsWith('https:') } as const;
  const provider = new Provider(url, {
    adapter: (model: string) => adapter(db, model),
    clients: [
      {
        client_id: bridge.clientId,
        client_secret: bridge.clientSecret,
        redirect_uris: [`${bridge.publicUrl}/sign-in/callback`],
        id_token_signed_response_alg: 'ES256',
        require_auth_time: true,
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    jwks: { keys },
    // On one machine it shares its cookies with the bridge: ports do not keep them apart.
    cookies: {
      keys: [cookies],
      names: { session: 'commons_issuer', interaction: 'commons_interaction', resume: 'commons_resume' },
      long: cookie,
      short: cookie,
    },
    ttl: { AccessToken: 60, Grant: 600, IdToken: 600, Interaction: 1_800, Session: 1_800 },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_ctx, { uid }) => `/connect/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    // What an app may do is asked at the bridge; that the bridge may know who it is needs no question.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session!.accountId!, clientId: oidc.client!.clientId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });

  app.get('/connect/:uid', async (request, response) => {
    await provider.interactionDetails(request, response);
    response.send(page({ title: 'Sign in', body: signInForm({ why: 'to connect an app' }) }));
  });
  app.post('/connect/:uid', async (request, response) => {
    await provider.interactionDetails(request, response);
    try {
      const accountId = await people.signIn(field(request, 'login'), field(request, 'password'));
      await provider.interactionFinished(request, response, { login: { accountId, remember: false } });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const body = signInForm({ why: 'to connect an app', problem: error.message });
      response.status(403).send(page({ title: 'Sign in', body }));
    }
  });
  const callback = provider.callback();
  app.use((request, response, next) => {
    if (/^\/(auth|token|jwks|session|\.well-known)(\/|$)/.test(request.path)) void callback(request, response);
    else next();
  });
}

async function newKeys(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return JSON.stringify([{ ...(await exportJWK(privateKey)), kid: 'commons-1', alg: 'ES256', use: 'sig' }]);
}

/** Made once, and kept. */
async function secret(db: Db, name: string, make: () => Promise<string>): Promise<string> {
  const value = await make();
  await db
    .insertInto('secret')
    .values({ name, value })
    .onConflict((same) => same.doNothing())
    .execute();
  return (await db.selectFrom('secret').select('value').where('name', '=', name).executeTakeFirstOrThrow()).value;
}

/** Sign-ins under way, in the company's own store: a restart loses none. */
function adapter(db: Db, model: string): Adapter {
  const key = (id: string) => `${model}:${id}`;
  const find = async (column: 'id' | 'uid', value: string): Promise<AdapterPayload | undefined> => {
    const found = await db
      .selectFrom('oidc_artifact')
      .select('payload')
      .where(column, '=', key(value))
      .where((of) => of.or([of('expires_at', 'is', null), of('expires_at', '>', new Date())]))
      .executeTakeFirst();
    return found?.payload as AdapterPayload | undefined;
  };
  return {
    async upsert(id, payload, expiresIn) {
      const values = {
        payload: sql<object>`${JSON.stringify(payload)}::jsonb`,
        grant_id: payload.grantId ?? null,
        uid: payload.uid ? key(payload.uid) : null,
        expires_at: expiresIn ? new Date(Date.now() + expiresIn * 1_000) : null,
      };
      await db.deleteFrom('oidc_artifact').where('expires_at', '<', new Date()).execute();
      await db
        .insertInto('oidc_artifact')
        .values({ id: key(id), ...values })
        .onConflict((same) => same.column('id').doUpdateSet(values))
        .execute();
    },
    find: (id) => find('id', id),
    findByUid: (uid) => find('uid', uid),
    findByUserCode: async () => undefined,
    async consume(id) {
      const consumed = sql<object>`jsonb_set(payload, '{consumed}', to_jsonb(extract(epoch from now())::int))`;
      await db.updateTable('oidc_artifact').set({ payload: consumed }).where('id', '=', key(id)).execute();
    },
    async destroy(id) {
      await db.deleteFrom('oidc_artifact').where('id', '=', key(id)).execute();
    },
    async revokeByGrantId(grantId) {
      await db.deleteFrom('oidc_artifact').where('grant_id', '=', grantId).execute();
    },
  };
}
