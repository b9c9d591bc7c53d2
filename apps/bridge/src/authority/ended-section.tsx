import { Time } from '../pages/time.js';
import { useTexts } from '../pages/use-texts.js';
import type { Texts } from '../texts/en.js';
import type { Rich } from '../texts/rich.js';
import { anchorOf } from './connected-apps-path.js';
import type { EndedGrant } from './ended-grants.js';
import { confirmedBy, Evidence } from './receipt-evidence.js';
import { whichOf } from './which-grant.js';

/** So many are shown at first; the others are a click away. */
const ENDED_SHOWN = 5;

export function EndedSection({ ended, asked }: { ended: readonly EndedGrant[]; asked: string | undefined }) {
  const { apps } = useTexts();
  const earlier = ended.slice(ENDED_SHOWN);
  return (
    <section aria-labelledby="ended">
      <h2 id="ended" class="section">
        {apps.endedTitle}
      </h2>
      <div class="card">
        <EndedList ended={ended.slice(0, ENDED_SHOWN)} asked={asked} />
        {earlier.length > 0 && (
          <details open={earlier.some(({ id }) => id === asked)}>
            <summary>{apps.earlier(earlier.length)}</summary>
            <EndedList ended={earlier} asked={asked} />
          </details>
        )}
      </div>
    </section>
  );
}

function EndedList({ ended, asked }: { ended: readonly EndedGrant[]; asked: string | undefined }) {
  const texts = useTexts();
  const { apps } = texts;
  return (
    <ul class="past">
      {ended.map((grant) => (
        <li key={grant.id} class={grant.id === asked ? 'asked-for' : undefined}>
          {grant.id === asked && <p class="small led">{apps.ledHere}</p>}
          <h3 id={anchorOf(grant.id)}>{whichOf(texts, grant)}</h3>
          <p class="small">
            {apps.begun(<Time at={grant.createdAt} as="minute" />)} {apps.reasons[grant.reason]}{' '}
            {howItEnded(texts, grant)}
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
