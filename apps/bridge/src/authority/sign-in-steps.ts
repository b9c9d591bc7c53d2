import { type Grant, Grants } from '@drawbridge/consent';
import { isUniqueViolation } from '@drawbridge/database';
import type { App } from '@drawbridge/partners';
import { type Person, PersonSessions, SignIn } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Config } from '../config/config.js';
import type { Page } from '../pages/page.js';
import { Secrets } from '../secrets.js';
import type { Said } from '../texts/said.js';
import { type ConsentPage, consentPage } from './consent-page.js';
import { field } from './forms.js';
import { KnownBrowsers } from './known-browser.js';
import { limitedSignIn, WRONG_SIGN_IN } from './sign-in-form.js';

export const NONE_TICKED: Said = ({ consent }) => consent.noneTicked;

/** What the sign-in form says when it is shown again. */
export interface RefusedSignIn {
  /** Not one failure more, but too many of them. */
  limited: boolean;
  login: string;
  problem: Said;
  status: number;
}

/** A grant as the consent page's answer has it. */
export interface AllowedGrant {
  id: string;
  person: Person;
  app: App;
  scopes: readonly Scope[];
  signedInAt: Date;
  device: string | undefined;
}

/** What signing in and consenting are made of, wherever a person does it. */
@Injectable()
export class SignInSteps {
  constructor(
    private readonly signIn: SignIn,
    private readonly browsers: KnownBrowsers,
    private readonly sessions: PersonSessions,
    private readonly grants: Grants,
    private readonly secrets: Secrets,
    private readonly config: Config,
  ) {}

  /** Judges the form's `login` and `password`. The browser is known from then on; a 429 says when to come back. */
  async password(request: Request, response: Response): Promise<{ person: Person } | { refused: RefusedSignIn }> {
    const login = field(request, 'login');
    const result = await this.signIn.attempt({
      login,
      password: field(request, 'password'),
      address: request.ip ?? '',
      browser: this.browsers.of(request),
    });
    if ('person' in result) {
      this.browsers.signedIn(request, response, result.person.key);
      return result;
    }
    const limited = result.refused === 'limited';
    const retryAfterMs = result.retryAfterMs ?? 0;
    if (limited) response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1000));
    const problem = limited ? limitedSignIn(retryAfterMs) : WRONG_SIGN_IN;
    return { refused: { limited, login, problem, status: limited ? 429 : 422 } };
  }

  /** Between the password and the consent to this grant: a session, which ends as those of Connected apps do. */
  async signedIn(person: Person, grantId: string): Promise<void> {
    await this.sessions.start(person.key, this.sessionOf(grantId));
  }

  /** Who signed in for this grant; undefined when that is over, by a new password or because nobody went on. */
  whoSignedIn(grantId: string): Promise<Person | undefined> {
    return this.sessions.find(this.sessionOf(grantId));
  }

  private sessionOf(grantId: string): string {
    return this.secrets.formToken(`signed in for ${grantId}`);
  }

  /** The consent page, with the days that a grant has in this installation. */
  consentPage(asked: Omit<ConsentPage, 'expiresAt' | 'days' | 'idleDays'> & { signedInAt: Date }): Page {
    const { signedInAt, ...shown } = asked;
    const { grantDays: days, grantIdleDays: idleDays } = this.config;
    return consentPage({ ...shown, expiresAt: new Date(signedInAt.getTime() + days * 86_400_000), days, idleDays });
  }

  /** GrantError as from Grants.create. */
  allow({ id, person, app, scopes, signedInAt, device }: AllowedGrant): Promise<Grant | undefined> {
    return (
      this.grants
        .create({
          id,
          person: person.key,
          clientId: app.clientId,
          partner: app.partner.id,
          scopes,
          authTime: signedInAt,
          days: this.config.grantDays,
          idleDays: this.config.grantIdleDays,
          ...(device ? { device } : {}),
        })
        // The button was pressed twice: the first press made the grant, and both lead to it.
        .catch((error: unknown) => (isUniqueViolation(error) ? this.grants.find(id) : Promise.reject(error)))
    );
  }
}
