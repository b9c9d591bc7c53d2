import { type Scope, scopeSet, scopesOf } from '@drawbridge/protocol';
import { PartnersError } from './errors.js';
import { type AppKind, redirectUriProblem } from './redirect-uris.js';

/** They become links on the consent page. */
export function checkLinks({ homepage, privacyUrl }: { homepage?: string; privacyUrl?: string }): void {
  for (const [property, url] of Object.entries({ homepage, privacyUrl })) {
    if (url !== undefined && (!/^https?:\/\//i.test(url) || !URL.canParse(url))) {
      throw new PartnersError('invalid', `${url} is not a web address.`, property);
    }
  }
}

export function checkRedirectUris(kind: AppKind, redirectUris: readonly string[]): void {
  for (const uri of redirectUris) {
    const problem = redirectUriProblem(kind, uri);
    if (problem) throw new PartnersError('invalid', `The redirect address ${uri} ${problem}.`, 'redirectUris');
  }
  if (kind !== 'device' && redirectUris.length === 0) {
    throw new PartnersError('invalid', 'The app needs a redirect address.', 'redirectUris');
  }
}

/** An app's ceiling lies within its partner's. */
export function checkCeiling(scopes: readonly string[], ofPartner: readonly string[]): void {
  const beyond = scopes.filter((scope) => !ofPartner.includes(scope));
  if (beyond.length > 0) {
    throw new PartnersError('scopes_exceed_partner', `The partner itself may not have ${beyond.join(', ')}.`, 'scopes');
  }
}

/** In the order of the consent page, each once. */
export function inOrder(scopes: readonly string[]): Scope[] {
  return scopesOf(scopeSet(scopes));
}
