import type { GrantView, Receipt } from '@drawbridge/consent';
import { SCOPE_SENTENCES, type Scope } from '@drawbridge/protocol';
import { page } from '../pages/layout.js';
import { CONNECTED_APPS_PATH, nameOf } from './connected-apps-page.js';
import { confirmedBy, Evidence } from './receipt-evidence.js';
import { instant, tookWords } from './times.js';

/** Asks before scopes are taken back. `left`: what the person left ticked. */
export function confirmNarrowPage(props: { csrf: string; grant: GrantView; left: readonly Scope[] }): string {
  const { csrf, grant, left } = props;
  const title = `Take this back from ${grant.appName}?`;
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      <p>From now on {nameOf(grant)} may no longer:</p>
      <Sentences scopes={grant.scopes.filter((scope) => !left.includes(scope))} />
      <p>It stays connected, and may still:</p>
      <Sentences scopes={left} />
      <p class="quiet">
        This holds at once, also for what is on its way to it. What was already read can be kept there. To allow it
        again you would have to sign in there again.
      </p>
      <form method="post" action={CONNECTED_APPS_PATH}>
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="action" value="narrow" />
        <input type="hidden" name="grant" value={grant.id} />
        {left.map((scope) => (
          <input key={scope} type="hidden" name="scope" value={scope} />
        ))}
        <div class="actions">
          <button type="submit" name="confirm" value="yes" class="ended">
            Yes, take it back
          </button>
        </div>
      </form>
      <p class="after">
        <a href={CONNECTED_APPS_PATH}>No, leave it as it is</a>
      </p>
    </section>,
  );
}

/** States from when on the app can do less; without a receipt where the gateways' confirmations could not be read. */
export function narrowedPage(props: {
  grant: GrantView;
  left: readonly Scope[];
  receipt: Receipt | undefined;
}): string {
  const { grant, left, receipt } = props;
  const name = nameOf(grant);
  const title = receipt ? `${name} may do less now` : `${name} is being told`;
  return page(
    title,
    <section class="card">
      <h1>{title}</h1>
      {receipt ? (
        <p>
          What you took back it has not been able to do since{' '}
          <time dateTime={receipt.effectiveAt}>{instant(new Date(receipt.effectiveAt))}</time>, {tookWords(receipt)}{' '}
          after you asked for it; {confirmedBy(receipt.gateways)}.
        </p>
      ) : (
        <p>
          It is on record, but from when on it holds everywhere is not confirmed yet: that takes some seconds at most.
          Look at Connected apps in a moment.
        </p>
      )}
      <p>It may still:</p>
      <Sentences scopes={left} />
      {receipt && <Evidence {...receipt} />}
      <p>
        <a href={CONNECTED_APPS_PATH}>Back to Connected apps</a>
      </p>
    </section>,
  );
}

function Sentences({ scopes }: { scopes: readonly Scope[] }) {
  return (
    <ul>
      {scopes.map((scope) => (
        <li key={scope}>{SCOPE_SENTENCES[scope]}</li>
      ))}
    </ul>
  );
}
