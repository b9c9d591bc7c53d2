import { randomUUID } from 'node:crypto';
import { PERSON_ID, People, type Person } from '@drawbridge/people';
import { Controller, Get, Logger, Optional, Req, Res, UseInterceptors } from '@nestjs/common';
import type { Request, Response } from 'express';
import { errors } from 'oidc-provider';
import { sendProblem } from '../http/problem.filter.js';
import { Metrics } from '../metrics/metrics.js';
import { sendPage, sendTo } from '../pages/send-page.js';
import { Secrets } from '../secrets.js';
import { Authority, type SignInInteraction } from './authority.js';
import { AuthorityTurns, ProviderInTurn } from './authority-turns.js';
import { connectedAppsAt } from './connected-apps-path.js';
import { ConnectedAppsSession } from './connected-apps-session.js';
import { DeviceBrowsers } from './device-browsers.js';
import { DeviceCodes } from './device-codes.js';
import { DEVICE_PATH, deviceStartBinding } from './device-flow.js';
import { askedGrant } from './forms.js';
import { Issuer } from './issuer.js';
import { IssuerBrowsers } from './issuer-browsers.js';
import { issuerProblemPage } from './issuer-problem-page.js';
import { type IssuerPurpose, type IssuerSignIn, IssuerSignIns } from './issuer-sign-ins.js';
import { SignInCookies } from './sign-in-cookies.js';
import { SignInRefused } from './sign-in-refused.js';
import { SignInSteps } from './sign-in-steps.js';

/** Troubles of the provider, or of how it is set up; the others happen to people. */
const FOR_OPERATORS: ReadonlySet<SignInRefused['code']> = new Set([
  'provider_unreachable',
  'provider_slow',
  'provider_unusable',
  'provider_wrong_issuer',
  'provider_refused',
  'code_refused',
  'wrong_audience',
  'wrong_issuer',
  'wrong_nonce',
  'token_expired',
  'invalid_answer',
  'old_auth_time',
  'no_auth_time',
  'no_person_id',
  'bad_person_id',
]);

/**
 * The way to the platform's own OpenID provider and back, for apps' sign-ins, for devices' codes and for Connected apps.
 * Somebody is sent there by a link on one of our pages only, and whatever goes wrong ends on a page: nobody is sent
 * round in circles. Nothing of the provider's is kept; what follows is what follows a password.
 */
@Controller()
@UseInterceptors(ProviderInTurn)
export class IssuerController {
  private readonly log = new Logger('SignIn');
  private readonly count: (outcome: string) => void;

  constructor(
    private readonly issuer: Issuer,
    private readonly signIns: IssuerSignIns,
    private readonly browsers: IssuerBrowsers,
    private readonly turns: AuthorityTurns,
    private readonly authority: Authority,
    private readonly steps: SignInSteps,
    private readonly cookies: SignInCookies,
    private readonly people: People,
    private readonly session: ConnectedAppsSession,
    private readonly devices: DeviceBrowsers,
    private readonly codes: DeviceCodes,
    private readonly secrets: Secrets,
    @Optional() metrics?: Metrics,
  ) {
    this.count = metrics?.providerSignIns() ?? (() => {});
  }

  @Get('sign-in/:uid/start')
  async startForApp(@Req() request: Request, @Res() response: Response): Promise<void> {
    const target = String(request.params.uid);
    const interaction = await this.interaction(request, response, target);
    if (interaction?.signedIn) return sendTo(response, `/sign-in/${target}`);
    if (!interaction) return this.refuse(request, response, new SignInRefused('sign_in_over'));
    await this.start(request, response, { purpose: 'app', target }, interaction.uiLocales);
  }

  @Get('device/start')
  async startForDevice(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { user_code: target, ticket } = request.query;
    const browser = this.devices.read(request);
    if (typeof target !== 'string' || typeof ticket !== 'string' || browser === undefined) {
      return sendTo(response, DEVICE_PATH);
    }
    // Without it, codes could be guessed here, where nobody counts.
    if (!this.secrets.formTokenMatches(deviceStartBinding(browser, target), ticket)) {
      return sendTo(response, DEVICE_PATH);
    }
    await this.start(request, response, { purpose: 'device', target });
  }

  @Get('connected-apps/start')
  startForConnectedApps(@Req() request: Request, @Res() response: Response): Promise<void> {
    return this.start(request, response, { purpose: 'connected-apps', target: askedGrant(request) ?? '' });
  }

  @Get('sign-in/callback')
  async comeBack(@Req() request: Request, @Res() response: Response): Promise<void> {
    if (!this.issuer.host) return sendProblem(request, response, 404);
    const { state } = request.query;
    const browser = this.browsers.read(request);
    const known = typeof state === 'string' && browser !== undefined;
    const signIn = known ? await this.signIns.take(browser, state) : undefined;
    if (!signIn) return this.refuse(request, response, new SignInRefused('unknown_state'));
    try {
      await this.finish(signIn, request, response);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      await this.refuse(request, response, error, signIn);
    }
  }

