import { isIPv4 } from 'node:net';
import type { App } from '@drawbridge/partners';
import type { Scope } from '@drawbridge/protocol';
import { type Page, page } from '../pages/page.js';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Said } from '../texts/said.js';
import type { DeviceRequest } from './device-codes.js';
import { shownUserCode } from './device-guesses.js';
import { PartnerLink } from './partner-link.js';
import { ScopeList } from './scope-boxes.js';
import { type IssuerLink, Problem, SignInBy } from './sign-in-form.js';
import { browserWords, deviceName } from './signed-in-with.js';

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
  problem: Said | undefined;
}): Page {
  const { path, csrf, userCode, problem } = props;
  return page(({ device }) => ({
    title: device.title,
    body: (
      <section class="card">
        <h1>{device.title}</h1>
        <p class="lead">{userCode && !problem ? device.isThisIt : device.typeIt}</p>
        <form method="post" action={path}>
          <Problem problem={problem} />
          <input type="hidden" name="csrf" value={csrf} />
          <div class="field">
            <label for="user_code">{device.code}</label>
            <input
              id="user_code"
              class="code"
              name="user_code"
              type="text"
              dir="ltr"
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
              {device.codeHint}
            </p>
          </div>
          <div class="actions">
            <button type="submit">{device.continue}</button>
          </div>
        </form>
      </section>
    ),
  }));
}

/** The second page: what asks, when and from where it was asked for, and the sign-in. */
export function deviceSignInPage(
  props: Asked & { path: string; csrf: string; issuer: IssuerLink | undefined; login?: string; problem?: Said },
): Page {
  const { request, app, offered, path, csrf, issuer, login, problem } = props;
  return page(({ device }) => ({
    title: device.signInTitle(app.name),
    body: (
      <section class="card">
        <h1>{device.heading(app.name)}</h1>
        <p class="lead">
          {device.lead(app.name, <PartnerLink name={app.partner.name} homepage={app.partner.homepage} />)}
        </p>
        <AskedOnDevice {...props} />
        <h2 class="asks">{device.asksTo}</h2>
        <ScopeList scopes={offered} />
        <div class="notice warning">
          <p>{device.warning}</p>
        </div>
        <SignInBy issuer={issuer} path={path} csrf={csrf} userCode={request.userCode} login={login} problem={problem} />
        <form method="post" action={path} class="after">
          <input type="hidden" name="csrf" value={csrf} />
          <input type="hidden" name="user_code" value={request.userCode} />
          <button type="submit" name="decision" value="deny" class="plain">
            {device.refuse}
          </button>
        </form>
      </section>
    ),
  }));
}

/** The code, and when and from where it was asked for. */
export function AskedOnDevice({ request, sameNetwork, now }: Omit<Asked, 'app' | 'offered'>) {
  const texts = useTexts();
  const { device } = texts;
  const { userCode, askedAt, askedFrom } = request;
  const said = deviceName(askedFrom);
  const minutesAgo = Math.floor((now.getTime() - askedAt.getTime()) / 60_000);
  const network = askedFrom.network ? <bdi>{shownNetwork(askedFrom.network)}</bdi> : device.unknownNetwork;
  return (
    <dl class="asked">
      <div>
        <dt>{device.codeOnDevice}</dt>
        <dd class="code">
          <bdi>{shownUserCode(userCode)}</bdi>
        </dd>
      </div>
      <div>
        <dt>{device.askedFor}</dt>
        <dd>{device.askedAt(<Time at={askedAt} as="minute" />, minutesAgo)}</dd>
      </div>
      <div>
        <dt>{device.from}</dt>
        <dd>{sameNetwork ? device.sameNetwork(network) : device.otherNetwork(network)}</dd>
      </div>
      {said && (
        <div>
          <dt>{device.callsItself}</dt>
          <dd>{browserWords(texts, said)}</dd>
        </div>
      )}
    </dl>
  );
}

function shownNetwork(network: string): string {
  return isIPv4(network) ? network : `${network}::/64`;
}
