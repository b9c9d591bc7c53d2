import { randomUUID } from 'node:crypto';
import { GrantError } from '@drawbridge/consent';
import { type App, Partners } from '@drawbridge/partners';
import { SCOPES, type Scope } from '@drawbridge/protocol';
import { Controller, Get, Logger, Post, Req, Res, UseInterceptors } from '@nestjs/common';
import type { Request, Response } from 'express';
import { h } from 'preact';
import { Config } from '../config/config.js';
import { clientNetwork, trustsProxy } from '../http/client-network.js';
import { sendPage, sendTo } from '../pages/send-page.js';
import { Secrets } from '../secrets.js';
import type { Said } from '../texts/said.js';
import { Authority } from './authority.js';
import { AskedInTurn } from './authority-turns.js';
import { DeviceBrowsers } from './device-browsers.js';
import { DEVICE_LIMITS, DeviceCodes, type DeviceRequest, type DeviceVisit } from './device-codes.js';
import { type DeviceEnd, deviceAppRefusedPage, deviceEndPage } from './device-end-pages.js';
import { DEVICE_PATH, deviceStartPath } from './device-flow.js';
import { DeviceGuesses, normaliseUserCode, shownUserCode } from './device-guesses.js';
import { AskedOnDevice, deviceCodePage, deviceSignInPage } from './device-pages.js';
import { field, fields, isFromElsewhere } from './forms.js';
import { Issuer } from './issuer.js';
import { hasBridgeScope } from './scopes.js';
import { limitedSignIn, NO_PASSWORDS, STALE_FORM } from './sign-in-form.js';
import { NONE_TICKED, SignInSteps } from './sign-in-steps.js';
import { signedInOnDevice } from './signed-in-with.js';

/** What a device asks for, while a person is at it with one browser. */
interface Asked {
  request: DeviceRequest;
  app: App;
  offered: Scope[];
  csrf: string;
  /** The browser's cookie. */
  browser: string;
  sameNetwork: boolean;
}

const NO_CODE: Said = ({ device }) => device.noCode;
const UNKNOWN_CODE: Said = ({ device }) => device.unknownCode;
/** For the device, as `error_description`. */
const NOT_ALLOWED = 'the person did not allow it';

/**
 * Sign-in on a device (RFC 8628): a person types the device's code, or follows its link, sees what asks and from where,
 * signs in, and consents. One address; nothing is decided by opening it. The state is in the database (DeviceCodes).
 */
@Controller('device')
@UseInterceptors(AskedInTurn)
export class DeviceController {
  private readonly log = new Logger('Consent');
  private readonly behindProxy: boolean;

  constructor(
    private readonly authority: Authority,
    private readonly browsers: DeviceBrowsers,
    private readonly codes: DeviceCodes,
    private readonly guesses: DeviceGuesses,
    private readonly steps: SignInSteps,
    private readonly partners: Partners,
    private readonly secrets: Secrets,
    private readonly issuer: Issuer,
    config: Config,
  ) {
    this.behindProxy = trustsProxy(config.publicUrl);
  }

  @Get()
  async show(@Req() request: Request, @Res() response: Response): Promise<void> {
    const browser = this.browsers.readOrMake(request, response);
    const typed = request.query.user_code;
    if (typeof typed === 'string') return this.askForCode(request, response, browser, { typed });
    const visit = await this.codes.visit(browser);
    if (!visit) return this.askForCode(request, response, browser);
    const { answer, outcome, expired } = visit.request;
    if (outcome === 'denied' || outcome === 'spoilt') return this.over(request, response, outcome);
    if (answer === 'allowed' && visit.allowedHere) {
      const app = await this.partners.app(visit.request.clientId);
      return this.over(request, response, 'allowed', app?.name);
    }
    if (expired || (outcome === 'allowed' && !visit.allowedHere)) return this.over(request, response, 'over');
    const asked = await this.asked(visit.request, browser, request, response);
    if (asked) await this.showConsent(asked, visit, request, response, []);
  }

