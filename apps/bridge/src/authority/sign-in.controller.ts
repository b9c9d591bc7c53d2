import { randomUUID } from 'node:crypto';
import { GrantError } from '@drawbridge/consent';
import { type App, Partners } from '@drawbridge/partners';
import { SCOPES, type Scope } from '@drawbridge/protocol';
import { Controller, Get, Logger, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import type { Request, Response } from 'express';
import { errors } from 'oidc-provider';
import { sendPage, sendTo } from '../pages/send-page.js';
import { Secrets } from '../secrets.js';
import type { Said } from '../texts/said.js';
import { Authority, type SignInInteraction } from './authority.js';
import { AskedInTurn } from './authority-turns.js';
import { browserName } from './browser-name.js';
import { field, fields, isFromElsewhere } from './forms.js';
import { Issuer } from './issuer.js';
import { oauthErrorPage, signInOverPage } from './oauth-error-page.js';
import { hasBridgeScope } from './scopes.js';
import { NO_PASSWORDS, STALE_FORM } from './sign-in-form.js';
import { signInPage } from './sign-in-page.js';
import { NONE_TICKED, SignInSteps } from './sign-in-steps.js';

/** What an app asks for in one sign-in, while the person is at it. */
interface Asked {
  interaction: SignInInteraction;
  app: App;
  offered: Scope[];
  path: string;
  /** Where the app wants its answer; the pages let a form be redirected there. */
  formAction: string[];
  uiLocales: string;
}

/**
 * Sign-in and consent of one authorisation request: two pages at one address, which oidc-provider makes and a
 * cookie opens (SignInCookies). The outcome is handed back in one piece, so nothing is left of a sign-in without a consent.
 */
@Controller('sign-in/:uid')
@UseInterceptors(AskedInTurn)
export class SignInController {
  private readonly log = new Logger('Consent');

  constructor(
    private readonly authority: Authority,
    private readonly steps: SignInSteps,
    private readonly partners: Partners,
    private readonly secrets: Secrets,
    private readonly issuer: Issuer,
  ) {}

  @Get()
  async show(@Req() request: Request, @Res() response: Response): Promise<void> {
    const asked = await this.asked(request, response);
    if (!asked) return;
    if (!hasBridgeScope(asked.offered)) {
      // There is nothing the person could allow; the app learns that, and nobody signs in in vain.
      await this.authority.finish(request, response, {
        error: 'invalid_scope',
        error_description: 'no scope of the bridge was asked for that this app may have',
      });
    } else if (asked.interaction.signedIn) await this.showConsent(asked, request, response, []);
    else this.showSignIn(asked, request, response);
  }

  @Post()
  async answer(@Req() request: Request, @Res() response: Response): Promise<void> {
    const asked = await this.asked(request, response);
    if (!asked) return;
    if (isFromElsewhere(request) || !this.secrets.formTokenMatches(bindingOf(asked), field(request, 'csrf'))) {
      if (asked.interaction.signedIn) await this.showConsent(asked, request, response, [], STALE_FORM, 403);
      else this.showSignIn(asked, request, response, { problem: STALE_FORM, status: 403 });
      return;
    }
    switch (field(request, 'decision')) {
      case '':
        return this.checkPassword(asked, request, response);
      case 'deny':
        return this.authority.finish(request, response, {
          error: 'access_denied',
          error_description: 'the person did not allow it',
        });
      case 'tick-all':
        return this.showConsent(asked, request, response, asked.offered);
      case 'allow':
        return this.allow(asked, request, response);
      default:
        return this.showConsent(asked, request, response, []);
    }
  }

  private async checkPassword(asked: Asked, request: Request, response: Response): Promise<void> {
    if (this.issuer.host) return this.showSignIn(asked, request, response, { problem: NO_PASSWORDS, status: 403 });
    const result = await this.steps.password(request, response);
    if ('person' in result) {
      const grantId = randomUUID();
      await this.steps.signedIn(result.person, grantId);
      await this.authority.signedIn(request, response, result.person.id, grantId);
      sendTo(response, asked.path);
      return;
    }
    const { limited, ...again } = result.refused;
    // Not the login: people type their password there.
    this.log.debug({ app: asked.app.clientId, limited }, 'A sign-in was refused');
    this.showSignIn(asked, request, response, again);
  }

  private async allow(asked: Asked, request: Request, response: Response): Promise<void> {
    const { interaction, app, offered } = asked;
    const { signedIn } = interaction;
    if (!signedIn) return this.showSignIn(asked, request, response);
    const ticked = offered.filter((scope) => fields(request, 'scope').includes(scope));
    if (!hasBridgeScope(ticked)) return this.showConsent(asked, request, response, ticked, NONE_TICKED, 422);
    const person = await this.steps.whoSignedIn(signedIn.grantId);
    if (!person) return this.over(request, response);
    try {
      const grant = await this.steps.allow({
        id: signedIn.grantId,
        person,
        app,
        scopes: ticked,
        signedInAt: signedIn.at,
        device: browserName(request.headers['user-agent']),
      });
      if (!grant) return this.over(request, response);
      await this.authority.allowed(request, response, { interaction, grant });
      this.log.log(
        { grant: grant.id, person: grant.personId, app: grant.clientId, scopes: grant.scopes },
        'A consent was given',
      );
    } catch (error) {
      // The other press of the button was quicker, and the app has its answer.
      if (error instanceof errors.SessionNotFound) return this.over(request, response);
      if (!(error instanceof GrantError)) throw error;
      if (error.code === 'no_scope') return this.showConsent(asked, request, response, ticked, NONE_TICKED, 422);
      await this.authority.finish(request, response, {
        error: 'access_denied',
        error_description: 'the app may not be connected at present',
      });
    }
  }

  private showSignIn(
    asked: Asked,
    request: Request,
    response: Response,
    again: { login?: string; problem?: Said; status?: number } = {},
  ): void {
    const { app, path, formAction, uiLocales } = asked;
    const { status = 200, ...rest } = again;
    const [csrf, issuer] = [this.secrets.formToken(bindingOf(asked)), this.issuer.link(`${path}/start`)];
    sendPage(request, response, signInPage({ app, path, csrf, issuer, ...rest }), { status, formAction, uiLocales });
  }

  private async showConsent(
    asked: Asked,
    request: Request,
    response: Response,
    ticked: readonly Scope[],
    problem?: Said,
    status = 200,
  ): Promise<void> {
    const { interaction, app, offered, path, formAction, uiLocales } = asked;
    const { signedIn } = interaction;
    if (!signedIn) return this.showSignIn(asked, request, response);
    const person = await this.steps.whoSignedIn(signedIn.grantId);
    if (!person) return this.over(request, response);
    const page = this.steps.consentPage({
      app,
      person,
      path,
      csrf: this.secrets.formToken(bindingOf(asked)),
      offered,
      ticked,
      signedInAt: signedIn.at,
      ...(problem ? { problem } : {}),
    });
    sendPage(request, response, page, { status, formAction, uiLocales });
  }

  /** The request that this browser is at, or undefined when a page saying why not was sent. */
  private async asked(request: Request, response: Response): Promise<Asked | undefined> {
    let interaction: SignInInteraction;
    try {
      interaction = await this.authority.interaction(request, response);
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
      this.over(request, response);
      return undefined;
    }
    // SignInCookies shows oidc-provider the cookie of this address only; a forged pair is nobody’s.
    if (interaction.uid !== request.params.uid) {
      this.over(request, response);
      return undefined;
    }
    const app = await this.partners.app(interaction.clientId);
    if (app?.partner.status !== 'approved') {
      const { status, page } = oauthErrorPage({ error: 'invalid_client' });
      sendPage(request, response, page, { status, uiLocales: interaction.uiLocales });
      return undefined;
    }
    return {
      interaction,
      app,
      offered: SCOPES.filter((scope) => interaction.scopes.includes(scope) && app.scopes.includes(scope)),
      path: `/sign-in/${interaction.uid}`,
      formAction: [formActionFor(interaction.redirectUri)],
      uiLocales: interaction.uiLocales,
    };
  }

  private over(request: Request, response: Response): void {
    sendPage(request, response, signInOverPage(), { status: 400 });
  }
}

function bindingOf({ interaction }: Asked): string {
  return `sign-in ${interaction.uid} ${interaction.signedIn?.grantId ?? ''}`;
}

/** CSP has no notation for an IPv6 address, so a redirect to [::1] needs the whole scheme. */
function formActionFor(redirectUri: string): string {
  const { hostname, origin, protocol } = new URL(redirectUri);
  return hostname.startsWith('[') ? protocol : origin;
}
