import type { GrantView, Receipt } from '@drawbridge/consent';
import type { App } from '@drawbridge/partners';
import { END_REASONS, SCOPES } from '@drawbridge/protocol';
import { h } from 'preact';
import {
  confirmEndPage,
  connectedAppsPage,
  connectedAppsSignInPage,
  endedPage,
} from '../../src/authority/connected-apps-page.js';
import { consentPage } from '../../src/authority/consent-page.js';
import { deviceAppRefusedPage, deviceEndPage } from '../../src/authority/device-end-pages.js';
import { AskedOnDevice, deviceCodePage, deviceSignInPage } from '../../src/authority/device-pages.js';
import type { EndedGrant } from '../../src/authority/ended-grants.js';
import { issuerProblemPage } from '../../src/authority/issuer-problem-page.js';
import { confirmNarrowPage, narrowedPage } from '../../src/authority/narrow-page.js';
import { oauthErrorPage, signInOverPage } from '../../src/authority/oauth-error-page.js';
import { limitedSignIn, NO_PASSWORDS, STALE_FORM, WRONG_SIGN_IN } from '../../src/authority/sign-in-form.js';
import { signInPage } from '../../src/authority/sign-in-page.js';
import type { SignInRefusal } from '../../src/authority/sign-in-refused.js';
import { NONE_TICKED } from '../../src/authority/sign-in-steps.js';
import type { Usage } from '../../src/authority/usages.js';
import { ERROR_CODE_PAGES } from '../../src/pages/error-codes.js';
import { errorCodePage, errorCodesPage, problemPage } from '../../src/pages/error-pages.js';
import type { Page } from '../../src/pages/page.js';
import { startPage } from '../../src/pages/start-page.js';
import type { Said } from '../../src/texts/said.js';

const HOUR_MS = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
const csrf = 'token';
const path = '/somewhere';
const issuer = { host: 'sign-in.an-example-of-a-platform.example', href: '/start' };
const person = { key: 1, id: 'alice', handle: 'alice', name: 'Alice O’Neill-Moreau' };

const APP: App = {
  clientId: 'tunebox-desktop',
  name: 'Tunebox',
  kind: 'native',
  redirectUris: [],
  scopes: [...SCOPES],
  requiresDpop: false,
  createdAt: ago(100),
  partner: {
    id: 'p',
    name: 'Tunebox Ltd',
    homepage: 'https://tunebox.example',
    privacyUrl: 'https://tunebox.example/privacy',
    contact: 'it@tunebox.example',
    scopes: [...SCOPES],
    status: 'approved',
    endsAt: ago(-400),
  } as App['partner'],
};

/** Nothing in it to break a line at. */
const LONG_NAME = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenmusik';
const LONG: App = { ...APP, name: LONG_NAME, partner: { ...APP.partner, name: LONG_NAME.toUpperCase() } };

const grant = (id: string, over: Partial<GrantView> = {}): GrantView => ({
  id,
  person: 1,
  personId: 'alice',
  clientId: APP.clientId,
  appName: 'Tunebox',
  partner: 'p',
  partnerName: 'Tunebox Ltd',
  partnerHomepage: 'https://tunebox.example',
  partnerEndsAt: null,
  scopes: ['messages.read', 'messages.send'],
  device: 'Firefox on Linux',
  clientName: null,
  authTime: ago(30),
  createdAt: ago(30),
  expiresAt: ago(-2_000),
  lastConnectedAt: null,
  ended: undefined,
  endedAt: null,
  ...over,
});
const DESKTOP = grant('1', { lastConnectedAt: ago(1), clientName: 'The blue laptop', partnerEndsAt: ago(-400) });
const TV = grant('2', { device: 'a code on Tunebox/7.1 (SmartTV), allowed in Chrome on Android' });
const OTHER_TV = grant('3', { device: 'a code', scopes: [], appName: 'صندوق الموسيقى' });
const WRITER = grant('4', { scopes: ['messages.send'], appName: LONG_NAME, partnerName: LONG_NAME });
const GRANTS = [DESKTOP, TV, OTHER_TV, WRITER, grant('5'), grant('6')];

const usage = (over: Partial<Usage>): Usage => ({
  messages: 0,
  conversations: 0,
  more: false,
  atMost: false,
  last: null,
  connected: false,
  ...over,
});
const USAGES = new Map([
  ['1', usage({ messages: 2_141, conversations: 12, last: ago(1), connected: true })],
  ['2', usage({ messages: 1, conversations: 1, more: true, last: ago(24) })],
  ['3', usage({ messages: 5, conversations: 2, atMost: true, last: ago(60) })],
  ['4', usage({})],
  ['5', usage({})],
]);