  @Post()
  async answer(@Req() request: Request, @Res() response: Response): Promise<void> {
    const known = this.browsers.read(request);
    const browser = known ?? this.browsers.readOrMake(request, response);
    const typed = field(request, 'user_code');
    const genuine =
      known && !isFromElsewhere(request) && this.secrets.formTokenMatches(bindingOf(known), field(request, 'csrf'));
    if (!genuine) return this.askForCode(request, response, browser, { typed, problem: STALE_FORM, status: 403 });
    if (typed !== '') return this.withCode(typed, browser, request, response);
    const visit = await this.codes.visit(browser);
    if (!visit) return this.askForCode(request, response, browser, { problem: NO_CODE, status: 422 });
    await this.decide(visit, browser, request, response);
  }

  private async withCode(typed: string, browser: string, request: Request, response: Response): Promise<void> {
    if (normaliseUserCode(typed) === '')
      return this.askForCode(request, response, browser, { problem: NO_CODE, status: 422 });
    const found = await this.guesses.lookUp(typed, { browser, network: this.networkOf(request) });
    if ('refused' in found) {
      const limited = found.refused === 'limited';
      if (limited) response.setHeader('Retry-After', Math.ceil(found.retryAfterMs / 1000));
      const problem = limited ? limitedSignIn(found.retryAfterMs) : UNKNOWN_CODE;
      return this.askForCode(request, response, browser, { typed, problem, status: limited ? 429 : 422 });
    }
    if (found.request.outcome !== null || found.request.expired) return this.over(request, response, 'over');
    const asked = await this.asked(found.request, browser, request, response);
    if (!asked) return;
    if (field(request, 'decision') === 'deny') return this.deny(asked.request, request, response);
    // The first form has a code only; the second has the fields of the sign-in too.
    if (fields(request, 'login').length === 0) return this.showSignIn(asked, request, response);
    await this.checkPassword(asked, request, response);
  }

  private async checkPassword(asked: Asked, request: Request, response: Response): Promise<void> {
    if (this.issuer.host) return this.showSignIn(asked, request, response, { problem: NO_PASSWORDS, status: 403 });
    const tries = await this.codes.takeTry(asked.request);
    if (tries === undefined) return this.over(request, response, 'over');
    const result = await this.steps.password(request, response);
    if ('person' in result || result.refused.limited) await this.codes.giveBack(asked.request);
    if ('person' in result) {
      const grantId = randomUUID();
      await this.steps.signedIn(result.person, grantId);
      this.browsers.write(response, await this.codes.signedIn(asked.request, result.person.id, grantId));
      return sendTo(response, DEVICE_PATH);
    }
    const { limited, ...again } = result.refused;
    // Not the login: people type their password there.
    this.log.debug({ app: asked.app.clientId, limited }, 'A sign-in was refused');
    const left = DEVICE_LIMITS.wrongTries - tries;
    if (!limited && left === 0) {
      await this.codes.refuse(asked.request, 'spoilt', 'there were too many wrong tries');
      return this.over(request, response, 'spoilt');
    }
    const { problem } = again;
    const lastTry: Said = (texts) => texts.device.lastTry(problem(texts));
    this.showSignIn(asked, request, response, !limited && left === 1 ? { ...again, problem: lastTry } : again);
  }

  /** The answer of the consent page. */
  private async decide(visit: DeviceVisit, browser: string, request: Request, response: Response): Promise<void> {
    // Decided, here or elsewhere, or run out: the page says so.
    if (visit.request.answer || visit.request.expired) return sendTo(response, DEVICE_PATH);
    const asked = await this.asked(visit.request, browser, request, response);
    if (!asked) return;
    switch (field(request, 'decision')) {
      case 'deny':
        return this.deny(asked.request, request, response);
      case 'tick-all':
        return this.showConsent(asked, visit, request, response, asked.offered);
      case 'allow':
        return this.allow(asked, visit, request, response);
      default:
        return this.showConsent(asked, visit, request, response, []);
    }
  }

  private async deny(asked: DeviceRequest, request: Request, response: Response): Promise<void> {
    const denied = await this.codes.refuse(asked, 'denied', NOT_ALLOWED);
    this.over(request, response, denied ? 'denied' : 'over');
  }

