import type { GrantView, Receipt } from '@drawbridge/consent';
import type { Person } from '@drawbridge/people';
import type { EndReason } from '@drawbridge/protocol';
import type { ComponentChildren } from 'preact';
import { page } from '../pages/layout.js';
import type { EndedGrant } from './ended-grants.js';
import { GrantUsage } from './grant-usage.js';
import { confirmedBy, Evidence, Statement } from './receipt-evidence.js';
import { ScopeBoxes } from './scope-boxes.js';
import { type IssuerLink, SignInBy } from './sign-in-form.js';
import { day, instant, minute } from './times.js';
import type { Usage } from './usages.js';
import { WindDown } from './wind-down.js';

export const CONNECTED_APPS_PATH = '/connected-apps';
const RECORD_PATH = `${CONNECTED_APPS_PATH}/record`;

export function connectedAppsSignInPage(props: {
  csrf: string;
  issuer: IssuerLink | undefined;
  login?: string;
  problem?: string;
}): string {
  return page(
    'Sign in to Connected apps',
    <section class="card">
      <h1>Connected apps</h1>
      <p class="lead">Sign in to see which apps can reach your messages, and to end what you no longer want.</p>
      <SignInBy path={CONNECTED_APPS_PATH} {...props} />
    </section>,
    { linkToConnectedApps: false },
  );
}

export interface ConnectedAppsPage {
  person: Person;
  csrf: string;
  grants: readonly GrantView[];
  ended: readonly EndedGrant[];
  usages: ReadonlyMap<string, Usage>;
  problem?: string;
}

export function connectedAppsPage({ person, csrf, grants, ended, usages, problem }: ConnectedAppsPage): string {
  return page(
    'Connected apps',
    <>
      <TitleRow person={person} csrf={csrf} />
      {problem && (
        <div class="notice problem top" role="alert">
          <p>{problem}</p>
        </div>
      )}
      {grants.length === 0 && (
        <section class="card">
          <h2>No app is connected</h2>
          <p>Nobody but the platform itself can reach your messages.</p>
        </section>
      )}
      {grants.map((grant) => (
        <GrantCard key={grant.id} grant={grant} usage={usages.get(grant.id)} csrf={csrf} />
      ))}
      {grants.length > 1 && (
        <form method="post" action={CONNECTED_APPS_PATH}>
          <input type="hidden" name="csrf" value={csrf} />
          <button type="submit" name="action" value="end-all" class="ending">
            End access for all {grants.length}
          </button>
        </form>
      )}
      {ended.length > 0 && <EndedSection ended={ended} />}
      <RecordLink />
    </>,
    { wide: true, linkToConnectedApps: false },
  );
}

function RecordLink() {
  return (
    <section aria-labelledby="record">
      <h2 id="record" class="section">
        What is on the record
      </h2>
      <div class="card">
        <p>
          Every consent you gave or took back, every look at it by the operators, and what each app was shown and when.
          What was written in your messages is not in it.
        </p>
        <p>
          <a href={RECORD_PATH}>Download everything on the record (JSON lines)</a>
        </p>
      </div>
    </section>
  );
}

/** Asks before anything is ended. */
export function confirmEndPage(props: { csrf: string; grants: readonly GrantView[]; all: boolean }): string {
  const { csrf, grants, all } = props;
  const one = grants.length === 1 ? grants[0] : undefined;
  const title = one ? `End access for ${one.appName}?` : `End access for all ${grants.length} connections?`;
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      {!one && (
        <ul>
          {grants.map((grant) => (
            <li key={grant.id}>{nameOf(grant)}</li>
          ))}
        </ul>
      )}
      <p>
        {one ? `${nameOf(one)} is disconnected` : 'They are disconnected'} at once, can read nothing more and send
        nothing more as you. To use {one ? 'it' : 'them'} again you would have to sign in there again.
      </p>
      <p class="quiet">
        What was already read can be kept there; what you wrote through it stays in your conversations.
      </p>
      <form method="post" action={CONNECTED_APPS_PATH}>
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="action" value={all ? 'end-all' : 'end'} />
        {!all && one && <input type="hidden" name="grant" value={one.id} />}
        <div class="actions">
          <button type="submit" name="confirm" value="yes" class="ended">
            Yes, end access
          </button>
        </div>
      </form>
      <p class="after">
        <a href={CONNECTED_APPS_PATH}>No, keep {one ? 'it' : 'them'}</a>
      </p>
    </section>,
  );
}

/** What was ended; without a receipt where the gateways' confirmations could not be read. */
export interface Ended {
  id: string;
  name: string;
  receipt: Receipt | undefined;
}

/** States from when on nothing is delivered any more, and how that is known. */
export function endedPage(ended: readonly Ended[]): string {
  const one = ended.length === 1 ? ended[0] : undefined;
  const title = one ? headlineOf(one) : `${ended.length} connections have ended`;
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      {ended.map((each) => (
        <div key={each.id} class={one ? undefined : 'notice'}>
          {!one && <h2>{headlineOf(each)}</h2>}
          {each.receipt ? <Statement receipt={each.receipt} /> : <p>{UNCONFIRMED}</p>}
          {each.receipt && <Evidence {...each.receipt} />}
        </div>
      ))}
      <p>
        <a href={CONNECTED_APPS_PATH}>Back to Connected apps</a>
      </p>
    </section>,
  );
}

