import type { GrantView, Receipt } from '@drawbridge/consent';
import type { Person } from '@drawbridge/people';
import type { ComponentChildren } from 'preact';
import { type Page, page } from '../pages/page.js';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Texts } from '../texts/en.js';
import { name, type Rich } from '../texts/rich.js';
import type { Said } from '../texts/said.js';
import type { EndedGrant } from './ended-grants.js';
import { GrantUsage } from './grant-usage.js';
import { PartnerLink } from './partner-link.js';
import { confirmedBy, Evidence, statementOf } from './receipt-evidence.js';
import { ScopeBoxes } from './scope-boxes.js';
import { type IssuerLink, Problem, SignInBy } from './sign-in-form.js';
import { signedInWith } from './signed-in-with.js';
import type { Usage } from './usages.js';
import { WindDown } from './wind-down.js';

export const CONNECTED_APPS_PATH = '/connected-apps';
const RECORD_PATH = `${CONNECTED_APPS_PATH}/record`;

export function connectedAppsSignInPage(props: {
  csrf: string;
  issuer: IssuerLink | undefined;
  login?: string;
  problem?: Said;
}): Page {
  return page(
    ({ apps }) => ({
      title: apps.signInTitle,
      body: (
        <section class="card">
          <h1>{apps.title}</h1>
          <p class="lead">{apps.signInLead}</p>
          <SignInBy path={CONNECTED_APPS_PATH} {...props} />
        </section>
      ),
    }),
    { linkToConnectedApps: false },
  );
}

export interface ConnectedAppsPage {
  person: Person;
  csrf: string;
  grants: readonly GrantView[];
  ended: readonly EndedGrant[];
  usages: ReadonlyMap<string, Usage>;
  problem?: Said;
}

export function connectedAppsPage({ person, csrf, grants, ended, usages, problem }: ConnectedAppsPage): Page {
  return page(
    ({ apps }) => ({
      title: apps.title,
      body: (
        <>
          <TitleRow person={person} csrf={csrf} />
          <Problem problem={problem} top />
          {grants.length === 0 && (
            <section class="card">
              <h2>{apps.none}</h2>
              <p>{apps.noneText}</p>
            </section>
          )}
          {grants.map((grant) => (
            <GrantCard key={grant.id} grant={grant} usage={usages.get(grant.id)} csrf={csrf} />
          ))}
          {grants.length > 1 && (
            <form method="post" action={CONNECTED_APPS_PATH}>
              <input type="hidden" name="csrf" value={csrf} />
              <button type="submit" name="action" value="end-all" class="ending">
                {apps.endAll(grants.length)}
              </button>
            </form>
          )}
          {ended.length > 0 && <EndedSection ended={ended} />}
          <RecordLink />
        </>
      ),
    }),
    { wide: true, linkToConnectedApps: false, localTimes: true },
  );
}

function RecordLink() {
  const { apps } = useTexts();
  return (
    <section aria-labelledby="record" class="record">
      <h2 id="record" class="section">
        {apps.record}
      </h2>
      <div class="card">
        <p>{apps.recordText}</p>
        <p>
          <a href={RECORD_PATH}>{apps.recordLink}</a>
        </p>
      </div>
    </section>
  );
}

/** Asks before anything is ended. */
export function confirmEndPage(props: { csrf: string; grants: readonly GrantView[]; all: boolean }): Page {
  const { csrf, grants, all } = props;
  const one = grants.length === 1 ? grants[0] : undefined;
  return page((texts) => {
    const { end } = texts;
    const title = one ? end.one(one.appName) : end.all(grants.length);
    return {
      title,
      body: (
        <section class="card">
          <h1>{title}</h1>
          {!one && (
            <ul>
              {grants.map((grant) => (
                <li key={grant.id}>{whichOf(texts, grant)}</li>
              ))}
            </ul>
          )}
          <p>{one ? end.oneText(whichOf(texts, one)) : end.allText}</p>
          <p class="quiet">{end.kept}</p>
          <form method="post" action={CONNECTED_APPS_PATH}>
            <input type="hidden" name="csrf" value={csrf} />
            <input type="hidden" name="action" value={all ? 'end-all' : 'end'} />
            {!all && one && <input type="hidden" name="grant" value={one.id} />}
            <div class="actions">
              <button type="submit" name="confirm" value="yes" class="ended">
                {end.yes}
              </button>
            </div>
          </form>
          <p class="after">
            <a href={CONNECTED_APPS_PATH}>{one ? end.noOne : end.noAll}</a>
          </p>
        </section>
      ),
    };
  });
}

/** What was ended; without a receipt where the gateways' confirmations could not be read. */
export interface Ended {
  grant: Which & { id: string };
  receipt: Receipt | undefined;
}

/** States from when on nothing is delivered any more, and how that is known. */
export function endedPage(ended: readonly Ended[]): Page {
  const one = ended.length === 1 ? ended[0] : undefined;
  return page(
    (texts) => {
      const { end } = texts;
      const headline = ({ grant, receipt }: Ended) =>
        receipt ? end.ended(whichOf(texts, grant)) : end.beingEnded(whichOf(texts, grant));
      const title = one ? headline(one) : end.endedAll(ended.length);
      return {
        title,
        body: (
          <section class="card">
            <h1>{title}</h1>
            {ended.map((each) => (
              <div key={each.grant.id} class={one ? undefined : 'notice'}>
                {!one && <h2>{headline(each)}</h2>}
                <p>{each.receipt ? end.statement(statementOf(texts, each.receipt)) : end.unconfirmed}</p>
                {each.receipt && <Evidence {...each.receipt} open={one !== undefined} />}
              </div>
            ))}
            <BackToConnectedApps />
          </section>
        ),
      };
    },
    { localTimes: true },
  );
}

