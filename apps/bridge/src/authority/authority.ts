import type { Grant } from '@drawbridge/consent';
import { SCOPES } from '@drawbridge/protocol';
import type { Request, Response } from 'express';
import type Provider from 'oidc-provider';
import type { InteractionResults } from 'oidc-provider';
import type { DeviceAnswer, DeviceVisit } from './device-codes.js';

/** One authorisation request, between its coming and its answer. */
export interface SignInInteraction {
  uid: string;
  clientId: string;
  redirectUri: string;
  /** As the app asked, whatever it may have. */
  scopes: string[];
  /** The languages that the person prefers, as the app says. */
  uiLocales: string;
  /** Who signed in, once somebody did, and the id that the grant will have. */
  signedIn: { personId: string; at: Date; grantId: string } | undefined;
}

/** The OAuth side of the bridge: oidc-provider, and what the pages need of it. */
export class Authority {
  constructor(
    readonly provider: Provider,
    private readonly resource: string,
  ) {}

  /** The interaction of this browser at this address; throws oidc-provider's SessionNotFound. */
  async interaction(request: Request, response: Response): Promise<SignInInteraction> {
    const { uid, params, result } = await this.provider.interactionDetails(request, response);
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    const login = result?.login;
    const grantId = text(result?.grantId);
    return {
      uid,
      clientId: text(params.client_id),
      redirectUri: text(params.redirect_uri),
      scopes: text(params.scope).split(' '),
      uiLocales: text(params.ui_locales),
      signedIn:
        login?.ts && grantId ? { personId: login.accountId, at: new Date(login.ts * 1000), grantId } : undefined,
    };
  }

  /** Notes who signed in. The grant's id is chosen by then, so that allowing twice by a double click is allowing once. */
  async signedIn(request: Request, response: Response, personId: string, grantId: string): Promise<void> {
    const login = { accountId: personId, ts: Math.floor(Date.now() / 1000), remember: false };
    await this.provider.interactionResult(request, response, { login, grantId });
  }

  /** Gives the app its code. The grant's own row is there already; oidc-provider's Grant bears the same id. */
  async allowed(
    request: Request,
    response: Response,
    made: { interaction: SignInInteraction; grant: Grant },
  ): Promise<void> {
    const { interaction, grant } = made;
    const consented = this.consented(grant);
    // oidc-provider asks again for what it has not seen an answer to.
    const refused = SCOPES.filter((scope) => interaction.scopes.includes(scope) && !grant.scopes.includes(scope));
    if (refused.includes('profile')) consented.rejectOIDCScope('profile');
    if (refused.length > 0) consented.rejectResourceScope(this.resource, refused.join(' '));
    await consented.save();
    await this.finish(request, response, { consent: { grantId: grant.id } });
  }

  /** What the device's next poll is answered with. */
  async allowedOnDevice({ request, signedInAt }: DeviceVisit, grant: Grant): Promise<DeviceAnswer> {
    await this.consented(grant).save();
    return {
      accountId: grant.personId,
      grantId: grant.id,
      authTime: Math.floor(signedInAt.getTime() / 1000),
      scope: [...(request.scopes.includes('openid') ? ['openid'] : []), ...grant.scopes].join(' '),
      resource: this.resource,
    };
  }

  private consented(grant: Grant) {
    const consented = new this.provider.Grant({ accountId: grant.personId, clientId: grant.clientId });
    consented.jti = grant.id;
    consented.addOIDCScope(grant.scopes.includes('profile') ? 'openid profile' : 'openid');
    consented.addResourceScope(this.resource, grant.scopes.join(' '));
    return consented;
  }

  /** Back to oidc-provider, which answers the app. */
  async finish(request: Request, response: Response, result: InteractionResults): Promise<void> {
    if (!('error' in result)) {
      const { result: before } = await this.provider.interactionDetails(request, response);
      result = { ...before, ...result };
    }
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    await this.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
}