const UNCONFIRMED =
  'The end is on record, but from when on it holds everywhere is not confirmed yet. Look at Connected apps in a moment.';

function headlineOf({ name, receipt }: Ended): string {
  return receipt ? `${name} no longer has access` : `Access for ${name} is being ended`;
}

function TitleRow({ person, csrf }: { person: Person; csrf: string }) {
  return (
    <div class="title-row">
      <h1>Connected apps</h1>
      <form method="post" action={CONNECTED_APPS_PATH} class="who">
        <input type="hidden" name="csrf" value={csrf} />
        <span>Signed in as {person.name}</span>
        <button type="submit" name="action" value="sign-out" class="plain">
          Sign out
        </button>
      </form>
    </div>
  );
}

function GrantCard({ grant, usage, csrf }: { grant: GrantView; usage: Usage | undefined; csrf: string }) {
  const heading = `grant-${grant.id}`;
  return (
    <article class="card grant" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{grant.appName}</h2>
        <span class="small quiet">
          by{' '}
          <a href={grant.partnerHomepage} rel="noreferrer">
            {grant.partnerName}
          </a>
        </span>
      </header>
      <dl>
        <Fact term="Device">
          {grant.clientName ? <bdi>{grant.clientName}</bdi> : 'Not named yet'}
          {grant.device && <span class="quiet">, signed in with {grant.device}</span>}
        </Fact>
        <Fact term="Since">
          <Time at={grant.createdAt} />
        </Fact>
        <Fact term="Last connected">{grant.lastConnectedAt ? <Time at={grant.lastConnectedAt} /> : 'Not yet'}</Fact>
        <Fact term="Ends by itself">
          <time dateTime={grant.expiresAt.toISOString()}>{day(grant.expiresAt)}</time>
        </Fact>
      </dl>
      <WindDown appName={grant.appName} endsAt={grant.partnerEndsAt} />
      {usage && <GrantUsage grant={grant} usage={usage} />}
      <form method="post" action={CONNECTED_APPS_PATH}>
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="grant" value={grant.id} />
        {grant.scopes.length === 0 ? (
          <p>
            It can do nothing at present: everything you allowed was taken from it by the operators of this service.
          </p>
        ) : (
          <fieldset>
            <legend>It may</legend>
            <ScopeBoxes scopes={grant.scopes} ticked={grant.scopes} />
            <p class="small quiet">
              Untick what it should no longer do. It cannot get that back without asking you again.
            </p>
          </fieldset>
        )}
        <div class="actions">
          {grant.scopes.length > 0 && (
            <button type="submit" name="action" value="narrow" class="second" aria-describedby={heading}>
              Take back what is not ticked
            </button>
          )}
          <button type="submit" name="action" value="end" class="ending" aria-describedby={heading}>
            End access
          </button>
        </div>
      </form>
    </article>
  );
}

const REASONS: Readonly<Record<EndReason, string>> = {
  revoked_by_person: 'You ended it.',
  revoked_by_operator: 'The operators of this service ended it.',
  signed_out: 'The app signed out.',
  partner_suspended: 'The partner was suspended.',
  partner_ended: 'The partnership ended.',
  expired: 'It ran out.',
  token_replayed: 'One of its keys was used twice, so it was ended for safety.',
};

/** So many are shown at first; the others are a click away. */
const ENDED_SHOWN = 5;

function EndedSection({ ended }: { ended: readonly EndedGrant[] }) {
  const earlier = ended.slice(ENDED_SHOWN);
  return (
    <section aria-labelledby="ended">
      <h2 id="ended" class="section">
        Ended in the last year
      </h2>
      <div class="card">
        <EndedList ended={ended.slice(0, ENDED_SHOWN)} />
        {earlier.length > 0 && (
          <details>
            <summary>{earlier.length} earlier</summary>
            <EndedList ended={earlier} />
          </details>
        )}
      </div>
    </section>
  );
}

function EndedList({ ended }: { ended: readonly EndedGrant[] }) {
  return (
    <ul class="past">
      {ended.map((grant) => (
        <li key={grant.id}>
          <h3>{nameOf(grant)}</h3>
          <p class="small">
            {REASONS[grant.reason]}{' '}
            {grant.effectiveAt
              ? `No access since ${instant(grant.effectiveAt)}; ${confirmedBy(grant.gateways ?? [])}.`
              : grant.requestedAt
                ? 'Not every gateway has confirmed it yet.'
                : `Ended ${minute(grant.endedAt)}.`}
          </p>
          {grant.gateways && <Evidence connectionsClosed={grant.connectionsClosed ?? 0} gateways={grant.gateways} />}
        </li>
      ))}
    </ul>
  );
}

function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Time({ at }: { at: Date }) {
  return <time dateTime={at.toISOString()}>{minute(at)}</time>;
}

/** The app, and which of several it is: what the client calls itself, or else where the person signed in. */
export function nameOf(grant: Pick<GrantView, 'appName' | 'clientName' | 'device'>): string {
  const which = grant.clientName ?? grant.device;
  return which && which !== grant.appName ? `${grant.appName} (${which})` : grant.appName;
}
