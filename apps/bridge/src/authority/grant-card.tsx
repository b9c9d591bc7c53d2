import type { GrantView } from '@drawbridge/consent';
import { useTexts } from '../pages/use-texts.js';
import { anchorOf, CONNECTED_APPS_PATH } from './connected-apps-path.js';
import { GrantUsage } from './grant-usage.js';
import { PartnerLink } from './partner-link.js';
import { ScopeBoxes } from './scope-boxes.js';
import type { Usage } from './usages.js';
import { GrantFacts } from './which-grant.js';
import { WindDown } from './wind-down.js';

interface GrantCardProps {
  grant: GrantView;
  usage: Usage | undefined;
  csrf: string;
  /** Whether a link led to this one. */
  isAsked: boolean;
  /** Whether there is another sign-in of the same app. */
  hasLike: boolean;
}

/** One sign-in that stands, with what may be taken back. */
export function GrantCard({ grant, usage, csrf, isAsked, hasLike }: GrantCardProps) {
  const { apps } = useTexts();
  const heading = anchorOf(grant.id);
  return (
    <article class={isAsked ? 'card grant asked-for' : 'card grant'} aria-labelledby={heading}>
      {isAsked && <p class="small led">{apps.ledHere}</p>}
      <header>
        <h2 id={heading}>
          <bdi>{grant.appName}</bdi>
        </h2>
        <span class="small quiet">
          {apps.by(<PartnerLink name={grant.partnerName} homepage={grant.partnerHomepage} />)}
        </span>
      </header>
      <GrantFacts grant={grant} exactly={hasLike} />
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
