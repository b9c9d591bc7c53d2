import { isIPv4 } from 'node:net';
import { shownName } from '@drawbridge/consent';
import type { App } from '@drawbridge/partners';
import { SCOPE_SENTENCES, type Scope } from '@drawbridge/protocol';
import { page } from '../pages/layout.js';
import { browserName } from './browser-name.js';
import type { DeviceInfo, DeviceRequest } from './device-codes.js';
import { shownUserCode } from './device-guesses.js';
import { type IssuerLink, SignInBy } from './sign-in-form.js';
import { minute } from './times.js';

interface Asked {
  request: DeviceRequest;
  app: App;
  offered: readonly Scope[];
  /** Whether this browser is where the device is, as far as addresses tell. */
  sameNetwork: boolean;
  now: Date;
}

/** The first page: a code, prefilled from the link, which the person has to send by themselves. */
export function deviceCodePage(props: {
  path: string;
  csrf: string;
  userCode: string;
  problem: string | undefined;
}): string {
  const { path, csrf, userCode, problem } = props;
  return page(
    'Connect a device',
    <section class="card">
      <h1>Connect a device</h1>
      <p class="lead">
        {userCode && !problem
          ? 'Is this the code that your device shows? If you did not begin this on a device of yours, close this page.'
          : 'An app on a TV, or on another device, shows a code. Type it here to connect the app to your messages.'}
      </p>
      <form method="post" action={path}>
        {problem && (
          <div class="notice problem" role="alert" id="problem">
            <p>{problem}</p>
          </div>
        )}
        <input type="hidden" name="csrf" value={csrf} />
        <div class="field">
          <label for="user_code">Code</label>
          <input
            id="user_code"
            class="code"
            name="user_code"
            type="text"
            required
            maxLength={40}
            value={userCode}
            placeholder="XXXX-XXXX"
            autocomplete="off"
            autocapitalize="characters"
            autocorrect="off"
            spellcheck={false}
            aria-describedby={problem ? 'problem code-hint' : 'code-hint'}
          />
          <p class="small quiet" id="code-hint">
            Eight letters. Capitals and the dash do not matter.
          </p>
        </div>
        <div class="actions">
          <button type="submit">Continue</button>
        </div>
      </form>
    </section>,
  );
}

/** The second page: what asks, when and from where it was asked for, and the sign-in. */
export function deviceSignInPage(
  props: Asked & { path: string; csrf: string; issuer: IssuerLink | undefined; login?: string; problem?: string },
): string {
  const { request, app, offered, path, csrf, issuer, login, problem } = props;
  return page(
    `Sign in for ${app.name}`,
    <section class="card">
      <h1>Connect {app.name}?</h1>
      <p class="lead">
        <strong>{app.name}</strong>, an app of the partner{' '}
        <a href={app.partner.homepage} rel="noreferrer">
          {app.partner.name}
        </a>
        , asks to connect to your messages, on a device. Sign in, and choose on the next page what it may do.
      </p>
      <AskedOnDevice {...props} />
      <h2 class="asks">It asks to</h2>
      <ul>
        {offered.map((scope) => (
          <li key={scope}>{SCOPE_SENTENCES[scope]}</li>
        ))}
      </ul>
      <div class="notice warning">
        <p>
          <strong>Go on only if you began this yourself</strong>, on a device in front of you that shows this code. If
          somebody sent you the code or a link, they would get what you allow.
        </p>
      </div>
      <SignInBy issuer={issuer} path={path} csrf={csrf} userCode={request.userCode} login={login} problem={problem} />
      <form method="post" action={path} class="after">
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="user_code" value={request.userCode} />
        <button type="submit" name="decision" value="deny" class="plain">
          I did not begin this: refuse it
        </button>
      </form>
    </section>,
  );
}

/** The code, and when and from where it was asked for. */
export function AskedOnDevice({ request, sameNetwork, now }: Omit<Asked, 'app' | 'offered'>) {
  const { userCode, askedAt, askedFrom } = request;
  const name = deviceName(askedFrom);
  return (
    <dl class="asked">
      <div>
        <dt>Code on the device</dt>
        <dd class="code">{shownUserCode(userCode)}</dd>
      </div>
      <div>
        <dt>Asked for</dt>
        <dd>
          <time dateTime={askedAt.toISOString()}>{minute(askedAt)}</time>, {ago(now.getTime() - askedAt.getTime())}
        </dd>
      </div>
      <div>
        <dt>From</dt>
        <dd>
          {askedFrom.network ? <bdi>{shownNetwork(askedFrom.network)}</bdi> : 'an unknown address'}
          {', '}
          {sameNetwork ? 'the network you are on now' : <strong>not the network you are on now</strong>}
        </dd>
      </div>
      {name && (
        <div>
          <dt>The device calls itself</dt>
          <dd>
            <bdi>{name}</bdi>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** How Connected apps says where the person signed in. */
export function signedInWith(askedFrom: DeviceInfo, userAgent: string | undefined): string {
  const device = deviceName(askedFrom);
  const browser = browserName(userAgent);
  return `a code${device ? ` on ${device}` : ''}${browser ? `, allowed in ${browser}` : ''}`;
}

const NAME_CODE_POINTS_MAX = 60;

/** What the device says it is, which may be anything. */
function deviceName({ userAgent }: DeviceInfo): string | undefined {
  const name = userAgent.startsWith('Mozilla/') ? browserName(userAgent) : shownName(userAgent);
  return name && [...name].slice(0, NAME_CODE_POINTS_MAX).join('');
}

function shownNetwork(network: string): string {
  return isIPv4(network) ? network : `${network}::/64`;
}

function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute ago';
  return minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`;
}