  private async start(request: Request, response: Response, asked: IssuerPurpose, uiLocales?: string): Promise<void> {
    if (!this.issuer.host) return sendProblem(request, response, 404);
    if (!this.turns.maySend(request, response)) return;
    try {
      const secrets = await this.signIns.begin(this.browsers.readOrMake(request, response), asked);
      sendTo(response, (await this.issuer.addressFor(secrets, uiLocales)).href);
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      await this.refuse(request, response, error, asked);
    }
  }

  private async finish(signIn: IssuerSignIn, request: Request, response: Response): Promise<void> {
    // What it is for first: of a sign-in that is over nothing is asked of anybody.
    switch (signIn.purpose) {
      case 'app':
        return this.finishForApp(signIn, request, response);
      case 'device':
        return this.finishForDevice(signIn, request, response);
      case 'connected-apps': {
        await this.session.signIn(request, response, await this.personOf(signIn, request));
        return sendTo(response, connectedAppsAt(signIn.target || undefined));
      }
    }
  }

  private async finishForApp(signIn: IssuerSignIn, request: Request, response: Response): Promise<void> {
    this.cookies.showOf(request, signIn.target);
    const interaction = await this.interaction(request, response, signIn.target);
    if (!interaction) throw new SignInRefused('sign_in_over');
    if (!interaction.signedIn) {
      const person = await this.personOf(signIn, request);
      const grantId = randomUUID();
      await this.steps.signedIn(person, grantId);
      await this.authority.signedIn(request, response, person.id, grantId);
    }
    sendTo(response, `/sign-in/${signIn.target}`);
  }

  private async finishForDevice(signIn: IssuerSignIn, request: Request, response: Response): Promise<void> {
    const found = await this.codes.find(signIn.target);
    if (!found || found.outcome !== null || found.expired) throw new SignInRefused('sign_in_over');
    const person = await this.personOf(signIn, request);
    const grantId = randomUUID();
    await this.steps.signedIn(person, grantId);
    this.devices.write(response, await this.codes.signedIn(found, person.id, grantId));
    sendTo(response, DEVICE_PATH);
  }

  private async personOf({ secrets, elapsedS }: IssuerSignIn, request: Request): Promise<Person> {
    const { originalUrl } = request;
    const search = originalUrl.includes('?') ? originalUrl.slice(originalUrl.indexOf('?')) : '';
    const id = await this.issuer.personId(search, secrets, elapsedS);
    if (!PERSON_ID.test(id)) throw new SignInRefused('bad_person_id');
    const person = await this.people.byId(id);
    if (!person) throw new SignInRefused((await this.people.wasErased(id)) ? 'erased_person' : 'unknown_person');
    this.count('signed_in');
    return person;
  }

  /** The app's sign-in that this browser is at; undefined where it is over, or another browser's. */
  private async interaction(request: Request, response: Response, uid: string): Promise<SignInInteraction | undefined> {
    try {
      const interaction = await this.authority.interaction(request, response);
      return interaction.uid === uid ? interaction : undefined;
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  }

  private async refuse(
    request: Request,
    response: Response,
    { code, detail }: SignInRefused,
    asked?: IssuerPurpose,
  ): Promise<void> {
    this.count(code);
    const line = { refusal: code, ...(detail ? { detail } : {}), ...(asked ? { for: asked.purpose } : {}) };
    // The code is in the sentence too: of one sentence not every repetition is told, and people can cause some of them.
    if (FOR_OPERATORS.has(code)) this.log.warn(line, `The provider signed nobody in: ${code}`);
    // Anybody can ask for these as often as they like.
    else if (!asked) this.log.debug(line, 'Somebody came to a sign-in that is none');
    else this.log.log(line, 'Nobody was signed in by the provider');
    const { page, status } = issuerProblemPage({ code, host: this.issuer.host ?? '', again: asked && againAt(asked) });
    const interaction = asked?.purpose === 'app' && (await this.interaction(request, response, asked.target));
    sendPage(request, response, page, { status, uiLocales: interaction ? interaction.uiLocales : undefined });
  }
}

/** The page with the link to the provider, where everything is as it was, the way back to the app included. */
function againAt({ purpose, target }: IssuerPurpose): string {
  if (purpose === 'app') return `/sign-in/${encodeURIComponent(target)}`;
  if (purpose === 'device') return `${DEVICE_PATH}?${new URLSearchParams({ user_code: target })}`;
  return connectedAppsAt(target || undefined);
}