const gateway = (id: string, confirmed: 'ack' | 'lease_expired', lastSeq?: number) => ({
  id,
  confirmed,
  at: ago(2).toISOString(),
  ...(lastSeq === undefined ? {} : { lastSeq }),
});
const receipt = (over: Partial<Receipt> = {}): Receipt => ({
  grant: '1',
  requestedAt: ago(2).toISOString(),
  effectiveAt: ago(1.9).toISOString(),
  connectionsClosed: 2,
  gateways: [gateway('gw-1', 'ack', 41), gateway('gw-2', 'lease_expired', 40)],
  ...over,
});

const ended = (over: Partial<EndedGrant>): EndedGrant => ({
  id: '7',
  appName: 'Tunebox',
  partnerName: 'Tunebox Ltd',
  device: null,
  clientName: null,
  reason: 'expired',
  createdAt: ago(9),
  endedAt: ago(5),
  requestedAt: null,
  effectiveAt: null,
  connectionsClosed: null,
  gateways: null,
  ...over,
});
const ENDED = [
  ...END_REASONS.map((reason, index) => ended({ id: `e${index}`, reason })),
  ended({ id: 'e7', requestedAt: ago(5) }),
  ended({ id: 'e8', requestedAt: ago(5), effectiveAt: ago(5), connectionsClosed: 1, gateways: [] }),
  ended({ id: 'e9', requestedAt: ago(5), effectiveAt: ago(5), connectionsClosed: 1, gateways: [gateway('g', 'ack')] }),
];

const asked = (over: { network?: string; userAgent?: string; minutes?: number; sameNetwork?: boolean } = {}) => ({
  request: {
    id: '1',
    userCode: 'BCDFGHJK',
    clientId: 'tunebox-tv',
    scopes: [...SCOPES],
    askedAt: ago((over.minutes ?? 0) / 60),
    askedFrom: { network: over.network ?? '2001:db8:1:2', userAgent: over.userAgent ?? 'Tunebox/7.1 (SmartTV)' },
    answer: undefined,
    outcome: null,
    expired: false,
  },
  app: APP,
  offered: SCOPES,
  sameNetwork: over.sameNetwork ?? true,
  now: new Date(),
});

const REFUSALS: SignInRefusal[] = [
  'provider_unreachable',
  'invalid_answer',
  'old_auth_time',
  'unknown_state',
  'denied',
  'unknown_person',
  'erased_person',
];
const OAUTH_ERRORS = ['invalid_client', 'invalid_redirect_uri', 'server_error', 'invalid_request'];
const REASONS_OF_THE_LIST: Said[] = [
  ({ apps }) => apps.notThere,
  ({ apps }) => apps.nothingUnticked,
  ({ apps }) => apps.nothingLeft,
];

const consent = (over: Partial<Parameters<typeof consentPage>[0]> = {}) =>
  consentPage({
    app: APP,
    person,
    path,
    csrf,
    offered: SCOPES,
    ticked: [],
    expiresAt: ago(-2_000),
    days: 90,
    idleDays: 30,
    ...over,
  });

const deviceSignIn = (of: ReturnType<typeof asked>, problem?: Said) =>
  deviceSignInPage({ ...of, path, csrf, issuer: undefined, ...(problem ? { problem } : {}) });

