import type { App } from '@drawbridge/partners';
import type { Person } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import type { ComponentChildren } from 'preact';
import { page } from '../pages/layout.js';
import { ScopeBoxes } from './scope-boxes.js';
import { day } from './times.js';
import { windDown } from './wind-down.js';

export interface ConsentPage {
  app: App;
  person: Person;
  path: string;
  csrf: string;
  /** What the app asked for and may have. */
  offered: readonly Scope[];
  ticked: readonly Scope[];
  /** When the grant would run out, and after how many days without use. */
  expiresAt: Date;
  days: number;
  idleDays: number;
  problem?: string;
  /** What else the person should know before anything is ticked. */
  about?: ComponentChildren;
}

/** What a sentence of the contract means in practice, where that may surprise. */
const HINTS: Partial<Record<Scope, string>> = {
  'messages.read': 'Also what other people wrote to you there, and what was said before today.',
  'messages.send': 'The people you write to see which app it came through.',
  'recommendations.send': 'This alone does not let it read any message.',
  'presence.read': 'Those of your contacts who have you as a contact too.',
};

/** Asks the person, for every sign-in anew, what the app may do. Nothing is ticked beforehand. */
export function consentPage(props: ConsentPage): string {
  const { app, person, path, csrf, offered, ticked, expiresAt, days, idleDays, problem, about } = props;
  return page(
    `Connect ${app.name}`,
    <section class="card">
      <h1>What may {app.name} do?</h1>
      <p class="lead">
        <strong>{app.name}</strong> is an app of the partner{' '}
        <a href={app.partner.homepage} rel="noreferrer">
          {app.partner.name}
        </a>{' '}
        (
        <a href={app.partner.privacyUrl} rel="noreferrer">
          privacy policy
        </a>
        ). You are signed in as <strong>{person.name}</strong>.
      </p>
      {about}
      <form method="post" action={path}>
        <input type="hidden" name="csrf" value={csrf} />
        {problem && (
          <div class="notice problem" role="alert" id="problem">
            <p>{problem}</p>
          </div>
        )}
        <fieldset aria-describedby={problem && 'problem'}>
          <legend>Tick what you allow</legend>
          <div class="tick-all">
            <button type="submit" name="decision" value="tick-all" class="plain">
              Tick all
            </button>
          </div>
          <ScopeBoxes scopes={offered} ticked={ticked} hints={HINTS} />
        </fieldset>
        <ul class="facts">
          <li>
            <strong>For how long.</strong> At most {days} days, until {day(expiresAt)}; it ends sooner after {idleDays}{' '}
            days without use. You can end it at any moment on Connected apps.
          </li>
          {app.partner.endsAt && (
            <li>
              <strong>Not for long.</strong> {windDown(app.name, app.partner.endsAt)}
            </li>
          )}
          {offered.includes('messages.read') && (
            <li>
              <strong>Not end-to-end encrypted.</strong> {app.name} is able to read the messages it shows you.
            </li>
          )}
          <li>
            <strong>After you end it,</strong> this app will be able to keep what it has already read.
          </li>
        </ul>
        <div class="actions">
          <button type="submit" name="decision" value="allow">
            Allow
          </button>
          <button type="submit" name="decision" value="deny" class="second">
            Do not allow
          </button>
        </div>
      </form>
    </section>,
  );
}
