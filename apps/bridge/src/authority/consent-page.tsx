import type { App } from '@drawbridge/partners';
import type { Person } from '@drawbridge/people';
import type { Scope } from '@drawbridge/protocol';
import type { ComponentChildren } from 'preact';
import { type Page, page } from '../pages/page.js';
import { Time } from '../pages/time.js';
import type { Said } from '../texts/said.js';
import { PartnerLink } from './partner-link.js';
import { ScopeBoxes } from './scope-boxes.js';
import { Problem } from './sign-in-form.js';

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
  problem?: Said;
  /** What else the person should know before anything is ticked. */
  about?: ComponentChildren;
}

/** Asks the person, for every sign-in anew, what the app may do. Nothing is ticked beforehand. */
export function consentPage(props: ConsentPage): Page {
  const { app, person, path, csrf, offered, ticked, expiresAt, days, idleDays, problem, about } = props;
  const { endsAt, homepage, privacyUrl } = app.partner;
  return page(({ consent }) => ({
    title: consent.title(app.name),
    body: (
      <section class="card">
        <h1>{consent.heading(app.name)}</h1>
        <p class="lead">
          {consent.lead({
            app: app.name,
            partner: <PartnerLink name={app.partner.name} homepage={homepage} />,
            policy: (text) => (
              <a href={privacyUrl} rel="noreferrer">
                {text}
              </a>
            ),
            person: person.name,
          })}
        </p>
        {about}
        <form method="post" action={path}>
          <input type="hidden" name="csrf" value={csrf} />
          <Problem problem={problem} />
          <fieldset aria-describedby={problem && 'problem'}>
            <legend>{consent.tick}</legend>
            <div class="tick-all">
              <button type="submit" name="decision" value="tick-all" class="plain">
                {consent.tickAll}
              </button>
            </div>
            <ScopeBoxes scopes={offered} ticked={ticked} hints={consent.hints} />
          </fieldset>
          <ul class="facts">
            <li>{consent.howLong({ days, until: <Time at={expiresAt} as="day" />, idleDays })}</li>
            {endsAt && <li>{consent.notForLong(app.name, <Time at={endsAt} as="day" />)}</li>}
            {offered.includes('messages.read') && <li>{consent.notEncrypted(app.name)}</li>}
            <li>{consent.afterwards}</li>
          </ul>
          <div class="actions">
            <button type="submit" name="decision" value="allow">
              {consent.allow}
            </button>
            <button type="submit" name="decision" value="deny" class="second">
              {consent.deny}
            </button>
          </div>
        </form>
      </section>
    ),
  }));
}