export function BackToConnectedApps() {
  const { apps } = useTexts();
  return (
    <p class="back">
      <a href={CONNECTED_APPS_PATH}>{apps.back}</a>
    </p>
  );
}

function TitleRow({ person, csrf }: { person: Person; csrf: string }) {
  const { apps } = useTexts();
  return (
    <div class="title-row">
      <h1>{apps.title}</h1>
      <form method="post" action={CONNECTED_APPS_PATH} class="who">
        <input type="hidden" name="csrf" value={csrf} />
        <span>{apps.signedInAs(person.name)}</span>
        <button type="submit" name="action" value="sign-out" class="plain">
          {apps.signOut}
        </button>
      </form>
    </div>
  );
}

function GrantCard({ grant, usage, csrf }: { grant: GrantView; usage: Usage | undefined; csrf: string }) {
  const texts = useTexts();
  const { apps } = texts;
  const heading = `grant-${grant.id}`;
  return (
    <article class="card grant" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>
          <bdi>{grant.appName}</bdi>
        </h2>
        <span class="small quiet">
          {apps.by(<PartnerLink name={grant.partnerName} homepage={grant.partnerHomepage} />)}
        </span>
      </header>
      <dl>
        <Fact term={apps.device}>
          {apps.deviceWith(
            grant.clientName ? name(grant.clientName) : apps.notNamed,
            grant.device && <span class="quiet">{apps.signedInWith(signedInWith(texts, grant.device))}</span>,
          )}
        </Fact>
        <Fact term={apps.since}>
          <Time at={grant.createdAt} as="minute" />
        </Fact>
        <Fact term={apps.lastConnected}>
          {grant.lastConnectedAt ? <Time at={grant.lastConnectedAt} as="minute" /> : apps.notYet}
        </Fact>
        <Fact term={apps.endsByItself}>
          <Time at={grant.expiresAt} as="day" />
        </Fact>
      </dl>
      <WindDown appName={grant.appName} endsAt={grant.partnerEndsAt} />
      {usage && <GrantUsage grant={grant} usage={usage} />}
      <form method="post" action={CONNECTED_APPS_PATH}>
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="grant" value={grant.id} />
        {grant.scopes.length === 0 ? (
          <p>{apps.nothingAtPresent}</p>
        ) : (
          <fieldset>
            <legend>{apps.itMay}</legend>
            <ScopeBoxes scopes={grant.scopes} ticked={grant.scopes} />
            <p class="small quiet untick">{apps.untick}</p>
          </fieldset>
        )}
        <div class="actions">
          {grant.scopes.length > 0 && (
            <button type="submit" name="action" value="narrow" class="second" aria-describedby={heading}>
              {apps.takeBack}
            </button>
          )}
          <button type="submit" name="action" value="end" class="ending" aria-describedby={heading}>
            {apps.end}
          </button>
        </div>
      </form>
    </article>
  );
}

/** So many are shown at first; the others are a click away. */
const ENDED_SHOWN = 5;

function EndedSection({ ended }: { ended: readonly EndedGrant[] }) {
  const { apps } = useTexts();
  const earlier = ended.slice(ENDED_SHOWN);
  return (
    <section aria-labelledby="ended">
      <h2 id="ended" class="section">
        {apps.endedTitle}
      </h2>
      <div class="card">
        <EndedList ended={ended.slice(0, ENDED_SHOWN)} />
        {earlier.length > 0 && (
          <details>
            <summary>{apps.earlier(earlier.length)}</summary>
            <EndedList ended={earlier} />
          </details>
        )}
      </div>
    </section>
  );
}

function EndedList({ ended }: { ended: readonly EndedGrant[] }) {
  const texts = useTexts();
  return (
    <ul class="past">
      {ended.map((grant) => (
        <li key={grant.id}>
          <h3>{whichOf(texts, grant)}</h3>
          <p class="small">
            {texts.apps.reasons[grant.reason]} {howItEnded(texts, grant)}
          </p>
          {grant.gateways && <Evidence connectionsClosed={grant.connectionsClosed ?? 0} gateways={grant.gateways} />}
        </li>
      ))}
    </ul>
  );
}

function howItEnded(texts: Texts, { effectiveAt, requestedAt, endedAt, gateways }: EndedGrant): Rich {
  const { apps } = texts;
  if (effectiveAt) {
    return apps.noAccessSince(<Time at={effectiveAt} as="instant" />, confirmedBy(texts, gateways ?? []));
  }
  return requestedAt ? apps.notConfirmed : apps.endedAt(<Time at={endedAt} as="minute" />);
}

function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

type Which = Pick<GrantView, 'appName' | 'clientName' | 'device'>;

/** The app, and which of several it is: what the client calls itself, or else where the person signed in. */
export function whichOf(texts: Texts, { appName, clientName, device }: Which): Rich {
  if (clientName && clientName !== appName) return texts.apps.which(appName, name(clientName));
  return !clientName && device ? texts.apps.which(appName, signedInWith(texts, device)) : name(appName);
}
