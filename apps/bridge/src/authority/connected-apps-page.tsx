import type { GrantView, Receipt } from '@drawbridge/consent';
import type { Person } from '@drawbridge/people';
import { type Page, page } from '../pages/page.js';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Said } from '../texts/said.js';
import { BackToConnectedApps } from './back-to-connected-apps.js';
import { CONNECTED_APPS_PATH } from './connected-apps-path.js';
import type { EndedGrant } from './ended-grants.js';
import { EndedSection } from './ended-section.js';
import { GrantCard } from './grant-card.js';
import { Evidence, statementOf } from './receipt-evidence.js';
import { type IssuerLink, Problem, SignInBy } from './sign-in-form.js';
import type { Usage } from './usages.js';
import { GrantFacts, type Which, whichOf } from './which-grant.js';

const RECORD_PATH = `${CONNECTED_APPS_PATH}/record`;

export function connectedAppsSignInPage(props: {
  csrf: string;
  issuer: IssuerLink | undefined;
  /** Where to go on after it. */
  grant?: string;
  login?: string;
  problem?: Said;
}): Page {
  const { grant, ...form } = props;
  return page(
    ({ apps }) => ({
      title: apps.signInTitle,
      body: (
        <section class="card">
          <h1>{apps.title}</h1>
          <p class="lead">{apps.signInLead}</p>
          <SignInBy path={`${CONNECTED_APPS_PATH}${grant ? `?grant=${grant}` : ''}`} {...form} />
        </section>
      ),
    }),
    { linkToConnectedApps: false },
  );
}

const NOT_ONE_OF_YOURS: Said = ({ apps }) => apps.notOneOfYours;

export interface ConnectedAppsPage {
  person: Person;
  csrf: string;
  grants: readonly GrantView[];
  ended: readonly EndedGrant[];
  usages: ReadonlyMap<string, Usage>;
  /** The one that a link led to. */
  asked?: string;
  problem?: Said;
}

export function connectedAppsPage({ person, csrf, grants, ended, usages, asked, problem }: ConnectedAppsPage): Page {
  const isThere = asked === undefined || [...grants, ...ended].some(({ id }) => id === asked);
  return page(
    ({ apps }) => ({
      title: apps.title,
      body: (
        <>
          <TitleRow person={person} csrf={csrf} />
          <Problem problem={problem ?? (isThere ? undefined : NOT_ONE_OF_YOURS)} top />
          {grants.length === 0 && (
            <section class="card">
              <h2>{apps.none}</h2>
              <p>{apps.noneText}</p>
            </section>
          )}
          {grants.map((grant) => (
            <GrantCard
              key={grant.id}
              grant={grant}
              usage={usages.get(grant.id)}
              csrf={csrf}
              isAsked={grant.id === asked}
              hasLike={grants.some(({ id, clientId }) => clientId === grant.clientId && id !== grant.id)}
            />
          ))}
          {grants.length > 1 && (
            <form method="post" action={CONNECTED_APPS_PATH}>
              <input type="hidden" name="csrf" value={csrf} />
              <button type="submit" name="action" value="end-all" class="ending">
                {apps.endAll(grants.length)}
              </button>
            </form>
          )}
          {ended.length > 0 && <EndedSection ended={ended} asked={asked} />}
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
        <section class="card grant">
          <h1>{title}</h1>
          {!one && (
            <ul>
              {grants.map((grant) => (
                <li key={grant.id}>
                  {whichOf(texts, grant)}{' '}
                  <span class="small quiet">{texts.apps.begun(<Time at={grant.createdAt} as="minute" />)}</span>
                </li>
              ))}
            </ul>
          )}
          {one && <GrantFacts grant={one} exactly />}
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
