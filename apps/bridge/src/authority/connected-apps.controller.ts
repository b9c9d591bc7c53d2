import { Endings, EndUnconfirmed, Grants, type GrantView, type Receipt } from '@drawbridge/consent';
import { Database } from '@drawbridge/database';
import type { Person } from '@drawbridge/people';
import { Controller, Get, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import type { Request, Response } from 'express';
import { sendPage, sendTo } from '../pages/send-page.js';
import type { Said } from '../texts/said.js';
import { EndsInTurn } from './authority-turns.js';
import { confirmEndPage, connectedAppsPage, connectedAppsSignInPage, endedPage } from './connected-apps-page.js';
import { CONNECTED_APPS_PATH, connectedAppsAt } from './connected-apps-path.js';
import { ConnectedAppsSession } from './connected-apps-session.js';
import { endedGrants } from './ended-grants.js';
import { askedGrant, field, fields, isFromElsewhere } from './forms.js';
import { Issuer } from './issuer.js';
import { confirmNarrowPage, narrowedPage } from './narrow-page.js';
import { OidcArtifacts } from './oidc-artifacts.js';
import { hasBridgeScope } from './scopes.js';
import { NO_PASSWORDS, STALE_FORM } from './sign-in-form.js';
import { SignInSteps } from './sign-in-steps.js';
import { Usages } from './usages.js';

const NOT_THERE: Said = ({ apps }) => apps.notThere;
const NOTHING_UNTICKED: Said = ({ apps }) => apps.nothingUnticked;
const NOTHING_LEFT: Said = ({ apps }) => apps.nothingLeft;
const SIGNED_OUT: Said = ({ apps }) => apps.signedOut;

/** Where a person sees what apps may do, and ends it. One address; the form's fields are the wire contract's. */
@Controller('connected-apps')
@UseInterceptors(EndsInTurn)
export class ConnectedAppsController {
  constructor(
    private readonly session: ConnectedAppsSession,
    private readonly steps: SignInSteps,
    private readonly grants: Grants,
    private readonly endings: Endings,
    private readonly artifacts: OidcArtifacts,
    private readonly database: Database,
    private readonly usages: Usages,
    private readonly issuer: Issuer,
  ) {}

  @Get()
  async show(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { person, csrf } = await this.session.visit(request, response);
    if (person) await this.list(request, response, person, csrf);
    else this.showSignIn(request, response, { csrf });
  }

  @Post()
  async act(@Req() request: Request, @Res() response: Response): Promise<void> {
    const genuine = !isFromElsewhere(request) && this.session.formTokenMatches(request, field(request, 'csrf'));
    const { person, csrf } = await this.session.visit(request, response);
    if (!genuine) {
      if (person) await this.list(request, response, person, csrf, STALE_FORM, 403);
      else this.showSignIn(request, response, { csrf, problem: STALE_FORM, status: 403 });
      return;
    }
    const action = field(request, 'action');
    if (!person) return this.checkPassword(request, response, csrf, action !== '');
    if (action === 'sign-out') {
      await this.session.signOut(request, response);
      return sendTo(response, CONNECTED_APPS_PATH);
    }
    if (action === 'end' || action === 'end-all')
      return this.end(request, response, { person, csrf, all: action === 'end-all' });
    if (action === 'narrow') return this.narrow(request, response, person, csrf);
    return sendTo(response, CONNECTED_APPS_PATH);
  }

  private async checkPassword(request: Request, response: Response, csrf: string, hadSession: boolean): Promise<void> {
    if (hadSession) return this.showSignIn(request, response, { csrf, problem: SIGNED_OUT, status: 401 });
    if (this.issuer.host) return this.showSignIn(request, response, { csrf, problem: NO_PASSWORDS, status: 403 });
    const result = await this.steps.password(request, response);
    if ('person' in result) {
      await this.session.signIn(request, response, result.person);
      return sendTo(response, connectedAppsAt(askedGrant(request)));
    }
    const { login, problem, status } = result.refused;
    this.showSignIn(request, response, { csrf, login, problem, status });
  }

  private showSignIn(
    request: Request,
    response: Response,
    { status = 200, ...shown }: { csrf: string; login?: string; problem?: Said; status?: number },
  ): void {
    const grant = askedGrant(request);
    const issuer = this.issuer.link(`${CONNECTED_APPS_PATH}/start${grant ? `?grant=${grant}` : ''}`);
    sendPage(request, response, connectedAppsSignInPage({ issuer, ...(grant ? { grant } : {}), ...shown }), { status });
  }

  private async end(
    request: Request,
    response: Response,
    asked: { person: Person; csrf: string; all: boolean },
  ): Promise<void> {
    const { person, csrf, all } = asked;
    const chosen = all
      ? await this.grants.listForPerson(person.key)
      : await this.ownGrant(person, field(request, 'grant'));
    if (chosen.length === 0) return this.list(request, response, person, csrf, NOT_THERE, 404);
    if (field(request, 'confirm') !== 'yes') {
      sendPage(request, response, confirmEndPage({ csrf, grants: chosen, all }));
      return;
    }
    const grants = chosen.map(({ id }) => id);
    const receipts = await this.endings
      .end({ grants, reason: 'revoked_by_person', by: 'person' })
      .catch((error: unknown): Receipt[] => {
        if (error instanceof EndUnconfirmed) return [];
        throw error;
      });
    await Promise.all(grants.map((grant) => this.artifacts.forgetGrant(grant)));
    const receiptOf = new Map(receipts.map((receipt) => [receipt.grant, receipt]));
    const ended = chosen.map((grant) => ({ grant, receipt: receiptOf.get(grant.id) }));
    sendPage(request, response, endedPage(ended));
  }

  /** What is left ticked stays; what the grant has not got it does not get, whatever is ticked. */
  private async narrow(request: Request, response: Response, person: Person, csrf: string): Promise<void> {
    const [grant] = await this.ownGrant(person, field(request, 'grant'));
    if (!grant || grant.ended) return this.list(request, response, person, csrf, NOT_THERE, 404);
    const ticked = fields(request, 'scope');
    const left = grant.scopes.filter((scope) => ticked.includes(scope));
    if (left.length === grant.scopes.length) return this.list(request, response, person, csrf, NOTHING_UNTICKED, 422);
    if (!hasBridgeScope(left)) return this.list(request, response, person, csrf, NOTHING_LEFT, 422);
    if (field(request, 'confirm') !== 'yes') {
      sendPage(request, response, confirmNarrowPage({ csrf, grant, left }));
      return;
    }
    const receipt = await this.endings
      .narrow({ grant: grant.id, scopes: left, by: 'person' })
      .catch((error: unknown) => {
        if (error instanceof EndUnconfirmed) return undefined;
        throw error;
      });
    sendPage(request, response, narrowedPage({ grant, left, receipt }));
  }

  /** The grant with this id if it is this person's, ended or not: ending it twice gives its receipt again. */
  private async ownGrant(person: Person, id: string): Promise<GrantView[]> {
    const grant = await this.grants.find(id);
    return grant?.person === person.key ? [grant] : [];
  }

  private async list(
    request: Request,
    response: Response,
    person: Person,
    csrf: string,
    problem?: Said,
    status = 200,
  ): Promise<void> {
    const [grants, ended] = await Promise.all([
      this.grants.listForPerson(person.key),
      endedGrants(this.database, person.key),
    ]);
    const usages = await this.usages.of(person.key, grants);
    const asked = askedGrant(request);
    const shown = { person, csrf, grants, ended, usages, ...(asked ? { asked } : {}), ...(problem ? { problem } : {}) };
    sendPage(request, response, connectedAppsPage(shown), { status });
  }
}