  private async allow(asked: Asked, visit: DeviceVisit, request: Request, response: Response): Promise<void> {
    const { app, offered } = asked;
    const ticked = offered.filter((scope) => fields(request, 'scope').includes(scope));
    if (!hasBridgeScope(ticked)) return this.showConsent(asked, visit, request, response, ticked, NONE_TICKED);
    const person = await this.steps.whoSignedIn(visit.grantId);
    // Before the grant is made: of two browsers, and of allowing and denying, one wins.
    if (!person || !(await this.codes.claim(visit))) return this.over(request, response, 'over');
    try {
      const grant = await this.steps.allow({
        id: visit.grantId,
        person,
        app,
        scopes: ticked,
        signedInAt: visit.signedInAt,
        device: signedInOnDevice(visit.request.askedFrom, request.headers['user-agent']),
      });
      if (!grant) return this.over(request, response, 'over');
      await this.codes.answer(visit, await this.authority.allowedOnDevice(visit, grant));
      this.log.log(
        { grant: grant.id, person: grant.personId, app: grant.clientId, scopes: grant.scopes },
        'A consent was given',
      );
      sendTo(response, DEVICE_PATH);
    } catch (error) {
      if (!(error instanceof GrantError)) throw error;
      const errorDescription = 'the app may not be connected at present';
      await this.codes.answer(visit, { error: 'access_denied', errorDescription });
      sendPage(request, response, deviceAppRefusedPage(), { status: 400 });
    }
  }

  private askForCode(
    request: Request,
    response: Response,
    browser: string,
    { typed = '', problem, status = 200 }: { typed?: string; problem?: Said; status?: number } = {},
  ): void {
    const csrf = this.secrets.formToken(bindingOf(browser));
    sendPage(request, response, deviceCodePage({ path: DEVICE_PATH, csrf, userCode: shownUserCode(typed), problem }), {
      status,
    });
  }

  private showSignIn(
    asked: Asked,
    request: Request,
    response: Response,
    { status = 200, ...again }: { login?: string; problem?: Said; status?: number } = {},
  ): void {
    const { browser, request: device } = asked;
    const issuer = this.issuer.link(deviceStartPath(this.secrets, browser, device.userCode));
    sendPage(request, response, deviceSignInPage({ ...asked, issuer, path: DEVICE_PATH, now: new Date(), ...again }), {
      status,
    });
  }

  private async showConsent(
    asked: Asked,
    visit: DeviceVisit,
    request: Request,
    response: Response,
    ticked: readonly Scope[],
    problem?: Said,
  ): Promise<void> {
    const person = await this.steps.whoSignedIn(visit.grantId);
    if (!person) return this.over(request, response, 'over');
    const page = this.steps.consentPage({
      app: asked.app,
      person,
      path: DEVICE_PATH,
      csrf: asked.csrf,
      offered: asked.offered,
      ticked,
      signedInAt: visit.signedInAt,
      about: h(AskedOnDevice, { ...asked, now: new Date() }),
      ...(problem ? { problem } : {}),
    });
    sendPage(request, response, page, { status: problem ? 422 : 200 });
  }

  /** Undefined when a page saying why not was sent: the app may not be connected now, or may have nothing of it. */
  private async asked(
    device: DeviceRequest,
    browser: string,
    request: Request,
    response: Response,
  ): Promise<Asked | undefined> {
    const app = await this.partners.app(device.clientId);
    const offered = SCOPES.filter((scope) => device.scopes.includes(scope) && app?.scopes.includes(scope));
    if (app?.partner.status !== 'approved' || !hasBridgeScope(offered)) {
      sendPage(request, response, deviceAppRefusedPage(), { status: 400 });
      return undefined;
    }
    const csrf = this.secrets.formToken(bindingOf(browser));
    const sameNetwork = this.networkOf(request) === device.askedFrom.network;
    return { request: device, app, offered, csrf, browser, sameNetwork };
  }

  private networkOf(request: Request): string {
    return clientNetwork(request, this.behindProxy);
  }

  private over(request: Request, response: Response, how: DeviceEnd, appName?: string): void {
    const status = how === 'allowed' || how === 'denied' ? 200 : 400;
    sendPage(request, response, deviceEndPage(how, appName), { status });
  }
}

function bindingOf(browser: string): string {
  return `device ${browser}`;
}
