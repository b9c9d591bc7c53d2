import type { GrantView } from '@drawbridge/consent';
import type { ComponentChildren } from 'preact';
import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Texts } from '../texts/en.js';
import { name, type Rich } from '../texts/rich.js';
import { signedInWith } from './signed-in-with.js';

export type Which = Pick<GrantView, 'appName' | 'clientName' | 'device'>;

/** The app, and which of several it is: what the client calls itself, or else where the person signed in. Names of apps say nothing. */
export function whichOf(texts: Texts, { appName, clientName, device }: Which): Rich {
  if (clientName && clientName !== appName) return texts.apps.which(appName, name(clientName));
  return device ? texts.apps.which(appName, signedInWith(texts, device)) : name(appName);
}

/** What one sign-in is told from another of the same app by: to the second, where there may be another. */
export function GrantFacts({ grant, exactly }: { grant: GrantView; exactly: boolean }) {
  const texts = useTexts();
  const { apps } = texts;
  const as = exactly ? 'instant' : 'minute';
  return (
    <dl>
      <Fact term={apps.device}>
        {apps.deviceWith(
          grant.clientName ? name(grant.clientName) : apps.notNamed,
          grant.device && <span class="quiet">{apps.signedInWith(signedInWith(texts, grant.device))}</span>,
        )}
      </Fact>
      <Fact term={apps.since}>
        <Time at={grant.createdAt} as={as} />
      </Fact>
      <Fact term={apps.lastConnected}>
        {grant.lastConnectedAt ? <Time at={grant.lastConnectedAt} as={as} /> : apps.notYet}
      </Fact>
      <Fact term={apps.endsByItself}>
        <Time at={grant.expiresAt} as="day" />
      </Fact>
    </dl>
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