/** Every page that a person or a developer can meet, with something in each of its places; but for those of `sendProblem`. */
export const EVERY_PAGE: ReadonlyMap<string, Page> = new Map<string, Page>([
  [
    'start',
    startPage({
      publicUrl: 'http://127.0.0.1:8080',
      internalUrl: 'http://127.0.0.1:8081',
      demo: true,
      signIn: undefined,
    }),
  ],
  ['errors', errorCodesPage()],
  ...[...ERROR_CODE_PAGES.values()].map((code): [string, Page] => [`error-${code.code}`, errorCodePage(code)]),
  [
    'no-such-code',
    problemPage(
      ({ problems }) => problems.noSuchCode,
      ({ problems }) => problems.noSuchCodeText,
    ),
  ],

  ['sign-in', signInPage({ app: APP, path, csrf, issuer: undefined })],
  ['sign-in-wrong', signInPage({ app: APP, path, csrf, issuer: undefined, login: 'al', problem: WRONG_SIGN_IN })],
  ['sign-in-limited', signInPage({ app: APP, path, csrf, issuer: undefined, problem: limitedSignIn(500_000) })],
  ['sign-in-there', signInPage({ app: LONG, path, csrf, issuer, problem: NO_PASSWORDS })],
  ['consent', consent()],
  ['consent-none', consent({ problem: NONE_TICKED })],

  ['device-code', deviceCodePage({ path, csrf, userCode: '', problem: undefined })],
  ['device-code-given', deviceCodePage({ path, csrf, userCode: 'BCDF-GHJK', problem: undefined })],
  ['device-code-none', deviceCodePage({ path, csrf, userCode: '', problem: ({ device }) => device.noCode })],
  ['device-code-wrong', deviceCodePage({ path, csrf, userCode: '', problem: ({ device }) => device.unknownCode })],
  ['device-sign-in', deviceSignIn(asked())],
  [
    'device-sign-in-elsewhere',
    deviceSignIn(asked({ sameNetwork: false, minutes: 3, userAgent: 'Mozilla/5.0 (X11; Linux) Chrome/140' })),
  ],
  [
    'device-sign-in-last',
    deviceSignIn(asked({ network: '', minutes: 1 }), (texts) => texts.device.lastTry(texts.forms.wrongSignIn)),
  ],
  ['device-consent', consent({ app: LONG, about: h(AskedOnDevice, asked()) })],
  ...(['allowed', 'denied', 'spoilt', 'over'] as const).map((how): [string, Page] => [
    `device-${how}`,
    deviceEndPage(how, how === 'allowed' ? 'Tunebox' : undefined),
  ]),
  ['device-app-refused', deviceAppRefusedPage()],

  ['apps-sign-in', connectedAppsSignInPage({ csrf, issuer: undefined, problem: STALE_FORM })],
  ['apps-signed-out', connectedAppsSignInPage({ csrf, issuer: undefined, problem: ({ apps }) => apps.signedOut })],
  ['apps-none', connectedAppsPage({ person, csrf, grants: [], ended: [], usages: new Map() })],
  ['apps', connectedAppsPage({ person, csrf, grants: GRANTS, ended: ENDED, usages: USAGES })],
  ...[GRANTS[0]!.id, 'e9', 'nobody’s'].map((asked, index): [string, Page] => [
    `apps-asked-${index}`,
    connectedAppsPage({ person, csrf, grants: GRANTS, ended: ENDED, usages: USAGES, asked }),
  ]),
  ...REASONS_OF_THE_LIST.map((problem, index): [string, Page] => [
    `apps-problem-${index}`,
    connectedAppsPage({ person, csrf, grants: [WRITER], ended: [], usages: USAGES, problem }),
  ]),
  [
    'apps-no-longer-reads',
    connectedAppsPage({
      person,
      csrf,
      grants: [WRITER],
      ended: [],
      usages: new Map([['4', usage({ messages: 3, conversations: 1, last: ago(1) })]]),
    }),
  ],
  ['apps-end', confirmEndPage({ csrf, grants: [DESKTOP], all: false })],
  ['apps-end-all', confirmEndPage({ csrf, grants: GRANTS, all: true })],
  ['apps-ended', endedPage([{ grant: DESKTOP, receipt: receipt() }])],
  ['apps-ended-unconfirmed', endedPage([{ grant: TV, receipt: undefined }])],
  [
    'apps-ended-all',
    endedPage([
      { grant: DESKTOP, receipt: receipt({ gateways: [gateway('gw-1', 'ack')], connectionsClosed: 1 }) },
      { grant: TV, receipt: receipt({ gateways: [gateway('gw-1', 'ack'), gateway('gw-2', 'ack')] }) },
      { grant: OTHER_TV, receipt: receipt({ gateways: [] }) },
      { grant: WRITER, receipt: undefined },
    ]),
  ],
  ['apps-narrow', confirmNarrowPage({ csrf, grant: DESKTOP, left: ['messages.send'] })],
  [
    'apps-narrowed',
    narrowedPage({ grant: DESKTOP, left: ['messages.send'], receipt: receipt({ scopes: ['messages.send'] }) }),
  ],
  ['apps-narrowed-unconfirmed', narrowedPage({ grant: DESKTOP, left: ['messages.send'], receipt: undefined })],

  ...REFUSALS.map((code): [string, Page] => [
    `issuer-${code}`,
    issuerProblemPage({ code, host: issuer.host, again: '/somewhere' }).page,
  ]),
  ...OAUTH_ERRORS.map((error): [string, Page] => [
    `oauth-${error}`,
    oauthErrorPage({ error, error_description: 'as the protocol has it' }).page,
  ]),
  ['sign-in-over', signInOverPage()],
]);
