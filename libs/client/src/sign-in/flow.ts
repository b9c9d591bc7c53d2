import * as oauth from 'oauth4webapi';
import type { SignIn } from './sign-in.js';

/** What one sign-in with a browser has to remember from its beginning to its end. */
export interface Flow {
  readonly state: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly key: CryptoKeyPair;
}

/** PKCE, a state, and a key that the code is bound to: nobody else can use what comes back. */
export async function beginFlow(signIn: SignIn, redirectUri: string): Promise<{ flow: Flow; url: URL }> {
  const key = await signIn.newKey();
  const flow = { state: oauth.generateRandomState(), verifier: oauth.generateRandomCodeVerifier(), redirectUri, key };
  const url = await signIn.authority.authorizationUrl({
    redirect_uri: redirectUri,
    scope: signIn.scopes.join(' '),
    state: flow.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: 'S256',
    dpop_jkt: await signIn.authority.proofs(key).calculateThumbprint(),
  });
  return { flow, url };
}

/** Throws what the authority or the person said no with, such as `access_denied`. */
export async function finishFlow(signIn: SignIn, answer: URLSearchParams, flow: Flow): Promise<void> {
  await signIn.keep(await signIn.authority.exchange(answer, flow));
}
